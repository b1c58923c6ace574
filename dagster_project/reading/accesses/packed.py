"""Gzip in base64, as subscriptions of CloudWatch deliver it: one piece or several, each beginning on a line of its own."""

import base64
import re
import zlib

from dagster_project.errors import DamagedError

_BEGIN = b"H4sI"
_BETWEEN = re.compile(rb"\n(?=H4sI)")
_BLANK = re.compile(rb"\s+")
_WITHIN = re.compile(rb'"((?:ey|ew|ID|H4sI)[A-Za-z0-9+/]{32,})')  # a text of JSON that is an object, or gzip
MOST_BYTES = 1 << 28  # of all pieces of a file: few bytes may stand for very many


def is_packed(text: bytes) -> bool:
    """Tell whether a text begins like gzip in base64."""
    return text.startswith(_BEGIN)


def unpacked(text: bytes, place: str) -> bytes:
    """Return the contents of all pieces, one after the other; raises DamagedError where a piece is cut off, or they exceed MOST_BYTES."""
    found: list[bytes] = []
    left = MOST_BYTES
    for piece in _BETWEEN.split(text):
        opened = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            found.append(opened.decompress(base64.b64decode(_BLANK.sub(b"", piece), validate=True), left))
        except (ValueError, zlib.error):
            break
        left -= len(found[-1])
        if not opened.eof or left <= 0:  # zlib takes 0 for no bound
            break
    else:
        return b"\n".join(found)
    raise DamagedError(place, f"this is gzip in base64 that ends early, is damaged or opens to more than {MOST_BYTES >> 20} MB; deliver it again, whole or in parts", "damaged")


def beginning(text: bytes) -> bytes:
    """Return the beginning of a packed text, unpacked."""
    return _opened(_BLANK.sub(b"", _BETWEEN.split(text)[0]), len(text))


def within(text: bytes) -> bytes:
    """Return a text, followed by what the packed texts and base64 objects in it hold, up to about as many bytes again."""
    told, left = [text], len(text)
    for found in _WITHIN.finditer(text):
        told.append(_opened(found[1], len(text)))
        left -= len(told[-1])
        if left <= 0:
            break
    return b"\n".join(told)


def _opened(piece: bytes, most_bytes: int) -> bytes:
    try:
        opened = base64.b64decode(piece[: len(piece) // 4 * 4])
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(opened, most_bytes) if is_packed(piece) else opened
    except (ValueError, zlib.error):
        return b""
