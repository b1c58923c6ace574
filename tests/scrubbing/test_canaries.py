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
    "IPv4 in underscores": "host-203_0_113_77",
    "IPv4 reversed": "77.113.0.203.in-addr.arpa",
    "IPv4 hex in a name": "pCB00714D.dip0.isp.example",
    "IPv4 by the dots of IDNA": "203\u30020\u3002113\u300277",
    "IPv6 ISATAP": "fe80::5efe:203.0.113.77",
    "IPv6 Teredo": "2001:0:4136:e378:8000:63bf:34ff:8eb2",
    "IPv6 with port": "[2001:db8:85a3::8a2e:370:7334]:443",
    "IPv6 in hyphens": "2001-db8-85a3--8a2e-370-7334.ipv6-literal.example",
    "IPv6 reversed": "4.3.3.7.0.7.3.0.e.2.a.8.0.0.0.0.0.0.0.0.3.a.5.8.8.b.d.0.1.0.0.2.ip6.arpa",
    "e-mail in quotes": '"jane doe"@example.com',
    "e-mail spelt out": "jane.doe(at)example(dot)com",
    "e-mail in words": "jane.doe at example dot com",
    "e-mail by ROT13": "wnar.qbr@rknzcyr.pbz",
    "e-mail of Cyrillic": "\u0438\u0432\u0430\u043d@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
    "e-mail in a mailto": "mailto:jane.doe@example.com",
    "e-mail of an intranet": "jane.doe@mailhost",
    "e-mail as a return path": "bounce+jane.doe=example.com",
    "user at home": "~jdoeringer",
    "user with at": "@jdoeringer",
    "password in a URL": "https://jane:s3cretpw@intranet.example",
    "phone Germany": "0171 2345678",
    "phone Britain": "07700 900123",
    "phone France": "06 12 34 56 78",
    "phone Brazil": "(11) 91234-5678",
    "phone, digits alone": "03012345678",
    "IBAN in groups": "DE89 3704 0044 0532 0130 00",
    "card in underscores": "4111_1111_1111_1111",
    "tax id Germany": "86095742719",
    "tax id Italy": "RSSMRA85T10A562S",
    "insurance number Britain": "AB123456C",
    "identity Spain": "12345678Z",
    "IMEI in groups": "49-015420-323751-8",
    "MAC address in dots": "001a.2b3c.4d5e",
    "position": "52.520008,13.404954",
    "AWS key": "AKIAIOSFODNN7EXAMPLE",
    "payment key": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "bearer token": "Bearer x7Kq2LmZp9Rt4Vw8Yb3N",
    "bcrypt": "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
    "magic link": "V1StGXR8_Z5jdHi6B-myT",
    "object id": "507f1f77bcf86cd799439011",
    "hash of an e-mail": "5a3a1e1d5cd0cbbfbc1ed4d7e1f9ab0c",
    "Bitcoin": "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
    "Ethereum": "0x742d35Cc6634C0532925a3b844Bc454e4438f44e",
    "session in Java": "jsessionid=1A2B3C4D5E6F",
    "session, short": "sid=1a2b3cdoe",
    "JSON": '{"user":"jdoeringer","id":7}',
    "URL of another": "http://wiki.doeringer.example/jane",
    "data URL": "data:text/plain;base64,amFuZSBkb2U=",
    "path of Windows": "C:\\Users\\jdoeringer",
    "name in two scripts": "j\u0430ne-d\u043eeringer",
    "name in a file": "Lebenslauf_Jane_Doeringer",
    "host of a customer": "portal.doeringer-gmbh.example",
    "host of one label": "doeringer-laptop",
    "licence plate": "B-JD-1984",
    "birthday in dots": "17.03.1984",
}
# What no detector can know: it is kept back by k-anonymity alone.
UNKNOWABLE = {
    "user name", "person's name", "search term", "record id", "birthday", "birthday in dots", "name in two scripts", "name in a file", "host of a customer", "host of one label",
    "licence plate",
}  # fmt: skip
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
    "name of a user": lambda text: {"target": f"/users/{text}"},
    "behind a word": lambda text: {"target": f"/report-{text}/x"},
    "URL in the path": lambda text: {"target": f"/proxy/https://{text}/x"},
    "URL in the query": lambda text: {"target": "/x?next=" + quote(f"https://www.example.com/{text}?q={text}", safe="")},
    "JSON in the query": lambda text: {"target": "/x?filter=" + quote(f'{{"name":"{text}"}}', safe="")},
    "declared name twice": lambda text: {"target": f"/x?sort={text}&sort=new&page={text}"},
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
    "parameter, encoded twice": lambda text: {"target": f"/x%253B{text}=1"},
    "absolute form": lambda text: {"target": f"http://www.example.com/{text}?{text}#{text}"},
    "no HTTP": lambda text: {"target": text},
    "method": lambda text: {"method": text},
    "version": lambda text: {"http_version": text},
    "host": lambda text: {"host": text},
    "referrer path": lambda text: {"referer": f"https://www.example.com/{text}"},
    "referrer query": lambda text: {"referer": f"https://www.google.com/search?q={text}"},
    "referrer user": lambda text: {"referer": f"https://{text}@github.com/"},
    "referrer host": lambda text: {"referer": f"https://{text}.example.net/"},
    "referrer of one label": lambda text: {"referer": f"http://{text}/"},
    "referrer of mail": lambda text: {"referer": f"https://mail.{text}/"},
    "referrer of an app": lambda text: {"referer": f"android-app://{text}/"},
    "referrer fragment": lambda text: {"referer": f"https://www.google.de/#{text}"},
    "referrer": lambda text: {"referer": text},
    "agent": lambda text: {"user_agent": f"Mozilla/5.0 (compatible; App/1.0; {text})"},
    "agent, device": lambda text: {"user_agent": f"Mozilla/5.0 (Linux; Android 14; {text} Build/UP1A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Mobile Safari/537.36"},
    "agent, product": lambda text: {"user_agent": f"{text}/7.1 CFNetwork/1494 Darwin/23.4.0"},
    "agent, bot": lambda text: {"user_agent": f"Mozilla/5.0 (compatible; {text}bot/2.1; +http://{text}/bot.html)"},
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
    "triple percent": lambda text: quote(quote(quote(text, safe=""), safe=""), safe=""),
    "%u": lambda text: "".join(f"%u{ord(char):04X}" for char in text),
    "HTML": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "HTML, hexadecimal": lambda text: "".join(f"&#x{ord(char):x};" for char in text),
    "base64, plain": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of UTF-16": lambda text: base64.urlsafe_b64encode(text.encode("utf-16-le")).decode(),
    "Base32": lambda text: base64.b32encode(text.encode()).decode(),
    "some percent": lambda text: "".join(f"%{byte:02X}" if at % 2 else chr(byte) for at, byte in enumerate(text.encode())) if text.isascii() else quote(text),
    "capitals": str.upper,
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
    """CR-6: each kind of IDENTIFIERS in each of PLACES and ENCODINGS, asked for by one visitor: the bar is none."""
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
    lines = [{"client_ip": f"8.8.{at}.8"} | place(each) for at in range(20) for place in places for each in written]
    assert leaks(lines, set().union(*(traces(text, each) for each in written))) == []


def test_a_leak_would_be_seen() -> None:
    """A scan that finds nothing anywhere proves nothing: what is declared, or asked for by many, is found."""
    lines = [{"client_ip": f"8.8.{at}.8", "target": "/jane-doeringer"} for at in range(20)]
    assert leaks(lines, {"jane-doeringer"}) != []
    assert leaks([{"client_ip": "8.8.8.8", "account": "acme"}], {"acme"}) == ["acme"]
