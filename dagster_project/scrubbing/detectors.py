"""Finds what names a person or opens a door in a text, whatever its encoding; says the kind, never the value."""

import ipaddress
import re
from collections.abc import Callable, Iterator

from dagster_project.scrubbing.readable import packed, readings

# Without any of these a text holds no kind in the open, or no packed token: most texts end here.
_DIRECT = re.compile(
    r"@|[%\\&=]|[^\x00-\x7f]|eyJ|:[^:]*:|\d[.]\d|0[xX]|[0-9a-fA-F]-[0-9a-fA-F]{1,4}-|[0-9A-Za-z]{15}|\d(?:\D{0,2}\d){6}",
)
_PACKABLE = re.compile(r"[A-Za-z0-9+/_-]{12}|[%\\&]|[^\x00-\x7f]")
_SEVEN_DIGITS = re.compile(r"\d(?:\D{0,2}\d){6}")
_TELLING_OF_CARDS = re.compile(r"\d(?:[ +-]?\d){12}|[%\\&]|[^\x00-\x7f]|[A-Za-z0-9+/_-]{18}")
_EMAIL = re.compile(r"[^\s/@:<>,;=&?]@((?:[\w-]{1,63}\.)+[^\W\d_][\w-]{1,62})")
_FILE_ENDINGS = re.compile(r"(?:\.(?:avif|css|gif|html?|ico|jpe?g|js|json|map|min|mjs|pdf|php|png|svg|ttf|txt|webp|woff2?|xml))+$", re.IGNORECASE)
_DOMAIN = re.compile(r".*\.[^\W\d_][\w-]+$")
_OCTETS = r"(?:0[xX][0-9a-fA-F]{1,2}|\d{1,4})"
_QUAD = re.compile(rf"(?<![\d.])(?<![vV]){_OCTETS}(?:\.{_OCTETS}){{3}}(?!\.?\d)")
_DASHED_QUAD = re.compile(r"(?<!\d)(?<!\d-)\d{1,3}(?:-\d{1,3}){3}(?!-?\d)")
_HEX_ADDRESS = re.compile(r"(?<![0-9A-Za-z])0[xX][0-9a-fA-F]{7,8}(?![0-9A-Za-z])")
_WHOLE_ADDRESS = re.compile(r"(?:(?:^|//|@|[?&;](?:[\w-]*ip|[\w-]*addr[\w-]*|client|host)=)(\d{9,10})|^(\d{1,3})\.(\d{1,3}\.)?(\d{3,8}))(?=$|[/:?&#])")
_V6 = re.compile(r"(?<![\w:.])[0-9a-fA-F]{0,4}:[0-9a-fA-F:]{0,38}:[0-9a-fA-F.:]{0,38}(?![\w:])")
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}")
_UUID = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9a-fA-F])")
_ULID = re.compile(r"(?<![0-9A-Za-z])[0-7](?:[0-9A-HJKMNP-TV-Z]{25}|[0-9a-hjkmnp-tv-z]{25})(?![0-9A-Za-z])")
_PHONES = (
    re.compile(r"(?<![\w+])(?:\+[1-9](?:[ ().\-/]{0,2}\d){7,14}|00[1-9](?:[ .\-]?\d){8,12})(?!\d)"),
    re.compile(r"(?<![\d.-])(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\d-]|\.\d)"),
    re.compile(r"(?<![\w.-])0(?:\d{2,4}[ -]\d{6,8}|[1-9](?:[ .-]\d{2}){4})(?![\w-])"),
    re.compile(r"(?:^|[?&;])[\w.\[-]{0,30}(?:phone|tel|mobile|msisdn|fax)[\w.\]-]{0,30}=\+?\d[\d ().\-/]{5,20}\d", re.IGNORECASE),
    re.compile(r"\btel:\+?\d[\d().\-]{5,20}\d", re.IGNORECASE),
)
_MAC = re.compile(r"(?<![0-9A-Za-z:-])[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}(?![0-9A-Za-z:-])")
_NAME = re.compile(r"(?:^|[?&;])(?:(?:first|last|full|sur|given|family|user|nick)[_-]?name|fname|lname)=[^&;]*[^\W\d_]", re.IGNORECASE)
_IBAN = re.compile(r"(?<![0-9A-Za-z])([A-Za-z]{2}\d{2}(?: ?[0-9A-Za-z]{4}){2,7}(?: ?[0-9A-Za-z]{1,3})?)(?![0-9A-Za-z])")
_IBAN_COUNTRIES = """
AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FO:18 FR:27 GB:22
GE:22 GI:23 GL:18 GR:27 GT:28 HR:21 HU:28 IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 MD:24 ME:22 MK:19
MR:27 MT:31 MU:30 NL:18 NO:15 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 SA:24 SC:31 SE:24 SI:19 SK:24 SM:27 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20
"""
_IBAN_LENGTHS = dict(part.split(":") for part in _IBAN_COUNTRIES.split())
_CARD = re.compile(r"(?<![0-9A-Za-z.])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5}|\d{4}([ -])\d{4}\3\d{4}\3\d)(?![0-9A-Za-z]|\.\d|[ -]\d{4})")
# First six digits from, to, and the lengths that the issuer uses.
_ISSUERS = (
    (400000, 499999, (13, 16, 19)),  # Visa
    (510000, 559999, (16,)),  # Mastercard
    (222100, 272099, (16,)),
    (340000, 349999, (15,)),  # American Express
    (370000, 379999, (15,)),
    (300000, 305999, (14, 16)),  # Diners Club
    (309500, 309599, (14, 16)),
    (360000, 369999, (14, 16, 19)),
    (380000, 399999, (14, 16, 19)),
    (601100, 601199, (16, 19)),  # Discover
    (644000, 659999, (16, 19)),
    (352800, 358999, (16, 17, 18, 19)),  # JCB
    (620000, 629999, (16, 17, 18, 19)),  # UnionPay
    (810000, 817199, (16, 17, 18, 19)),
    (220000, 220499, (16, 17, 18, 19)),  # Mir
    (501800, 501899, (13, 14, 15, 16, 17, 18, 19)),  # Maestro
    (502000, 502099, (13, 14, 15, 16, 17, 18, 19)),
    (503800, 503899, (13, 14, 15, 16, 17, 18, 19)),
    (589300, 589399, (13, 14, 15, 16, 17, 18, 19)),
    (630400, 630499, (13, 14, 15, 16, 17, 18, 19)),
    (675900, 676399, (13, 14, 15, 16, 17, 18, 19)),
    (607000, 608999, (16,)),  # RuPay
    (817200, 820199, (16,)),
)


def kinds(text: str) -> frozenset[str]:
    """Return the kinds of `KINDS` that stand in a text in any encoding (percent, %u, backslash, HTML, base64, hex, look-alikes)."""
    return _open(text) | _packed(text)


def label(segment: str) -> str | None:
    """Return `{kind}` for the first kind a path segment holds, `{b64}` where only its decoded bytes do, None for neither."""
    if found := _open(segment):
        return "{" + next(kind for kind in KINDS if kind in found) + "}"
    return "{b64}" if _packed(segment) else None


def card_numbers(text: str) -> int:
    """Return how many different card numbers stand in a text: an issuer's prefix and length, and the Luhn check."""
    if not _TELLING_OF_CARDS.search(text):
        return 0
    plain = readings(text)
    return len({number for reading in (*plain, *packed(plain[0])) for number in _cards(reading)})


def _open(text: str) -> frozenset[str]:
    if not _DIRECT.search(text):
        return frozenset()
    return frozenset(kind for reading in readings(text) for kind in _kinds(reading))


def _packed(text: str) -> frozenset[str]:
    if not _PACKABLE.search(text):
        return frozenset()
    return frozenset(kind for said in packed(readings(text)[0]) for kind in _kinds(said))


def _kinds(text: str) -> Iterator[str]:
    return (kind for kind, holds in _HOLDS.items() if holds(text))


def _is_email(domain: str) -> bool:
    """`logo@2x.png` and `lib@4.17.21.min.js` are files; `jane@example.com.html` is an address all the same."""
    return bool(_DOMAIN.match(_FILE_ENDINGS.sub("", domain)))


def _has_address(text: str) -> bool:
    if "." in text and any(all(_octet(part) <= 255 for part in found.split(".")) for found in _QUAD.findall(text)):
        return True
    if "-" in text and any(all(int(part) <= 255 for part in found.split("-")) and max(map(int, found.split("-"))) > 31 for found in _DASHED_QUAD.findall(text)):
        return True
    if ":" in text and any(_is_v6(found) for found in _V6.findall(text)):
        return True
    return bool(_HEX_ADDRESS.search(text)) or any(_is_whole_address(*parts) for parts in _WHOLE_ADDRESS.findall(text))


def _octet(part: str) -> int:
    if part[:2] in {"0x", "0X"}:
        return int(part, 16)
    # inet_aton reads a leading zero as octal; a log that pads with zeros means decimal.
    return min(int(part), int(part, 8) if part[0] == "0" and not set(part) & set("89") else int(part))


def _is_v6(text: str) -> bool:
    try:
        return int(ipaddress.IPv6Address(text.rstrip("."))) != 0
    except ValueError:
        return False


def _is_whole_address(number: str, first: str, second: str, last: str) -> bool:
    """One to three numbers that inet_aton would take: 3405803783, 203.28935, 203.0.28935; seconds since 1970 are no address, nor are smaller ids."""
    if number:
        return 22 * 10**8 <= int(number) < 2**32
    return 0 < int(first) < 256 and 256 <= int(last) < (2**16 if second else 2**24)


def _is_iban(text: str) -> bool:
    code = text.replace(" ", "").upper()
    length = int(_IBAN_LENGTHS.get(code[:2], 99))
    if " " in text:
        code = code[:length]
    return len(code) == length and int("".join(str(int(char, 36)) for char in code[4:] + code[:4])) % 97 == 1


def _cards(text: str) -> Iterator[str]:
    for found in _CARD.finditer(text):
        number = re.sub(r"\D", "", found[0])
        if _is_issued(number) and _luhn(number) and not _is_article(number):
            yield number


def _is_issued(number: str) -> bool:
    prefix = int(number[:6])
    return any(low <= prefix <= high and len(number) in lengths for low, high, lengths in _ISSUERS)


def _luhn(number: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return (sum(map(int, number[-1::-2])) + sum(doubled)) % 10 == 0


def _is_article(number: str) -> bool:
    """Thirteen digits that check as an EAN are an article's number: those of Germany and Japan start with 4 as Visa's do."""
    return len(number) == 13 and (sum(map(int, number[::2])) + 3 * sum(map(int, number[1::2]))) % 10 == 0


# The order is that of the labels a path segment gets: the first kind found names it.
_HOLDS: dict[str, Callable[[str], bool]] = {
    "email": lambda text: "@" in text and any(_is_email(found[1]) for found in _EMAIL.finditer(text)),
    "ip": _has_address,
    "jwt": lambda text: "eyJ" in text and bool(_JWT.search(text)),
    "uuid": lambda text: bool(_UUID.search(text)),
    "ulid": lambda text: any(2 <= sum(map(str.isdigit, found)) <= 24 for found in _ULID.findall(text)),
    "phone": lambda text: bool(_SEVEN_DIGITS.search(text)) and any(pattern.search(text) for pattern in _PHONES),
    "card": lambda text: any(True for _ in _cards(text)),
    "iban": lambda text: any(_is_iban(found[1]) for found in _IBAN.finditer(text)),
    "mac": lambda text: bool(_MAC.search(text)),
    "name": lambda text: "=" in text and bool(_NAME.search(text)),
}
KINDS = tuple(_HOLDS)
PERSONAL = frozenset(KINDS) - {"uuid", "ulid"}
