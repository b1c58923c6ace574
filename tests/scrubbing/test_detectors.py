"""Detectors: what names a person is found in every encoding, and what does not is left alone."""

import base64
from collections.abc import Callable
from time import perf_counter
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.scrubbing.detectors import KINDS, PERSONAL, card_numbers, kinds, label

SAMPLES = {
    "email": [
        "jane@example.com",
        "jane.doe+x@mail.example.com",
        "jane@bücher.example",
        "jané@example.com",
        "jane@xn--bcher-kva.example",
        "unsubscribe-jane@example.com.html",
    ],
    "ip": [
        "203.0.113.7",
        "0313.0.0161.07",
        "203.0.113.007",
        "0xCB007107",
        "0xCB.0x00.0x71.0x07",
        "2001:db8::7",
        "::ffff:203.0.113.7",
        "2001:DB8:0:0:0:0:0:7",
        "ppp-203-0-113-7.isp.example",
        "203.0.113.7:443",
    ],
    "jwt": ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.c2lnbmF0dXJlYnl0ZXM"],
    "uuid": ["123e4567-e89b-12d3-a456-426614174000", "report-123E4567-E89B-12D3-A456-426614174000.pdf"],
    "ulid": ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "01arz3ndektsv4rrffq69g5fav"],
    "phone": [
        "+49 30 1234567",
        "+493012345678",
        "+1-202-555-0143",
        "(202) 555-0143",
        "202-555-0143",
        "202.555.0143",
        "0049301234567",
        "030 12345678",
        "06 12 34 56 78",
        "tel:5550143222",
    ],
    "card": ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005", "3782 822463 10005", "5555555555554444", "2223003122003222", "6011111111111117"],
    "iban": ["DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "gb82west12345698765432", "NO9386011117947"],
    "mac": ["00:11:22:33:44:55", "00-11-22-AA-BB-CC"],
}
PAIRS = [(kind, text) for kind, texts in SAMPLES.items() for text in texts]


def _backslashed(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent": lambda text: quote(text, safe=""),
    "all percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "lower-case percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "double percent": lambda text: quote(quote(text, safe=""), safe=""),
    "triple percent": lambda text: quote(quote(quote(text, safe=""), safe=""), safe=""),
    "%u": lambda text: "".join(f"%u{ord(char):04x}" for char in text),
    "backslash x": _backslashed,
    "HTML": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "full width": lambda text: "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text),
    "zero width": "\u200b".join,
    "soft hyphen, percent": lambda text: quote("\u00ad".join(text), safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url, bare": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "hex": lambda text: text.encode().hex(),
    "base64 of percent": lambda text: base64.b64encode(quote(text, safe="").encode()).decode(),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "in a query": lambda text: f"/unsubscribe?lang=de&who={quote(text)}&x=1",
    "in a path": lambda text: f"/people/{quote(text)}/edit",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("kind", "text"), PAIRS)
def test_a_kind_is_found_in_every_encoding(kind: str, text: str, encoding: str) -> None:
    """An unsubscribe link carries its address in base64, a proxy escapes what a browser escaped: it names the person all the same."""
    assert kind in kinds(ENCODINGS[encoding](text))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("phone", "?phone=5550143222"),
        ("phone", "/x?user[mobile]=0301234567"),
        ("phone", "?tel=%2B49301234567"),
        ("ip", "?client_ip=3405803783"),
        ("ip", "3405803783"),
        ("ip", "203.28935"),
        ("ip", "203.0.28935"),
        ("ip", "http://3405803783/"),
        ("name", "?first_name=Jane"),
        ("name", "?x=1&lastName=Doe"),
        ("name", "?username=jdoe"),
        ("email", "?q=jane%40example.com"),
        ("email", "mailto:jane@example.com"),
        ("card", "?n=12+4111+1111+1111+1111"),
        ("iban", "?iban=DE89+3704+0044+0532+0130+00&x=1"),
    ],
)
def test_a_kind_is_found_by_its_surroundings(kind: str, text: str) -> None:
    """A bare number says nothing, the name before it does."""
    assert kind in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "/presentations/logstash-monitorama-2013/images/kibana-search.png",
        "/blog/geekery/disabling-battery-in-ubuntu-vms.html",
        "/images/logo@2x.png",
        "/npm/lodash@4.17.21/lodash.min.js",
        "/npm/lib@4.17.21.min.js",
        "/@angular/core",
        "/2015/05/17/10:05:03",
        "/api/v1.2.3.4/jobs",
        "/static/app.3f2a9c1b7e.js",
        "/static/d41d8cd98f00b204e9800998ecf8427e.css",
        "/jobs/123456789",
        "/jobs/1431857100",
        "/ts/1431857100123",
        "/ts/1431857100123456",
        "/ts/1431857100123456789",
        "/ads?ord=1234567890123",
        "/q?id=10000000000000000",
        "/releases/2015.05.17",
        "/releases/2015-05-17",
        "/releases/10.4.1",
        "std::string",
        "Foo::Bar",
        "12:34:56",
        "/style2.css?v=20150517",
        "/documentation/getting-started-with-everything",
        "/reset.css;v=1",
        "?page=2&sort=new&event_name=signup",
        "/ean/4006381333931",
    ],
)
def test_what_names_nobody_is_left_alone(text: str) -> None:
    """A page blanked for nothing is missing from every table; a false finding costs compliance a day."""
    assert kinds(text) == frozenset()


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        *[(text, "{" + kind + "}") for kind, text in PAIRS if kind != "email" and text != "DE89 3704 0044 0532 0130 00"],
        ("jane@example.com", "{email}"),
        ("jane@203.0.113.7.example.com", "{email}"),
        (base64.b64encode(b"jane@example.com").decode(), "{b64}"),
        (b"jane@example.com".hex(), "{b64}"),
        ("kibana-search.png", None),
        ("jobs", None),
    ],
)
def test_a_segment_is_labelled_by_its_first_kind(segment: str, expected: str | None) -> None:
    """The label is all that a route shows of it."""
    assert label(segment) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # issuers: prefix, length and Luhn
        ("4111111111111111", 1),
        ("4222222222222", 1),
        ("41111111111111111", 0),
        ("5105105105105100", 1),
        ("2223003122003222", 1),
        ("371449635398431", 1),
        ("30569309025904", 1),
        ("38520000023237", 1),
        ("6011000990139424", 1),
        ("3530111333300000", 1),
        ("6200000000000005", 1),
        ("6759649826438453", 1),
        # not a card: Luhn fails, prefix of no issuer, wrong length, an article's number
        ("4111111111111112", 0),
        ("1234567812345670", 0),
        ("9999999999999995", 0),
        ("411111111111111", 0),
        ("4006381333931", 0),
        # neighbours: digits, letters and dots make it part of something else
        ("44111111111111111", 0),
        ("a4111111111111111", 0),
        ("4111111111111111a", 0),
        ("0.4111111111111111", 0),
        ("4111111111111111.5", 0),
        ("4111111111111111.", 1),
        ("card=4111111111111111&x", 1),
        ("4111 1111 1111 1111 1111", 0),
        ("4111-1111-1111-1111-1111", 0),
        ("4111-1111 1111-1111", 0),
        # counted once each
        ("4111111111111111,5555555555554444", 2),
        ("4111111111111111/4111-1111-1111-1111", 1),
        # encoded
        ("%34%31%31%31%31%31%31%31%31%31%31%31%31%31%31%31", 1),
        ("NDExMTExMTExMTExMTExMQ==", 1),
        ("4111+1111+1111+1111", 1),
        ("", 0),
        ("/jobs/1431857100123", 0),
    ],
)
def test_card_numbers_are_counted(text: str, expected: int) -> None:
    """CE-2: one card number in a log is a critical finding, so neither a miss nor a chance hit will do."""
    assert card_numbers(text) == expected


def test_every_kind_has_samples() -> None:
    """A kind nobody tests is a kind nobody finds; names are told by their parameter alone."""
    tested = {*SAMPLES, "name"}
    assert tested == set(KINDS)
    assert set(KINDS) > PERSONAL


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_text_breaks_a_detector(text: str) -> None:
    """Whatever stands in a log, the detectors answer, and the label agrees with the kinds."""
    assert kinds(text) <= set(KINDS)
    assert (label(text) is None) == (not kinds(text))
    assert card_numbers(text) >= 0


@pytest.mark.parametrize("unit", ["a", "@", ":", "%25", "1-", "1.", "tel", "A1", "\\x41", "&amp;", "a.", "@a.", "+1 ", "4111 ", "eyJ", "="])
def test_long_hostile_text_is_read_in_time(unit: str) -> None:
    """A target of 8 KiB made to send a pattern backtracking must not stop the run; a quadratic pattern takes seconds here."""
    begun = perf_counter()
    kinds(unit * (8192 // len(unit)) + "!")
    assert perf_counter() - begun < 5
