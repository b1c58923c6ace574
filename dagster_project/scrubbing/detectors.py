"""Finds what names a person or opens a door in a text, whatever its encoding; says the kind, never the value."""

import ipaddress
import re
from collections.abc import Callable, Iterator

import polars as pl

from dagster_project.scrubbing.check_digits import cards, has_iban, has_national_id, has_wallet
from dagster_project.scrubbing.readable import ENCODED, is_encoded, packed, readings

MAX_CHARS = 8192  # of a longer text the beginning is read: what cannot be read is not kept either

# Without any of these a text holds no kind in the open, or no packed token: most texts end here.
_DIRECT = re.compile(
    r"@|[%\\&=$]|[^\x00-\x7f]|eyJ|:[^:]*:|\d[.]\d|0[xX]|[0-9a-fA-F]-[0-9a-fA-F]{1,4}-|[0-9A-Za-z]{15}|\d(?:\D{0,2}\d){6}|\d[_,] ?\d{1,3}[_,]|[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\."
    r"|glpat-|[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]|(?i:[\[({<]\s?(?:at|\u00e4t|a[\])}>]|dot|\.)|[_-]at[_-][\w-]{2,63}\.|[ _+.-]dot[ _+.-]"
    r"|\.(?:arpa|dip|dsl|dyn|pool|local|public)|bearer |basic |private key)",
)
_PACKABLE = re.compile(r"[A-Za-z0-9+/_-]{12}|[%\\&]|[^\x00-\x7f]")
_SEVEN_DIGITS = re.compile(r"\d(?:[ ().\-/+]{0,4}\d){6}")  # as they are grouped in telephone numbers
# A card's number has thirteen digits, packed it is a token of eighteen: Base64 packs digits without `+` and `/`.
_TELLING_OF_CARDS = re.compile(r"\d(?:[ +-]?\d){12}|[^\x00-\x7f]|[A-Za-z0-9_-]{18}")
_ENOUGH_DIGITS = re.compile(r"\d(?:\D*+\d){12}")
_EMAIL = re.compile(r"[^\s/@:<>,;=&?]@((?:[\w-]{1,63}\.){1,20}[^\W\d_][\w-]{1,62})")
_FILE_ENDINGS = re.compile(r"(?:\.(?:avif|css|gif|html?|ico|jpe?g|js|json|map|min|mjs|pdf|php|png|svg|ttf|txt|webp|woff2?|xml)){1,20}$", re.IGNORECASE)
_TOP_LABEL = re.compile(r"[^\W\d_][\w-]+")
# jane(at)example(dot)com, jane at example dot com
_TOP = r"(?:at|ch|com?|de|edu|es|eu|example|fr|gov|info|io|it|net|nl|org|pl|ru|uk|us)"
_AT = re.compile(
    rf"\s?[\[({{<]\s?(?:a|at|\u00e4t|@)\s?[\])}}>]\s?"
    rf"|(?<=\w)[_-]at[_-](?=(?:[\w-]{{1,63}}\.){{1,4}}{_TOP}(?![^\W_]|[.-]\w))"
    rf"|(?<=\w)[ _+.-]at[ _+.-](?=[\w-]{{1,63}}(?:[ _+.-][\w-]{{1,63}}){{0,4}}?[ _+.-]dot[ _+.-]{_TOP}(?![^\W_]))",
    re.IGNORECASE,
)
_BRACKET = re.compile(r"[\[({<]")
_DOT = re.compile(r"\s?[\[({<]\s?(?:dot|punkt|\.)\s?[\])}>]\s?|[ _+.-]dot[ _+.-]", re.IGNORECASE)
# 203[.]0[.]113[.]77, 203 .0.113.77
_DOT_OF_NUMBERS = re.compile(r"(?<=\d)(?:\s{0,2}[\[({<]\s?(?:dot|\.)\s?[\])}>]\s{0,2}|\s{1,2}\.\s{0,2}|\.\s{1,2})(?=\d)", re.IGNORECASE)
_OCTETS = r"(?:0[xX][0-9a-fA-F]{1,2}|\d{1,4})"
_QUAD = re.compile(rf"(?<![\d.])(?<![vV]){_OCTETS}(?:\.{_OCTETS}){{3}}(?!\.?\d)")
_DASHED_QUAD = re.compile(r"(?<!\d)(?<!\d[_,-])\d{1,3}([_,-] ?)\d{1,3}\1\d{1,3}\1\d{1,3}(?![_,-]? ?\d)")
_SEPARATED = re.compile(r"\d[_,-]")
_NUMBERS = re.compile(r"\d+")
_HEX_ADDRESS = re.compile(r"(?<![0-9A-Za-z])0[xX][0-9a-fA-F]{7,8}(?![0-9A-Za-z])")
_WHOLE_ADDRESS = re.compile(r"(?:(?:^|//|@|[?&;](?:[\w-]{0,30}ip|[\w-]{0,30}addr[\w-]{0,30}|client|host)=)(\d{9,10})|^(\d{1,3})\.(\d{1,3}\.)?(\d{3,8}))(?=$|[/:?&#])")
_V6 = re.compile(r"(?<![\w:.])[0-9a-fA-F]{0,4}:[0-9a-fA-F:]{0,38}:[0-9a-fA-F.:]{0,38}(?![\w:])")
_DASHED_V6 = re.compile(r"(?<![0-9A-Za-z])(?:[23][0-9a-fA-F]{3}|f[de][0-9a-fA-F]{2})(?:-[0-9a-fA-F]{0,4}){2,7}(?![0-9A-Za-z-])", re.IGNORECASE)
_REVERSE = re.compile(r"(?:[0-9a-f]\.){8,32}ip6\.arpa|\d\.in-addr\.arpa|(?<![0-9a-z])[a-z]?[0-9a-f]{8}\.(?:dip|dsl|dyn|pool)\w{0,10}\.", re.IGNORECASE)
_JWT = re.compile(r"(?<![A-Za-z0-9_-])(?>[A-Za-z0-9_-]*?eyJ)[A-Za-z0-9_-]{5,}+\.\.?[A-Za-z0-9_-]{5}")
# What providers begin their keys with, hashes of passwords, and headers that carry either.
_KEYS = re.compile(
    r"(?<![A-Za-z0-9])(?:A[KS]IA[0-9A-Z]{16}(?![0-9A-Z])|(?i:gh[oprsu]_[a-z0-9]{30}|github_pat_\w{20}|glpat-[\w-]{20}|npm_[a-z0-9]{30}|[prs]k_(?:live|test)_[a-z0-9]{16})"
    r"|whsec_[A-Za-z0-9+/]{20}|sk-(?:[a-z]{2,8}-)?[\w-]{20}|xox[abeoprs]-[\w-]{10}|AIza[\w-]{35}|ya29\.[\w-]{20}|SG\.[\w-]{20}|dop_v1_[0-9a-f]{32}|pypi-[\w-]{20}"
    r"|hv[bs]\.[\w-]{20}|hf_[A-Za-z0-9]{30}|dp\.(?:ct|pt|scim|st)\.[\w.-]{30}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|lin_api_\w{30}|sq0[a-z]{3}-[\w-]{20}|\d{8,10}:AA[\w-]{32}"
    r"|v[1-4]\.(?:local|public)\.[\w-]{20}|(?i:bearer|basic) (?=[\w.~+/-]{0,64}[\d=])[\w.~+/=-]{8})"
    r"|\$(?:2[abxy]?|[156y]|argon2(?:id|i|d)|scrypt|pbkdf2[\w-]{0,12})\$[\w./$=,+-]{16}|-----BEGIN [A-Z ]{0,20}PRIVATE KEY",
)
_UUID = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9a-fA-F])")
_ULID = re.compile(r"(?<![0-9A-Za-z])[0-7](?:[0-9A-HJKMNP-TV-Z]{25}|[0-9a-hjkmnp-tv-z]{25})(?![0-9A-Za-z])")
_PHONES = (
    re.compile(r"(?<![\w+])(?:\+[1-9](?:[ ().\-/]{0,2}\d){7,14}|00[1-9](?:[ .\-]?\d){8,12})(?!\d)"),
    re.compile(r"(?<![\d.-])(?:1[-. ])?(?:\(\d{3}\)[ -]?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\d-]|\.\d)"),
    re.compile(r"(?<![\w.-])0(?:\d{2,4}[ -]\d{6,8}|[1-9](?:[ .-]\d{2}){4})(?![\w-])"),
    re.compile(r"(?<![\w(])\(0?\d{1,4}\) ?(?:\d{3,5}[ -]?\d{3,5}|\d{3}(?:[ -]\d\d){2})(?![\w-])"),
    re.compile(r"(?:^|[?&;])[\w.\[-]{0,30}(?:phone|tel|mobile|msisdn|fax)[\w.\]-]{0,30}=\+?\d[\d ().\-/]{5,20}\d", re.IGNORECASE),
    re.compile(r"\btel:\+?\d[\d().\-]{5,20}\d", re.IGNORECASE),
)
# A trunk 0 and groups of digits; nine to twelve digits of it are a number, a date is none.
_NATIONAL_PHONE = re.compile(
    r"(?<![\w.+-])(?<!\d[ /])(?!\d\d[-./ ]\d\d[-./ ](?:19|20)\d\d|\d{3}-\d{2}-\d{4}(?!\d))\(?0[1-9]\d{0,4}\)?[ ./-]{1,3}\d{2,8}(?:[ .-]\d{2,8}){0,4}(?![\w-]|[./]\d)"
)
_MAC = re.compile(
    r"(?<![0-9A-Za-z:])(?<![0-9A-Fa-f]{2}-)[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}(?![0-9A-Za-z]|[:-][0-9A-Fa-f]{2})"
    r"|(?<![0-9A-Za-z.])[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}(?![0-9A-Za-z]|\.[0-9A-Fa-f]{4})",
)
_PLACE = re.compile(
    r"(?<![\w.])[-+]?(?:[1-8]?\d|90)\.\d{4,12}\s?[,;/ ]\s?[-+]?(?:1?\d{1,2})\.\d{4,12}(?!\w|\.\d)|(?:^|[?&;])(?:lat|latitude|lng|lon|longitude)=[-+]?\d{1,3}\.\d{3,12}",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?:^|[?&;])(?:(?:first|last|full|sur|given|family|user|nick)[_-]?name|fname|lname)=[^&;]*[^\W\d_]", re.IGNORECASE)


def kinds(text: str) -> frozenset[str]:
    """Return the kinds of `KINDS` that stand in a text in any encoding (percent, %u, backslash, HTML, base64, hex, look-alikes)."""
    return _open(text) | _packed(text)


def label(segment: str) -> str | None:
    """Return `{kind}` for the first kind a path segment holds, `{b64}` where only its decoded bytes do, None for neither."""
    text = segment[:MAX_CHARS]
    if _DIRECT.search(text):
        plain = readings(text)
        for kind, holds in _HOLDS.items():
            if any(map(holds, plain)):
                return "{" + kind + "}"
    return "{b64}" if _packed(text) else None


def card_numbers(text: str) -> int:
    """Return how many different card numbers stand in a text: an issuer's prefix and length, and the Luhn check."""
    text = text[:MAX_CHARS]
    if not (_TELLING_OF_CARDS.search(text) or (is_encoded(text) and _ENOUGH_DIGITS.search(text))):
        return 0
    plain = readings(text)
    return len({number for reading in (*plain, *packed(plain[0])) for number in cards(reading)})


def may_hold_cards(texts: pl.Series) -> pl.Series:
    """Tell of a column of texts which are worth asking `card_numbers` about."""
    has_digits = texts.str.contains(_ENOUGH_DIGITS.pattern.replace("*+", "*"))  # Polars never goes back, and has no sign for it
    is_encoded_number = texts.str.contains(ENCODED) & has_digits
    return (texts.str.contains(_TELLING_OF_CARDS.pattern) | is_encoded_number).fill_null(value=False)


def _open(text: str) -> frozenset[str]:
    text = text[:MAX_CHARS]
    if not _DIRECT.search(text):
        return frozenset()
    return frozenset(kind for reading in readings(text) for kind in _kinds(reading))


def _packed(text: str) -> frozenset[str]:
    text = text[:MAX_CHARS]
    if not _PACKABLE.search(text):
        return frozenset()
    return frozenset(kind for said in packed(readings(text)[0]) for kind in _kinds(said))


def _kinds(text: str) -> Iterator[str]:
    return (kind for kind, holds in _HOLDS.items() if holds(text))


def _has_email(text: str) -> bool:
    if "@" in text and any(_is_email(found[1]) for found in _EMAIL.finditer(text)):
        return True
    if not _BRACKET.search(text) and "at" not in text.lower():
        return False
    spelt_out = _AT.sub("@", text)
    return spelt_out != text and any(_is_email(found[1]) for found in _EMAIL.finditer(_DOT.sub(".", spelt_out)))


def _is_email(domain: str) -> bool:
    """`logo@2x.png` and `lib@4.17.21.min.js` are files; `jane@example.com.html` is an address all the same."""
    _, dot, top = _FILE_ENDINGS.sub("", domain).rpartition(".")
    return bool(dot and _TOP_LABEL.fullmatch(top))


def _has_phone(text: str) -> bool:
    if not _SEVEN_DIGITS.search(text):
        return False
    national = any(9 <= sum(map(str.isdigit, found)) <= 12 for found in _NATIONAL_PHONE.findall(text))
    return national or any(pattern.search(text) for pattern in _PHONES)


def _has_address(text: str) -> bool:
    lower = text.lower()
    if "." in text or "dot" in lower:
        text = _DOT_OF_NUMBERS.sub(".", text)
        if any(all(_octet(part) <= 255 for part in found.split(".")) for found in _QUAD.findall(text)) or _REVERSE.search(text):
            return True
    if _SEPARATED.search(text) and any(_is_dashed(_NUMBERS.findall(found[0])) for found in _DASHED_QUAD.finditer(text)):
        return True
    if "-" in text and any(re.search(r"[a-f]", found, re.IGNORECASE) and _is_v6(found.replace("-", ":")) for found in _DASHED_V6.findall(text)):
        return True
    if ":" in text and any(_is_v6(found) for found in _V6.findall(text)):
        return True
    return bool("0x" in lower and _HEX_ADDRESS.search(text)) or any(_is_whole_address(*parts) for parts in _WHOLE_ADDRESS.findall(text))


def _is_dashed(octets: list[str]) -> bool:
    """Four numbers below 256 with hyphens or commas between; below 32 they are rather a version or a time."""
    return 31 < max(map(int, octets)) <= 255


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
    if int(first or 0) <= 31 and 1 <= int((second or "0").rstrip(".")) <= 12 and 1900 <= int(last or 0) < 2100:
        return False  # 17.05.2015
    if number:
        return 22 * 10**8 <= int(number) < 2**32
    return 0 < int(first) < 256 and 256 <= int(last) < (2**16 if second else 2**24)


# The order is that of the labels a path segment gets: the first kind found names it.
_HOLDS: dict[str, Callable[[str], bool]] = {
    "email": _has_email,
    "ip": _has_address,
    "jwt": lambda text: "eyJ" in text and bool(_JWT.search(text)),
    "key": lambda text: bool(_KEYS.search(text)),
    "uuid": lambda text: bool(_UUID.search(text)),
    "ulid": lambda text: any(2 <= sum(map(str.isdigit, found)) <= 24 for found in _ULID.findall(text)),
    "national_id": has_national_id,
    "phone": _has_phone,
    "card": lambda text: any(True for _ in cards(text)),
    "iban": has_iban,
    "mac": lambda text: bool(_MAC.search(text)),
    "wallet": has_wallet,
    "place": lambda text: "." in text and bool(_PLACE.search(text)),
    "name": lambda text: "=" in text and bool(_NAME.search(text)),
}
KINDS = tuple(_HOLDS)
PERSONAL = frozenset(KINDS) - {"uuid", "ulid"}
