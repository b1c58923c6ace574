"""The invented persons of the proof: each identifier in each way of writing it, for two sets of people that differ in nothing else.

docs/privacy.md#the-proof-by-experiment says what they prove.
"""

import base64
import codecs
import hashlib
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

PEOPLE: tuple[Mapping[str, str], ...] = (
    {
        "address": "203.0.113.77", "second address": "198.51.100.201", "IPv6": "2001:db8:85a3::8a2e:370:7334", "IPv6 of a card": "2001:db8::211:22ff:fe33:4455",
        "reverse name": "ppp-203-0-113-78.isp.example", "e-mail": "jane.doeringer@example.com", "foreign e-mail": "jane@d\u00f6ringer.example", "user": "jane.doeringer77",
        "name": "Jane-Doeringer", "foreign name": "J\u00e4ne-D\u00f6ringer", "subject": "jane", "token": "x7Kq2LmZp9Rt4Vw8Yb3NcDfGhJkQsTuW", "session": "9f8e7d6c5b4a39281706",
        "uuid": "123e4567-e89b-12d3-a456-426614174000", "ulid": "01HZX3V7K9QJ5M2N8P4R6T0W1Y", "card": "4111111111111111", "amex": "378282246310005", "phone": "+493012345678",
        "us phone": "212-555-0142", "iban": "DE89370400440532013000", "imei": "490154203237518", "device": "c3f1a97be02d4658", "mac": "00:11:22:33:44:66", "number": "7741889012",
        "birthday": "1984-03-17", "social": "078-05-1120", "cookie": "GA1.2.1837465920.1772446500", "place": "52.520008,13.404954", "key": "AKIAJ7QXN2VWD5K3TZRM",
        "hash": hashlib.sha256(b"jane").hexdigest(), "word": "doeringer", "payer": "cus_NffrFeUfNV2Hib",
    },
    {
        "address": "203.0.113.89", "second address": "198.51.100.223", "IPv6": "2001:db8:85b4::8c1d:461:7225", "IPv6 of a card": "2001:db8::266:77ff:fe88:99ab",
        "reverse name": "ppp-203-0-113-92.isp.example", "e-mail": "mila.kowalskay@example.com", "foreign e-mail": "mila@k\u00f6walska.example", "user": "mila.kowalskay41",
        "name": "Mila-Kowalskay", "foreign name": "M\u00e4la-K\u00f6walska", "subject": "mila", "token": "d5Wn8TqXf3Gy6Bz9Jc2KrVmPsLhQtEuA", "session": "3b7c1d9e5f2a48160957",
        "uuid": "987f6543-e21b-45d3-b456-426614175111", "ulid": "01J0B4W8M2RK6N3P9Q5S7V1X2Z", "card": "4242424242424242", "amex": "371449635398431", "phone": "+493087654321",
        "us phone": "415-555-0198", "iban": "DE02120300000000202051", "imei": "356938035643809", "device": "a9d4e83c17f0b265", "mac": "00:66:77:88:99:bb", "number": "6653902147",
        "birthday": "1979-11-26", "social": "219-09-9999", "cookie": "GA1.2.2649183750.1772447811", "place": "48.137154,11.576124", "key": "AKIAQ4M8RZC6H2YVPXWT",
        "hash": hashlib.sha256(b"mila").hexdigest(), "word": "kowalskay", "payer": "cus_PqwkGhTbXC7Mjd",
    },
)  # fmt: skip

FILE_NAME, FILE_NAMES = "name of a file", ("fjodorova.acme", "hernandez.bolt")
"""What a delivered file is called, a folder in which one lies, and the file within an archive, by the number of the people."""
SITE_NAMES = ("olga.fjodorova@acme.example", "rosa.hernandez@bolt.example")
"""What a sub-folder of logs is called, which would be the name of a site."""


@dataclass(frozen=True)
class Canary:
    """One way of writing one identifier: the text that is planted, and the identifier itself, which must not be found either."""

    kind: str
    text: str
    plain: str


def _groups(address: str) -> str:
    """Write an IPv4 address as two groups of IPv6: cb00:714d."""
    digits = ipaddress.IPv4Address(address).packed.hex()
    return f"{digits[:4]}:{digits[4:]}"


def _teredo(address: str) -> str:
    """Write the address as a Teredo client: its bits inverted (RFC 4380 section 4)."""
    inverted = ipaddress.IPv4Address(int(ipaddress.IPv4Address(address)) ^ 0xFFFFFFFF)
    return f"2001:0:c000:204::{_groups(str(inverted))}"


def _number(address: str) -> str:
    return str(int(ipaddress.IPv4Address(address)))


def _octal(address: str) -> str:
    return ".".join(f"0{int(part):o}" for part in address.split("."))


def _two_parts(address: str) -> str:
    """Write the last three bytes as one number, as inet_aton reads it."""
    first, _, rest = address.partition(".")
    return f"{first}.{int(ipaddress.IPv4Address(f'0.{rest}'))}"


def _last_zeros(address: str) -> str:
    first, _, last = address.rpartition(".")
    return f"{first}.{int(last):03d}"


def _wide(text: str) -> str:
    """Write digits and the at sign in their full-width forms."""
    return "".join(chr(ord(sign) + 0xFEE0) if sign.isdecimal() or sign == "@" else sign for sign in text)


def _split(text: str) -> str:
    """Put a zero-width space behind the third sign."""
    return f"{text[:3]}\u200b{text[3:]}"


def _jwt(subject: str) -> str:
    body = base64.urlsafe_b64encode(f'{{"sub":"{subject}","iat":1772446500}}'.encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{body}.{hashlib.sha256(subject.encode()).hexdigest()[:32]}"


def _packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _url_packed(text: str) -> str:
    return base64.urlsafe_b64encode(f"mailto={text}&list=9".encode()).decode().rstrip("=")


def _base58(text: str) -> str:
    number, digits = int.from_bytes(text.encode(), "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[digit] + digits
    return digits


def _idna(email: str) -> str:
    user, _, domain = email.partition("@")
    return f"{user}@{domain.encode('idna').decode()}"


def _at(written: str) -> Callable[[str], str]:
    return lambda text: text.replace("@", written)


def _between(before: str, after: str = "") -> Callable[[str], str]:
    return lambda text: f"{before}{text}{after}"


_WRITINGS: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "IPv4": ("address", str),
    "IPv4 with a port": ("address", _between("", ":44321")),
    "IPv4 mapped": ("address", _between("::ffff:")),
    "IPv4 mapped in hex": ("address", lambda text: f"::ffff:{_groups(text)}"),
    "IPv4 mapped at length": ("address", lambda text: f"0:0:0:0:0:ffff:{_groups(text)}"),
    "IPv4 compatible": ("address", _between("::")),
    "NAT64": ("address", _between("64:ff9b::")),
    "NAT64, local": ("address", lambda text: f"64:ff9b:1::{_groups(text)}"),
    "6to4": ("address", lambda text: f"2002:{_groups(text)}::1"),
    "Teredo": ("address", _teredo),
    "ISATAP": ("address", lambda text: f"fe80::5efe:{_groups(text)}"),
    "IPv4, last byte with zeros": ("address", _last_zeros),
    "IPv4 in hex": ("address", lambda text: f"0x{ipaddress.IPv4Address(text).packed.hex().upper()}"),
    "IPv4 as a number": ("address", _number),
    "IPv4 in octal": ("address", _octal),
    "IPv4 in two parts": ("address", _two_parts),
    "IPv4 with a zone": ("address", _between("", "%eth0")),
    "IPv4 with marked dots": ("address", lambda text: text.replace(".", "[.]")),
    "IPv4, full width": ("address", _wide),
    "IPv4 with a mask": ("address", _between("", "/32")),
    "IPv4 behind proxies": ("second address", _between("", ",192.0.2.9")),
    "Forwarded": ("second address", _between("for=", ";proto=https")),
    "IPv4, second": ("second address", str),
    "IPv6": ("IPv6", str),
    "IPv6, upper case": ("IPv6", str.upper),
    "IPv6 at length": ("IPv6", lambda text: ipaddress.IPv6Address(text).exploded),
    "IPv6 in brackets": ("IPv6", _between("[", "]")),
    "IPv6 with a port": ("IPv6", _between("[", "]:44321")),
    "IPv6 with a zone": ("IPv6", _between("", "%eth0")),
    "IPv6 with a zone, percent": ("IPv6", _between("", "%25eth0")),
    "IPv6 with a mask": ("IPv6", _between("", "/64")),
    "IPv6 with a MAC address": ("IPv6 of a card", str),
    "reverse name": ("reverse name", str),
    "e-mail": ("e-mail", str),
    "e-mail, upper case": ("e-mail", str.upper),
    "e-mail with a tag": ("e-mail", lambda text: text.replace("@", "+shop@")),
    "e-mail, percent": ("e-mail", _at("%40")),
    "e-mail, percent twice": ("e-mail", _at("%2540")),
    "e-mail, percent throughout": ("e-mail", lambda text: "".join(f"%{byte:02x}" for byte in text.encode())),
    "e-mail, escape": ("e-mail", _at(r"\x40")),
    "e-mail, HTML": ("e-mail", _at("&#64;")),
    "e-mail, %u": ("e-mail", _at("%u0040")),
    "e-mail, full width": ("e-mail", _at("\uff20")),
    "e-mail, split": ("e-mail", _split),
    "e-mail, base64": ("e-mail", _packed),
    "e-mail in a packed link": ("e-mail", _url_packed),
    "e-mail, hex": ("e-mail", lambda text: text.encode().hex()),
    "e-mail, base64 twice": ("e-mail", lambda text: _packed(_packed(text))),
    "e-mail, Base32": ("e-mail", lambda text: base64.b32encode(text.encode()).decode().rstrip("=")),
    "e-mail, Base58": ("e-mail", _base58),
    "e-mail, hex in pairs": ("e-mail", lambda text: text.encode().hex(":")),
    "e-mail, JSON": ("e-mail", _at(r"\u0040")),
    "e-mail, UTF-7": ("e-mail", _at("+AEA-")),
    "e-mail, UTF-8 too long": ("e-mail", _at("%c1%80")),
    "e-mail by ROT13": ("e-mail", lambda text: codecs.encode(text, "rot13")),
    "e-mail spelt out": ("e-mail", lambda text: text.replace("@", "(at)").replace(".com", "(dot)com")),
    "e-mail in hyphens": ("e-mail", _at("-at-")),
    "e-mail as a link": ("e-mail", _between("mailto:")),
    "e-mail, IDN": ("foreign e-mail", str),
    "e-mail, IDN in ASCII": ("foreign e-mail", _idna),
    "e-mail, IDN percent": ("foreign e-mail", lambda text: quote(text, safe="")),
    "user name": ("user", str),
    "user of a domain": ("user", _between("CORP%5C")),
    "person's name": ("name", str),
    "person's name, foreign": ("foreign name", str),
    "person's name, percent": ("foreign name", quote),
    "family name": ("word", _between("j.m.")),
    "JWT": ("subject", _jwt),
    "JWT in a packed link": ("subject", lambda text: base64.urlsafe_b64encode(_jwt(text).encode()).decode().rstrip("=")),
    "API token": ("token", _between("ghp_")),
    "bearer token": ("token", _between("Bearer:")),
    "access key": ("key", str),
    "session id": ("session", _between("sid-")),
    "UUID": ("uuid", str),
    "ULID": ("ulid", str),
    "card": ("card", str),
    "card in groups": ("card", lambda text: "-".join(text[at : at + 4] for at in range(0, 16, 4))),
    "card, percent": ("card", lambda text: "%20".join(text[at : at + 4] for at in range(0, 16, 4))),
    "card of another issuer": ("amex", str),
    "phone": ("phone", str),
    "phone with zeros": ("phone", lambda text: text.replace("+", "00")),
    "phone, percent": ("phone", lambda text: quote(text, safe="")),
    "phone in dots": ("phone", lambda text: f"{text[:3]}.{text[3:5]}.{text[5:9]}.{text[9:]}"),
    "phone of the US": ("us phone", str),
    "IBAN": ("iban", str),
    "customer of a payment provider": ("payer", str),
    "IMEI": ("imei", str),
    "device id": ("device", str),
    "MAC address": ("mac", str),
    "search term": ("word", _between("divorce-lawyer-")),
    "record id": ("word", _between("r7741-")),
    "record number": ("number", str),
    "cookie of a session": ("session", _between("PHPSESSID=")),
    "cookie of a tracker": ("cookie", _between("_ga=")),
    "birthday": ("birthday", _between("born-")),
    "social security number": ("social", str),
    "position": ("place", str),
    "hashed name": ("hash", str),
}


@cache
def canaries(people: int) -> tuple[Canary, ...]:
    """Return every canary of the people of number 0 or 1; the same kinds in the same order."""
    held = PEOPLE[people]
    return tuple(Canary(kind, write(held[of]), held[of]) for kind, (of, write) in _WRITINGS.items())


KINDS = len(canaries(0))
