"""Text that is gzip in base64, as a subscription of CloudWatch hands on what it carries: one piece or several, each from the beginning of a line."""

import base64
import re
import zlib

from dagster_project.errors import DamagedError

_BEGIN = b"H4sI"
_BETWEEN = re.compile(rb"\n(?=H4sI)")
_BLANK = re.compile(rb"\s+")
MOST_BYTES = 1 << 28  # of all pieces of a file: few bytes may stand for very many


def is_packed(text: bytes) -> bool:
    """Tell whether a text begins like gzip in base64."""
    return text.startswith(_BEGIN)


def unpacked(text: bytes, place: str) -> bytes:
    """Return what every piece holds, one behind the other; raises DamagedError where one is cut, or all are too much for memory."""
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
    """Return as much as the beginning of a packed text tells."""
    piece = _BLANK.sub(b"", _BETWEEN.split(text)[0])
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(base64.b64decode(piece[: len(piece) // 4 * 4]), len(text))
    except (ValueError, zlib.error):
        return b""
