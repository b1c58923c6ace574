"""Canaries: identifiers of every kind in every place of a line, and none of them in any cell that comes out."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from urllib.parse import quote, unquote

import pyarrow as pa
import pytest

from tests.scrubbing.made import WEB, people, rows, scrubber

IDENTIFIERS = {
    "IPv4": "203.0.113.77",
    "IPv4 with port": "203.0.113.77:4711",
    "IPv4 octal": "0313.0.0161.0115",
    "IPv4 padded": "203.000.113.077",
    "IPv4 hex": "0xCB00714D",
    "IPv4 integer": "3405803853",
    "IPv4 short": "203.29005",
    "IPv6": "2001:db8:85a3::8a2e:370:7334",
    "IPv6 upper case": "2001:DB8:85A3:0:0:8A2E:370:7334",
    "IPv6 mapped": "::ffff:203.0.113.77",
    "IPv6 NAT64": "64:ff9b::203.0.113.77",
    "IPv6 6to4": "2002:cb00:714d::1",
    "IPv6 EUI-64": "2001:db8::211:22ff:fe33:4455",
    "IPv6 with zone": "fe80::211:22ff:fe33:4455%eth0",
    "reverse name": "ppp-203-0-113-77.isp.example",
    "e-mail": "jane.doe@example.com",
    "e-mail with tag": "jane.doe+shop@example.com",
    "e-mail IDN": "jane@bücher.example",
    "e-mail punycode": "jane@xn--bcher-kva.example",
    "user name": "jane.doe77",
    "person's name": "Jane-Doeringer",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.c2lnbmF0dXJl",
    "session id": "sid-9f8e7d6c5b4a39281706",
    "API token": "ghp_x7Kq2LmZp9Rt4Vw8Yb3NcDfGhJkQsTuW",
    "UUID": "123e4567-e89b-12d3-a456-426614174000",
    "ULID": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "card": "4111111111111111",
    "card in groups": "4111-1111-1111-1111",
    "phone": "+493012345678",
    "phone in groups": "+1-202-555-0143",
    "phone NANP": "202-555-0143",
    "IBAN": "DE89370400440532013000",
    "MAC address": "00:1A:2B:3C:4D:5E",
    "IMEI": "490154203237518",
    "device id": "38400000-8cf0-11bd-b23e-10b96e40000d",
    "search term": "divorce-lawyer-doeringer",
    "record id": "record-7741-doeringer",
    "cookie": "PHPSESSID=9f8e7d6c5b4a3928",
    "tax id": "078-05-1120",
    "birthday": "1984-03-17-doeringer",
}
# What no detector can know: it is kept back by k-anonymity alone.
UNKNOWABLE = {"user name", "person's name", "session id", "API token", "IMEI", "search term", "record id", "cookie", "tax id", "birthday"}
DETECTABLE = IDENTIFIERS.keys() - UNKNOWABLE
PLACES: dict[str, Callable[[str], dict[str, object]]] = {
    "client": lambda text: {"client_ip": text},
    "forwarded list": lambda text: {"client_ip": "10.0.0.1", "forwarded_for": f"{text}, 10.0.0.2"},
    "RFC 7239": lambda text: {"client_ip": "10.0.0.1", "forwarded_for": f'for="{text}";host={text}'},
    "user": lambda text: {"user": text},
    "account": lambda text: {"account": text},
    "path": lambda text: {"target": f"/people/{text}/edit"},
    "path, first": lambda text: {"target": f"/{text}"},
    "path, last of many": lambda text: {"target": f"/1/2/3/4/5/6/7/8/9/{text}"},
    "file": lambda text: {"target": f"/files/{text}.pdf"},
    "account in path": lambda text: {"target": f"/accounts/{text}/jobs"},
    "declared route": lambda text: {"target": f"/jobs/{text}"},
    "matrix parameter": lambda text: {"target": f"/x;{text}=1;b={text}/y"},
    "query name": lambda text: {"target": f"/x?{text}=1"},
    "query value": lambda text: {"target": f"/x?a={text}&page={text}&sort={text}"},
    "bare query": lambda text: {"target": f"/x?{text}"},
    "fragment": lambda text: {"target": f"/x#{text}"},
    "userinfo": lambda text: {"target": f"http://{text}@www.example.com/x"},
    "foreign target": lambda text: {"target": f"http://{text}/x"},
    "authority": lambda text: {"method": "CONNECT", "target": f"{text}:443"},
    "no HTTP": lambda text: {"target": text},
    "method": lambda text: {"method": text},
    "version": lambda text: {"http_version": text},
    "host": lambda text: {"host": text},
    "referrer path": lambda text: {"referer": f"https://www.example.com/{text}"},
    "referrer query": lambda text: {"referer": f"https://www.google.com/search?q={text}"},
    "referrer user": lambda text: {"referer": f"https://{text}@github.com/"},
    "referrer host": lambda text: {"referer": f"https://{text}.example.net/"},
    "referrer": lambda text: {"referer": text},
    "agent": lambda text: {"user_agent": f"Mozilla/5.0 (compatible; App/1.0; {text})"},
    "agent alone": lambda text: {"user_agent": text},
}
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "double percent": lambda text: quote("".join(f"%{byte:02x}" for byte in text.encode())),
    "base64": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "backslash": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "full width": lambda text: "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text),
    "zero width": "\u200b".join,
}
SETTINGS: dict[str, object] = {
    "sites": {
        "own_hosts": ["www.example.com"],
        "trusted_proxies": ["10.0.0.0/8"],
        "routes": ["/jobs/{job}"],
        "vocabulary": ["people"],
        "query": {"page": "count", "sort": ["new"]},
    }
}
KNOWN = people(accounts=["acme"], staff=[("s1", "sam")])


def traces(text: str, written: str) -> set[str | bytes]:
    """Return how an identifier would show: as it is, as it was written, decoded, and hashed without a key."""
    plain = {text, written, unquote(written), text.partition(":")[0] if text.count(":") == 1 else text}
    hashes = {function(text.encode()).hexdigest() for function in (hashlib.md5, hashlib.sha1, hashlib.sha256)}
    shown = {each.lower() for each in plain} | {text.encode().hex(), base64.b64encode(text.encode()).decode().lower()} | hashes
    return {each for each in shown if len(each) > 4} | {text.encode()}


def cells(*tables: pa.Table) -> Iterator[str | bytes]:
    """Yield every different text and byte string of some tables."""
    for table in tables:
        for column in (column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column for column in table.columns):
            if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
                yield from (cell.lower() if isinstance(cell, str) else cell for cell in column.unique().to_pylist() if cell is not None)


def leaks(lines: list[dict[str, object]], planted: set[str | bytes]) -> list[str | bytes]:
    """Return the cells that show anything of what was planted."""
    made = scrubber(SETTINGS, KNOWN)
    out = made.requests(rows(*lines), WEB)
    learnt = pa.table({"route": pa.array([route for _, route in made.learnt()], pa.string())})
    shown = set(cells(out.requests, out.staff_requests, made.routes(), learnt))
    return [cell for cell in shown for trace in planted if type(cell) is type(trace) and trace in cell]  # type: ignore[operator]


@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_no_identifier_comes_out(kind: str) -> None:
    """CR-6: forty kinds of identifier in thirty places and eight encodings, asked for by one visitor: the bar is none."""
    text = IDENTIFIERS[kind]
    written = [encode(text) for encode in ENCODINGS.values()]
    lines = [place(each) for place in PLACES.values() for each in written]
    assert leaks(lines, set().union(*(traces(text, each) for each in written))) == []


@pytest.mark.parametrize("kind", sorted(DETECTABLE))
def test_no_identifier_comes_out_however_many_ask_for_it(kind: str) -> None:
    """A link in a newsletter carries one person's address to hundreds: the detectors go before k-anonymity."""
    text = IDENTIFIERS[kind]
    written = [encode(text) for encode in ENCODINGS.values()]
    places = [place for name, place in PLACES.items() if name != "client"]
    lines = [{"client_ip": f"8.8.{at}.8", "account": "acme"} | place(each) for at in range(20) for place in places for each in written]
    assert leaks(lines, set().union(*(traces(text, each) for each in written))) == []


def test_a_leak_would_be_seen() -> None:
    """A scan that finds nothing anywhere proves nothing: what is declared, or asked for by many, is found."""
    lines = [{"client_ip": f"8.8.{at}.8", "target": "/jane-doeringer"} for at in range(20)]
    assert leaks(lines, {"jane-doeringer"}) != []
    assert leaks([{"client_ip": "8.8.8.8", "account": "acme"}], {"acme"}) == ["acme"]
