"""Detectors: what names a person is found in every encoding, and what does not is left alone."""

import base64
from collections.abc import Callable
from urllib.parse import quote

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.scrubbing.detectors import KINDS, PERSONAL, card_numbers, kinds, label, may_hold_cards

SAMPLES = {
    "email": [
        "jane@example.com",
        "jane.doe+x@mail.example.com",
        "jane@bücher.example",
        "jané@example.com",
        "jane@xn--bcher-kva.example",
        "unsubscribe-jane@example.com.html",
        '"jane doe"@example.com',
        "jane@example\u3002com",
        "jane@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
        "jane(at)example.com",
        "jane [at] example [dot] com",
        "jane at example dot com",
        "jane_at_mail_example_dot_com",
        "wnar@rknzcyr.pbz",
        "jane(a)example.com",
        "jane-at-example.com",
        "jane_at_mail.example.co.uk",
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
        "203.0.113.7\u3002example",
        "host-203_0_113_7",
        "203,0,113,7",
        "203, 0, 113, 7",
        "7.113.0.203.in-addr.arpa",
        "7.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
        "pCB007107.dip0.isp.example",
        "2001-db8-85a3--8a2e-370-7334",
        "203[.]0[.]113[.]7",
        "203(dot)0(dot)113(dot)7",
        "203 .0. 113 . 7",
    ],
    "jwt": ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.c2lnbmF0dXJlYnl0ZXM", "eyJhbGciOiJkaXIifQ..48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzO"],
    "key": [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_x7Kq2LmZp9Rt4Vw8Yb3NcDfGhJkQsTuW12",
        "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
        "xoxb-123456789012-abcdefGHIJKL",
        "glpat-x7Kq2LmZp9-Rt4Vw8Yb_",
        "AIzaSyA-1234567890abcdefghijklmnopqrstu",
        "Bearer x7Kq2LmZp9Rt",
        "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
        "$6$rounds=5000$saltsaltsalt$hashhashhash",
        "v2.local.QAxIpVe-ECVNI1z4xQbm_qQYomyT3h8F",
        "hvs." + "HahaxQZZvxKYwQTvDrrCcyey",
        "hf_" + "kQsTuWxLmZpRtVwYbNcDfGhJaBcDeFgHiJ",
        "dp.st.dev." + "kQsTuWxLmZp9Rt4Vw8Yb3NcDfGhJaBcDeFgHiJkL",
        "shpat_" + "0123456789abcdef0123456789abcdef",
        "1234567890:" + "AAkQsTuWxLmZp9Rt4Vw8Yb3NcDfGhJaBcDe",
    ],
    "national_id": [
        "078-05-1120",
        "RSSMRA85T10A562S",
        "AB 12 34 56 C",
        "AB123456C",
        "CV_AB123456C_2026.docx",
        "CV_12345678Z_2026.docx",
        "86 095 742 719",
        "2 55 08 14 168 025 38",
        "12345678Z",
        "65170839J003",
        "131052-308T",
        "CV_131052A308T.pdf",
        "X1234567L",
    ],
    "wallet": ["bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "0x742d35Cc6634C0532925a3b844Bc454e4438f44e"],
    "place": ["52.5200,13.4050", "-33.85670, 151.21520", "@52.52000,13.40500,15z"],
    "uuid": ["123e4567-e89b-12d3-a456-426614174000", "report-123E4567-E89B-12D3-A456-426614174000.pdf"],
    "ulid": ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "01arz3ndektsv4rrffq69g5fav"],
    "phone": [
        "+49 30 1234567",
        "+493012345678",
        "+1-202-555-0143",
        "(202) 555-0143",
        "8 (912) 345-67-89",
        "202-555-0143",
        "202.555.0143",
        "0049301234567",
        "030 12345678",
        "06 12 34 56 78",
        "tel:5550143222",
        "0171 2345678",
        "0171 234 56 78",
        "+49 (0)30 1234567",
        "(030) 1234567",
        "020 7946 0958",
        "1 (202) 555-0143",
        "1-202-555-0143",
        "(11) 91234-5678",
    ],
    "card": ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005", "3782 822463 10005", "5555555555554444", "2223003122003222", "6011111111111117"],
    "iban": ["DE89-3704-0044-0532-0130-00", "GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "gb82west12345698765432", "NO9386011117947"],
    "mac": ["00:11:22:33:44:55", "00-11-22-AA-BB-CC", "0011.22aa.bbcc"],
}
PAIRS = [(kind, text) for kind, texts in SAMPLES.items() for text in texts]


def _backslashed(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def _base58(raw: bytes) -> str:
    number, digits = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[digit] + digits
    return digits


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
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "Base32": lambda text: base64.b32encode(text.encode()).decode(),
    "Base32, small and bare": lambda text: base64.b32encode(text.encode()).decode().lower().rstrip("="),
    "Base58": lambda text: _base58(text.encode()),
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
        "/compare/10,20,30",
        "/versions/1,2,3,4",
        "/parts/65170839J004",
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
        "/blog/look-at-this-dot-plot",
        "/meet at noon",
        "/data/1.23456,2.3",
        "/releases/17.05.2015",
        "/sku/AB123456E",
        "/sku/12345678A",
        "/order/000-12-3456",
        "/1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3",
        "/0123/456/789",
        "/01-02-2015/x",
        "?price=$250&v=1",
        "/basic training",
        "/img/01 23.png",
        "/a1b2c3d4.chunk.js",
    ],
)
def test_what_names_nobody_is_left_alone(text: str) -> None:
    """A page blanked for nothing is missing from every table; a false finding costs compliance a day."""
    assert kinds(text) == frozenset()


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        *[(text, "{" + kind + "}") for kind, text in PAIRS if kind in {"jwt", "key", "uuid", "ulid", "card", "mac", "wallet", "national_id"}],
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


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(["4222222222222", "378282246310005", "4111 1111 1111 1111", "4111-1111-1111-1111"]),
    st.text(" !,:;<>?@^_`|~/", max_size=4),
    st.text(" !,:;<>?@^_`|~/", max_size=4),
)
def test_a_card_number_is_found_at_every_place_of_what_is_encoded(encoding: str, number: str, before: str, behind: str) -> None:
    """Most texts are told at a glance to hold none, so that glance must miss no encoding and no place in it."""
    text = ENCODINGS[encoding](before + number + behind)
    assert card_numbers(text) == 1
    assert may_hold_cards(pl.Series([text])).to_list() == [True]


def test_most_texts_are_not_worth_asking_for_cards() -> None:
    """A column of paths is told at a glance; null holds nothing."""
    assert may_hold_cards(pl.Series(["/jobs/4711?page=2", None, "a=1&b=2"], dtype=pl.String)).to_list() == [False] * 3


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
