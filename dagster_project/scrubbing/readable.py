"""Every way in which a text can be read once its encodings are undone: what detectors look at."""

import binascii
import html
import re
import unicodedata
from base64 import b32decode, b64decode
from html.entities import html5
from urllib.parse import unquote

MAX_ROUNDS = 4
MAX_NESTING = 2

ENCODED = r"[%\\&]"
"""What begins an escape: percent, backslash or ampersand."""

_ENCODED = re.compile(ENCODED)
_UNICODE_ESCAPE = re.compile(r"(?:%u|\\u)([0-9a-fA-F]{4})")
_BYTE_ESCAPES = re.compile(r"(?:\\x[0-9a-fA-F]{2})+")
# What html.unescape looks for: numbers, names with a semicolon, and those that need none (`&copy`); most `&` only stand between two parameters.
_ENTITY = re.compile("&(?:#|[A-Za-z0-9]{2,32};|" + "|".join(sorted(name for name in html5 if not name.endswith(";"))) + ")")
_INVISIBLE = re.compile(r"[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
# What NFKC leaves of the dots between labels of a host name (UTS 46), and of hyphens.
_LOOK_ALIKES = str.maketrans("\u3002\u2010\u2011\u2012\u2013\u2014\u2015\u2212", ".-------")
_BASE32 = re.compile(r"(?<![A-Za-z0-9])(?:[A-Z2-7]{12,}|(?=[a-z]*[2-7])[a-z2-7]{12,}|[a-z]{16,})(?:={1,6})?(?![A-Za-z0-9])")
_BASE58 = re.compile(r"(?<![A-Za-z0-9])(?=[1-9a-z]*[A-Z])(?=[1-9A-Z]*[a-z])[1-9A-HJ-NP-Za-km-z]{12,128}(?![A-Za-z0-9])")
_BASE58_DIGITS = {digit: value for value, digit in enumerate("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")}
_PACKED = (re.compile(r"[A-Za-z0-9]{12,}={0,2}"), re.compile(r"[A-Za-z0-9_-]{12,}={0,2}"), re.compile(r"[A-Za-z0-9+/]{12,}={0,2}"))
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_STANDARD = str.maketrans("-_", "+/")
_CONTROL_BYTES = bytes([*range(0x09), *range(0x0E, 0x20), 0x7F])
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffd]")


def is_encoded(text: str) -> bool:
    """Tell whether a text has what begins an escape."""
    return bool(_ENCODED.search(text))


def decoded(text: str) -> str:
    """Undo percent, %u, backslash and HTML escapes to a fix point (at most 4 rounds), then Unicode's look-alikes.

    Invalid UTF-8 becomes U+FFFD; zero-width and direction controls vanish; full-width and other digits become ASCII.
    """
    for _ in range(MAX_ROUNDS):
        if not is_encoded(text):
            break
        before, text = text, _one_round(text)
        if text == before:
            break
    if text.isascii():
        return text
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))).translate(_LOOK_ALIKES)
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)


def _one_round(text: str) -> str:
    text = _UNICODE_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    text = _BYTE_ESCAPES.sub(lambda found: bytes.fromhex(found[0].replace("\\x", "")).decode(errors="replace"), text)
    text = unquote(text, errors="replace").encode("utf-8", "replace").decode()
    return html.unescape(text) if _ENTITY.search(text) else text


def readings(text: str) -> tuple[str, ...]:
    """Return the text decoded, and with `+` read as a blank where it has one."""
    plain = decoded(text)
    return (plain, plain.replace("+", " ")) if "+" in plain else (plain,)


def packed(text: str, nesting: int = MAX_NESTING) -> list[str]:
    """Return what base64, base64url and hex tokens of 12 characters and more say, decoded; the same of Base32 and Base58."""
    inner = [_unpacked(token) for token in {token for pattern in _PACKED for token in pattern.findall(text)}]
    inner += [_from_base32(token) for token in set(_BASE32.findall(text))]
    inner += [_text(from_base58(token)) for token in set(_BASE58.findall(text))]
    found = [decoded(said) for said in inner if said is not None]
    if nesting > 1:
        found += [deeper for said in found for deeper in packed(said, nesting - 1)]
    return found


def _unpacked(token: str) -> str | None:
    """Return the text that a token hides, None where its bytes are not text."""
    digits = token.rstrip("=")
    if _HEX.fullmatch(digits) and (said := _text(bytes.fromhex(digits))):
        return said
    if len(digits) % 4 == 1:
        return None
    try:
        return _text(b64decode(digits.translate(_STANDARD) + "=" * (-len(digits) % 4)))
    except (binascii.Error, ValueError):
        return None


def _from_base32(token: str) -> str | None:
    digits = token.rstrip("=").upper()
    try:
        return _text(b32decode(digits + "=" * (-len(digits) % 8)))
    except binascii.Error:
        return None


def from_base58(token: str) -> bytes:
    """Return the bytes of a token of Bitcoin's alphabet; each leading 1 is a zero byte."""
    number = 0
    for digit in token:
        number = number * 58 + _BASE58_DIGITS[digit]
    return bytes(len(token) - len(token.lstrip("1"))) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _text(said: bytes) -> str | None:
    """Return bytes as text, UTF-16 where some are zero; None where they are none."""
    if 0 not in said and len(said.translate(None, _CONTROL_BYTES)) < len(said):
        return None  # as of most tokens, which are random
    wide = "utf-8" if 0 not in said else "utf-16-le" if said[1::2].count(0) > said[::2].count(0) else "utf-16-be"
    try:
        text = said.decode(wide)
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) else text
