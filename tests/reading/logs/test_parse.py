"""Every line of a log is a row, an indexed reject or blank; a row says exactly what the line says."""

import time
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.errors import SettingsError
from dagster_project.reading.logs import FORMATS, parse
from dagster_project.reading.logs.formats import Format, named
from dagster_project.reading.logs.layouts.applications import GIN
from dagster_project.reading.logs.layouts.layout import Layout
from dagster_project.reading.logs.layouts.log_formats import nginx
from dagster_project.reading.logs.layouts.web_servers import COMBINED
from dagster_project.reading.logs.lines import split
from dagster_project.reading.logs.matching import columns
from dagster_project.reading.logs.promising import FEWEST_LINES
from dagster_project.reading.logs.values.distinct import decoded
from dagster_project.reading.logs.values.row import READ, ROWS
from dagster_project.reading.rejects import REJECTS, shape

TIME = "[02/Mar/2026:11:15:00 +0100]"
AGENT = "Mozilla/5.0 (X11; Linux x86_64)"
_ELASTIC = next(layout for layout in COMBINED if "(" in layout.parts)
"""Elastic Beanstalk's, which names a list before the time."""
TAIL = f'"https://www.example.com/" "{AGENT}"'
GOOD = f'192.0.2.7 - jane {TIME} "GET /jobs?page=2 HTTP/1.1" 200 5120 {TAIL}'


def _row(line: str | bytes, known: str = "combined") -> dict[str, object]:
    parsed = parse((line.encode() if isinstance(line, str) else line) + b"\n", known)
    assert parsed.rejects.num_rows == 0, parsed.rejects["reason"].to_pylist()
    assert parsed.rows.num_rows == 1
    _same_in_columns(parsed.rows, line if isinstance(line, bytes) else line.encode(), known)
    return dict(parsed.rows.to_pylist()[0])


def _same_in_columns(row: pa.Table, line: bytes, known: str) -> None:
    """Read the line many times over, which takes the fast path."""
    many = parse((line + b"\n") * FEWEST_LINES, known).rows
    assert many.drop_columns("line_number").equals(pa.concat_tables([row.drop_columns("line_number")] * FEWEST_LINES))


def _reasons(body: bytes, known: str = "combined") -> list[tuple[int, str]]:
    rejects = parse(body, known).rejects
    return list(zip(rejects["line_number"].to_pylist(), rejects["reason"].to_pylist(), strict=True))


@pytest.mark.parametrize("known", ["auto", "common", "elb", "json", 'apache:%h %l %u %t "%r" %>s %b'])
def test_comments_are_no_faults(known: str) -> None:
    """Whoever keeps a log writes into it too; what begins with `#` and is no line of the format is no request."""
    parsed = parse(b"# kept by hand\n  #again\n\xef\xbb\xbf# and again\n", known)
    assert (parsed.rows.num_rows, parsed.rejects.num_rows) == (0, 0)


def test_a_plain_line_says_what_it_says() -> None:
    """All other tests change one thing in this line."""
    assert _row(GOOD) == {
        "line_number": 1, "ts": datetime(2026, 3, 2, 10, 15, tzinfo=UTC), "client_ip": "192.0.2.7", "client_port": None,
        "method": "GET", "target": "/jobs?page=2", "host": None, "status": 200, "bytes": 5120, "referer": "https://www.example.com/",
        "user": "jane", "user_agent": AGENT, "http_version": "1.1", "duration_ns": None, "account": None, "forwarded_for": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("client", "address", "port", "hops"),
    [
        ("192.0.2.7", "192.0.2.7", None, None),
        ("2001:db8::7", "2001:db8::7", None, None),
        ("[2001:db8::7]", "2001:db8::7", None, None),
        ("[2001:db8::7]:443", "2001:db8::7", 443, None),
        ("fe80::1%eth0", "fe80::1", None, None),
        ("192.0.2.7:40780", "192.0.2.7", 40780, None),
        ("ppp-7.isp.example.com", "ppp-7.isp.example.com", None, None),
        ("unix:", "unix:", None, None),
        ("-", None, None, None),
        ("10.0.0.2, 10.0.0.1", "10.0.0.2", None, "10.0.0.2, 10.0.0.1"),
        ("10.0.0.2,10.0.0.1", "10.0.0.2", None, "10.0.0.2, 10.0.0.1"),
        ("10.0.0.2, , 10.0.0.1", "10.0.0.2", None, "10.0.0.2, 10.0.0.1"),
        ('"10.0.0.2, 10.0.0.1" 192.0.2.1', "10.0.0.2", None, "10.0.0.2, 10.0.0.1, 192.0.2.1"),
    ],
)
@pytest.mark.parametrize("known", ["combined", "vhost_combined"])
def test_the_client_is_an_address_however_it_is_written(client: str, address: str | None, port: int | None, hops: str | None, known: str) -> None:
    """An address that keeps its port or zone would be another visitor each time."""
    if known == "vhost_combined" and client == "-":
        assert parse(f"www.example.com {GOOD.replace('192.0.2.7', client)}\n".encode(), known).rows.num_rows == 0
        return
    row = _row(("www.example.com:443 " if known == "vhost_combined" else "") + GOOD.replace("192.0.2.7", client), known)
    assert (row["client_ip"], row["client_port"], row["forwarded_for"]) == (address, port, hops)
    assert row["host"] == ("www.example.com" if known == "vhost_combined" else None)


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("GET / HTTP/1.1", ("GET", "/", "1.1")),
        ("PROPFIND /dav HTTP/2.0", ("PROPFIND", "/dav", "2.0")),
        ("PATCHp /jobs HTTP/3", ("PATCHp", "/jobs", "3")),
        ("GET /a b c HTTP/1.1", ("GET", "/a b c", "1.1")),
        ("GET http://www.example.com/x HTTP/1.1", ("GET", "http://www.example.com/x", "1.1")),
        ("CONNECT www.example.com:443 HTTP/1.1", ("CONNECT", "www.example.com:443", "1.1")),
        ("OPTIONS * HTTP/1.0", ("OPTIONS", "*", "1.0")),
        ("GET /straße?q=日本&r=שלום HTTP/1.1", ("GET", "/straße?q=日本&r=שלום", "1.1")),
        ("GET /%2520 HTTP/1.1", ("GET", "/%2520", "1.1")),
        (r"GET /a\"b\\c HTTP/1.1", ("GET", '/a"b\\c', "1.1")),
        (r"GET /\x22\xc3\xa9 HTTP/1.1", ("GET", '/"é', "1.1")),
        ("GET /old", ("GET", "/old", None)),
        ("-", (None, None, None)),
        ("", (None, None, None)),
        (r"\x16\x03\x01\x02", (None, None, None)),
        (r"GET / HTTP/1.1\n", (None, None, None)),
        ("GET  HTTP/1.1", (None, None, None)),
        ("OPTIONS / RTSP/1.0", (None, None, None)),
        ("hello", (None, None, None)),
    ],
)
def test_a_bad_request_is_a_good_line(request_line: str, expected: tuple[str | None, ...]) -> None:
    """A line that is dropped because its request is garbage would hide an attack."""
    row = _row(GOOD.replace("GET /jobs?page=2 HTTP/1.1", request_line))
    assert (row["method"], row["target"], row["http_version"]) == expected
    assert (row["status"], row["user_agent"]) == (200, AGENT)


@pytest.mark.parametrize(
    ("before", "after", "column", "value"),
    [
        (" 5120 ", " - ", "bytes", 0),
        (" 5120 ", " 999999999999 ", "bytes", 999999999999),
        (" 200 ", " - ", "status", None),
        (" 200 ", " 000 ", "status", 0),
        (" jane ", " - ", "user", None),
        (" jane ", " jane doe ", "user", "jane doe"),
        (" jane ", " jane [x] doe ", "user", "jane [x] doe"),
        (" jane ", ' "" ', "user", None),
        (f'"{AGENT}"', '"-"', "user_agent", None),
        (f'"{AGENT}"', r'"a \"quoted\" \x41gent"', "user_agent", 'a "quoted" Agent'),
        ('"https://www.example.com/"', '"-"', "referer", None),
        ("+0100]", "+0530]", "ts", datetime(2026, 3, 2, 5, 45, tzinfo=UTC)),
        ("+0100]", "-0230]", "ts", datetime(2026, 3, 2, 13, 45, tzinfo=UTC)),
        ("11:15:00", "11:15:00.250", "ts", datetime(2026, 3, 2, 10, 15, 0, 250000, tzinfo=UTC)),
        ("11:15:00", "11:15:60", "ts", datetime(2026, 3, 2, 10, 15, 59, tzinfo=UTC)),
        ("02/Mar/2026:11:15:00 +0100", "2026-03-02T11:15:00+01:00", "ts", datetime(2026, 3, 2, 10, 15, tzinfo=UTC)),
        (TAIL, TAIL + ' "198.51.100.9, 10.0.0.1"', "forwarded_for", "198.51.100.9, 10.0.0.1"),
        (TAIL, TAIL + ' "-"', "forwarded_for", None),
        (TAIL, TAIL + " 0.250", "duration_ns", 250_000_000),
        (TAIL, TAIL + f" {'9' * 30}.5", "duration_ns", None),
        (TAIL, TAIL + " 1234", "duration_ns", 1_234_000),
        (TAIL, TAIL + " 0/1234", "duration_ns", 1_234_000),
        (TAIL, TAIL + ' 421 0.250 "id"', "duration_ns", 250_000_000),
        (TAIL, TAIL + " \u0663", "duration_ns", None),
        (TAIL, TAIL + " \u0663.\u0663", "duration_ns", None),
    ],
)
def test_a_value_is_read_as_it_is_meant(before: str, after: str, column: str, value: object) -> None:
    """What servers write for nothing, for blanks and for quotes must not become a value."""
    assert before in GOOD
    assert _row(GOOD.replace(before, after))[column] == value


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (GOOD.replace("/Mar/", "/Mur/"), "bad_time"),
        (GOOD.replace("02/Mar", "31/Feb"), "bad_time"),
        (GOOD.replace("+0100]", "]").replace("[02/Mar/2026:11:15:00 ", "["), "bad_time"),
        (GOOD.replace("/2026:", "/1970:"), "out_of_range_time"),
        (GOOD.replace("/2026:", "/9999:"), "out_of_range_time"),
        (GOOD.replace(" 200 ", " abc "), "bad_status"),
        (GOOD.replace(" 200 ", " 2000 "), "bad_status"),
        (GOOD.replace(" 5120 ", " 5k "), "bad_size"),
        (GOOD.replace(" 5120 ", " -5 "), "bad_size"),
        (GOOD.replace(" 5120 ", " 9223372036854775808 "), "bad_size"),
        (GOOD.replace(" 5120 ", " 4111111111111111 "), "bad_size"),
        (GOOD[:-1], "no_match"),
        (GOOD[: GOOD.index(" 5120")], "no_match"),
        ("www.example.com " + GOOD, "no_match"),
        (GOOD.replace("GET", "G\0T")[:-1], "nul"),
        ("\0\0\0\0", "nul"),
        ("x" * ((1 << 20) + 1), "too_long"),
        (GOOD.replace(AGENT, "x" * (1 << 20)), "too_long"),
    ],
)
def test_a_refused_line_has_a_reason_and_spoils_no_neighbour(line: str, reason: str) -> None:
    """The quarantine must say why, and the lines before and after must be read."""
    body = f"{GOOD}\n{line}\n{GOOD}\n".encode()
    parsed = parse(body, "combined")
    assert parsed.rows["line_number"].to_pylist() == [1, 3]
    assert parsed.rejects.drop_columns(["shape"]).to_pylist() == [{"line_number": 2, "byte_offset": len(GOOD) + 1, "length": len(line), "reason": reason}]


def test_a_cut_first_and_a_cut_last_line_are_told_apart() -> None:
    """Rotation cuts a log at both ends; that is no fault of the format."""
    body = f"{GOOD[30:]}\n{GOOD}\n{GOOD[:40]}".encode()
    assert _reasons(body) == [(1, "truncated_first"), (3, "truncated_last")]


def test_an_open_last_line_that_parses_counts() -> None:
    """The last line of a whole file often has no line end."""
    assert parse(f"{GOOD}\n{GOOD}".encode(), "combined").rows.num_rows == 2


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        (b"\xef\xbb\xbf%b\n%b\n", [1, 2]),
        (b"%b\r\n%b\r\n", [1, 2]),
        (b"\n \n%b\n\t\n%b\n\n", [3, 5]),
        (b"\0\0\0\0%b\n%b\n", [1, 2]),
        (b"%b\n%b", [1, 2]),
    ],
)
def test_what_surrounds_a_line_does_not_matter(body: bytes, numbers: list[int]) -> None:
    """Windows line ends, a byte-order mark, blank lines and the NULs of a log cut in place are no faults."""
    parsed = parse(body % (GOOD.encode(), GOOD.encode()), "combined")
    assert (parsed.rows["line_number"].to_pylist(), parsed.rejects.num_rows) == (numbers, 0)
    assert parsed.rows["user_agent"].to_pylist() == [AGENT, AGENT]


def test_bytes_that_are_not_text_do_not_cost_the_line() -> None:
    """Scanners send any byte; offsets of later lines stay those of the file."""
    bad = GOOD.encode().replace(b"/jobs", b"/\xff\xfe\xc3")
    parsed = parse(bad + b"\n" + GOOD.encode() + b"\nbroken \xff\n", "combined")
    assert parsed.rows["target"].to_pylist() == ["/\ufffd\ufffd\ufffd?page=2", "/jobs?page=2"]
    assert parsed.rejects.drop_columns(["shape"]).to_pylist() == [{"line_number": 3, "byte_offset": len(bad) + len(GOOD) + 2, "length": 8, "reason": "bad_utf8"}]


def test_an_empty_log_has_the_columns_of_any_other() -> None:
    """What reads the tables must not care whether there are rows."""
    for known in ("auto", *(entry.name for entry in FORMATS)):
        parsed = parse(b"", known)
        assert (parsed.rows.schema, parsed.rejects.schema, parsed.rows.num_rows) == (ROWS, REJECTS, 0)


WITHOUT_BYTES = {
    "iis", "w3c", "zoraxy", "gin", "uvicorn", "fiber", "gitea", "tornado", "rails", "php_fpm", "couchdb", "spring", "tower", "ktor", "php", "koa",
}  # fmt: skip


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: str(entry.name))
def test_every_format_reads_its_example_and_is_detected_by_it(entry: Format) -> None:
    """`glasshouse formats` shows these lines; the request in them is always the same."""
    name, example = entry.name, entry.example
    for known in (name, "auto"):
        parsed = parse(example.encode() + b"\n", known)
        assert (parsed.rows.num_rows, parsed.rejects.num_rows, parsed.rows.schema) == (1, 0, ROWS)
        row = parsed.rows.to_pylist()[0]
        assert abs(row["ts"] - datetime(2026, 3, 2, 10, 15, tzinfo=UTC)) < timedelta(seconds=1)
        assert row["client_ip"] == (None if name in {"dotnet", "tower", "ktor", "koa"} else "192.0.2.7")
        assert row["target"] in ("/jobs?page=2", "/jobs")
        assert row["method"] == (None if name in {"bunny", "azure_storage"} else "GET")
        assert row["status"] == (None if name in {"apache_ssl_request", "rails"} else 200)
        assert row["bytes"] == (0 if name in WITHOUT_BYTES else 5120)
        assert row["host"] in (None, "www.example.com")


def test_an_unknown_format_is_a_fault_of_the_settings() -> None:
    """A misspelt name must not pass for detection."""
    with pytest.raises(SettingsError, match="no such log format"):
        parse(b"x\n", "cobmined")


def test_a_file_in_no_format_is_refused_line_by_line() -> None:
    """`auto` that finds nothing must not raise in the middle of a piece."""
    parsed = parse(b"hello\nworld\n")
    assert (parsed.rows.num_rows, parsed.rejects.num_rows) == (0, 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("a", "A"),
        ("ab", "AA"),
        ("abcd", "AA"),
        ("abcde", "AAA"),
        ("jane.doe@example.com", "AAA"),
        ('{"user": "jane", "n": 12}', '{"AA": "AA", "A": 99}'),
        ("192.0.2.7 - - [02/Mar]", "999 - - [99/AA]"),
        ("Größe 日本 ٣", "AAA AA 9"),
        ("<script>\t\x00", "AAA"),
        ("a1" * 100, "A9" * 32),
    ],
)
def test_a_shape_holds_no_text(text: str, expected: str) -> None:
    """The quarantine index is kept for a month: it may show the form of a line and nothing else."""
    assert shape(text) == expected


_WORDS = st.sampled_from(["-", "", "a", "jane", "a b", "10.0.0.1", "2001:db8::1", "[::1]:80", "1.2.3.4:5", "10.0.0.1,10.0.0.2", "x\\x41", '\\"', '"', "é", "\0", "200", "7"])
_REQUESTS = st.sampled_from(["GET / HTTP/1.1", "GET /a?b=c HTTP/2.0", "POST  HTTP/1.1", "-", "", "GET /", "\\x16", "GET /a b HTTP/1.0", "FOO /x HTTP/1.1", 'GET /" HTTP/1.1'])
_TIMES = st.sampled_from(["02/Mar/2026:11:15:00 +0100", "02/Mar/2026:11:15:00 -0930", "31/Feb/2026:11:15:00 +0000", "2026-03-02T11:15:00Z", "2/Mar/2026:1:15:00 +0100", "-"])
_STATUS = st.sampled_from(["200", "404", "-", "abc", "-1", "+5", "1000", "00"])
_SIZE = st.sampled_from(["0", "512", "-", "+7", "1e3", "9223372036854775808"])
_REST = st.sampled_from(["", ' "-"', " 0.5", " 12", ' "10.0.0.9"', "x", ' "a b" 1.5', " "])


@given(st.lists(st.tuples(_WORDS, _WORDS, _WORDS, _TIMES, _REQUESTS, _STATUS, _SIZE, _WORDS, _WORDS, _REST), min_size=1, max_size=30))
@settings(max_examples=150, deadline=None)
def test_columns_and_the_exact_pattern_agree(drawn: list[tuple[str, ...]]) -> None:
    """The fast path may leave a line to the exact one, but must never read it otherwise."""
    lines = split("".join('{} {} {} [{}] "{}" {} {} "{}" "{}"{}\n'.format(*words) for words in drawn).encode())
    layout = named("combined").layouts[0]
    for row in columns.rows(lines, layout, 0, len(lines)).to_pylist():
        exact = layout.row(lines.text(int(row["line_number"]) - 1))
        assert exact is not None
        table = pa.table([pa.array([value], kind) for value, kind in zip((row["line_number"], *exact), READ.types, strict=True)], schema=READ)
        assert table.to_pylist()[0] == row


@pytest.mark.parametrize(
    ("known", "line"),
    [
        ("combined", '192.0.2.7, - jane [02/Mar/2026:10:15:00 +0100] "GET /a HTTP/1.1" 200 5 "-" "-"'),
        ("combined", '192.0.2.7 ,x - [02/Mar/2026:10:15:00 +0100] "GET /a HTTP/1.1" 200 5 "-" "-"'),
        ("combined", '[192.0.2.7 - - [02/Mar/2026:10:15:00 +0100] "GET /a HTTP/1.1" 200 5 "-" "-"'),
        ("common", '192.0.2.7] - - [02/Mar/2026:10:15:00 +0100] "GET /a HTTP/1.1" 200 5'),
        ("common", '192.0\t.2.7 - - [02/Mar/2026:10:15:00 +0100] "GET /a HTTP/1.1" 200 5'),
        ("common", '192.0.2.7 - - [02/Mar/2026:1:\t15:00 +0100] "GET /a HTTP/1.1" 200 5'),
        ("common", '192.0.2.7 - - [02/Mar/2026:10:15:00 +0100] "GET \r/a HTTP/1.1" 200 5'),
        ("apache:%{%Y-%m-%dT%H:%M:%SZ}t %h %>s", "2026-03-02T0:15:00Z 192.0.2.7 200"),
        ('apache:%t %h "%r" %>s %D', '[02/Mar/2026:10:15:00 +0100] 192.0.2.7 "GET /a HTTP/1.1" 200 0.'),
        ('apache:%t %h "%r" %>s %D', '[02/Mar/2026:10:15:00 +0100] 192.0.2.7 "GET /a HTTP/1.1" 200 .5'),
        ("npmplus", '[02/Mar/2026:10:15:00 +0100] x] 192.0.2.7 0.005 "GET /a HTTP/1.1" 200 5 1 - -'),
        ("combined", f'192.0.2.7 - jane {TIME} "GET /a HTTP/1.1" 200 -0 {TAIL}'),
        ("combined", f'192.0.2.7 - jane {TIME} "GET /a HTTP/1.1" -0 5 {TAIL}'),
        ("common", f'192.0.2.7 - - {TIME} "GET /a HTTP/1.1" 200 {"5".zfill(20)}'),
        ("common", f'192.0.2.7 - - {TIME} "GET - HTTP/1.1" 200 5'),
        ("common", '192.0.2.7 - - [02/Mar/2026:10:15:00 +2400] "GET /a HTTP/1.1" 200 5'),
        ("common", '192.0.2.7 - - [02/Mar/2026:10:15:00 -9999] "GET /a HTTP/1.1" 200 5'),
        ("common", '192.0.2.7 - - [02/Mar/2026:10:15:00 +2359] "GET /a HTTP/1.1" 200 5'),
        ("common", f'[[192.0.2.7] - - {TIME} "GET /a HTTP/1.1" 200 5'),
        ("common", f'<190>192.0.2.7 - - {TIME} "GET /a HTTP/1.1" 200 5'),
        ("common", f':12:192.0.2.7 - - {TIME} "GET /a HTTP/1.1" 200 5'),
        ("common", f'\v192.0.2.7 - - {TIME} "GET /a HTTP/1.1" 200 5'),
        ("common", f'192.0.2.7 - - {TIME} "GET \u3000a HTTP/1.1" 200 5'),
        ("combined", f'192.0.2.7,192.0.2.8 - - {TIME} "GET /a HTTP/1.1" 200 5 {TAIL} "198.51.100.1"'),
        ("npmplus", f'{TIME} www.example.com 192.0.2.7,192.0.2.8 0.005 "GET /a HTTP/1.1" 200 5 1 - -'),
        ('apache:%t "%h" %s "%{X-Forwarded-For}i"', f'{TIME} "" 200 "198.51.100.1"'),
        ("apache_ssl_request", f'{TIME} 192.0.2.7,192.0.2.8 2001:db8::1 192.0.2.9 "GET /a HTTP/1.1" 5'),
        ('nginx:$time_iso8601 $remote_addr "$host" "$request" $status', '2026-03-02T10:15:00Z 192.0.2.7 "" "GET /a HTTP/1.1" 200'),
        ('nginx:$remote_addr:$remote_port [$time_iso8601] "$request" $status/$body_bytes_sent', '2001:db8::7:- [2026-03-02T10:5:0.5-09:30] "GET /a HTTP/1.1" -/-'),
        ("s3", f'{"7" * 65} bucket {TIME} 192.0.2.7 - 3E57 REST.GET.OBJECT a.txt "GET /a HTTP/1.1" 200 - 5 5 12 10 {TAIL} - h SigV4 E A www.example.com -'),
        ("artifactory", "2026-03-02T10:15:00.123Z|8601b555|192.0.2.7|jane|GT|/a|200|-1|5120|12|curl"),
        ("bunkerweb", f'www.example.com 192.0.2.7 - {"9" * 32} - {TIME[:-1]} "GET /a HTTP/1.1" 200 5 {TAIL}'),
        ("npm", f'{TIME} - - 200 - GET https www.example.com "/a" [Client 19]2.0.2.7] [Length 5] [Gzip -] [Sent-to -] "-" "-"'),
        ("traefik", f'{{x}} - jane {TIME} "GET /a HTTP/1.1" 200 5 {TAIL} 262 "web@docker" "-" 0ms'),
        ("alb", f'h2 2026-03-02T10:15:00.1Z app/x 192.0.2.7:1 - -1 -1 -1 200 - 5 5 "GET http://a.example:80 HTTP/1.1" "x" - - -{TAIL}'),
        ("apache_ssl_request", f'{TIME} 192.0.2.7 - - "GET \t/a HTTP/1.1" 5'),
        ("combined", f'192.0.2.7 - - {TIME} "GET /a HTTP/1.1" 200 5 "-" "Mozilla/5.0 (X1\x1b[0m1)" '),
        ("vhost_combined", f'INFO 192.0.2.7 - - {TIME} "GET /a HTTP/1.1" 200 5 {TAIL}'),
        ("gandi", f'DEBUG 192.0.2.7 - - {TIME} (12) "GET /a HTTP/1.1" 200 5 {TAIL}'),
        ('nginx:$remote_addr $time_iso8601 "$request" $request_uri $uri $status', '192.0.2.7 2026-03-02T10:15:00Z "-" - /p 200'),
        ("nginx:$remote_addr $time_iso8601 $request_method $request_uri $uri $status", "192.0.2.7 2026-03-02T10:15:00Z GET - /p 200"),
        ("nginx:$time_iso8601$request_method $remote_addr $status", "2026-03-02T10:15:00ZGET 192.0.2.7 200"),
        ("nginx:$remote_addr $remote_port$upstream_status $time_iso8601 $status", "192.0.2.7 80- 2026-03-02T10:15:00Z 200"),
        ('nginx:$uri,[$time_local] $status"$remote_addr:$remote_port', f'/p,{TIME} 200"192.0.2.7 192.0.2.9'),
        ("apache:%h %b %t %{%Y-%m-%d}t", f"192.0.2.7 - {TIME} x"),
        ("json", '{"time":"2026-03-02T10:15:00Z","remote_addr":"192.0.2.7","path":"/a","status":200,"duration":-0.0}'),
        ("json", '{"time":"2026-03-02T10:15:00Z","remote_addr":"192.0.2.7","method":"GET","path":"GET /a HTTP/2.0","request":"/a","query":"b","status":200}'),
        ("json", '{"time":"2026-03-02T10:15:00Z","remote_addr":"192.0.2.7","request":"GET - HTTP/1.1","status":200}'),
        ("json", '{"time":"2026-03-02T10:15:00Z","remote_addr":"192.0.2.7","request":"GET /a\\nb HTTP/1.1","status":200}'),
        ("json", '{"time":"2026-03-02T10:15:00Z","remote_addr":"192.0.2.7","request":"GET \u00a0/a HTTP/1.1","status":200}'),
    ],
)
def test_many_odd_lines_say_what_one_says(known: str, line: str) -> None:
    """What is written oddly is left to the exact pattern, among many lines too."""
    one, many = (parse((line + "\n").encode() * count, known) for count in (1, 200))
    assert many.rows.drop_columns("line_number").to_pylist() == one.rows.drop_columns("line_number").to_pylist() * 200
    assert many.rejects.num_rows == one.rejects.num_rows * 200


@pytest.mark.parametrize(
    ("layout", "line"),
    [
        (_ELASTIC, f'192.0.2.7 (-) - - {TIME} "GET /a HTTP/1.1" 200 5 {TAIL} "198.51.100.1"'),
        (_ELASTIC, f'192.0.2.7 () - jane {TIME} "GET /a HTTP/1.1" 200 5 {TAIL} "198.51.100.1"'),
        (GIN[1], "2026-03-02T10:15:00Z|200|1ms|192.0.2.7|GET|/a"),
        (nginx("$remote_addr [$time_local] $upstream_status $request_id $http_user_agent"), f"192.0.2.7 {TIME} 200 : 500 x"),
    ],
    ids=["a dash for a list", "nothing for a list", "too large an automaton", "a list before a word"],
)
def test_what_a_layout_cannot_tell_of_many_lines_says_what_one_says(layout: Layout, line: str) -> None:
    """Layouts that only very large files are read by are no less careful."""
    found = decoded(columns.rows(split(f"{line}\n".encode() * 200), layout, 0, 200)).drop_columns("line_number").to_pylist()
    row = layout.row(line)
    assert [list(each.values())[1:] for each in found] in ([], [[*(row or ())][1:]] * 200)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ("date time c-ip cs-uri-stem cs-host", "2026-03-02\t10:15:00\t192.0.2.7\t/a\twww.example.com "),
        ("date time c-ip cs-uri-stem c-port", "2026-03-02\t10:15:00\t192.0.2.7\t/a\t40780 "),
        ("date time c-ip cs-uri-stem x-forwarded-for", "2026-03-02\t10:15:00\t192.0.2.7\t/a\t198.51.100.1 198.51.100.2"),
        ("date time c-ip cs-uri-stem x-forwarded-for", "2026-03-02\t10:15:00\t192.0.2.7\t/a\t198.51.100.1, 198.51.100.2"),
        ("date time c-ip cs-uri-stem c-port", "2026-03-02 10:15:00 192.0.2.7 /a -0"),
    ],
)
def test_many_odd_lines_of_w3c_say_what_one_says(fields: str, line: str) -> None:
    """Between tabs a text may hold blanks, those around a line are none of it, and a number has no sign."""
    one, many = (parse((f"#Fields: {fields}\n" + f"{line}\n" * count).encode(), "w3c") for count in (1, 200))
    assert many.rows.drop_columns("line_number").to_pylist() == one.rows.drop_columns("line_number").to_pylist() * 200
    assert many.rejects.num_rows == one.rejects.num_rows * 200


@given(st.binary(max_size=400), st.sampled_from([entry.name for entry in FORMATS]))
@settings(max_examples=300, deadline=None)
def test_every_line_is_accounted_for(body: bytes, known: str) -> None:
    """That lines = parsed + quarantined + blank: no line may vanish or count twice, whatever it holds."""
    parsed = parse(body, known)
    numbers = parsed.rows["line_number"].to_pylist() + parsed.rejects["line_number"].to_pylist()
    assert len(numbers) == len(set(numbers))
    lines = body.split(b"\n")
    for number in set(range(1, len(lines) + 1)) - set(numbers):
        line = lines[number - 1].decode("utf-8", "replace").lstrip("\ufeff").strip()
        assert not line or line.startswith("#")
    for reject in parsed.rejects.to_pylist():
        assert body[reject["byte_offset"] :][: reject["length"]] == lines[reject["line_number"] - 1].rstrip(b"\r\n")


@pytest.mark.parametrize(
    "line",
    [
        "192.0.2.7 - " + " [" * 20_000,
        "www.example.com 192.0.2.7" + ", ,  192.0.2.7" * 3_000 + "x",
        "192.0.2.7" + ",  " * 10_000 + "x",
        "1." * 20_000 + "x",
        f"192.0.2.7 - a {TIME} " + '"' * 40_000,
        f'192.0.2.7 - a {TIME} "' + "\\" * 40_000,
        GOOD + " " + ":" * 40_000,
        "192.0.2.7 - a" + ' [x] "" ' * 5_000,
        '{"a":' * 900 + "1" + "}" * 900,
        "192.0.2.7, " * 10_000,
        '"192.0.2.7" [x] ' * 8_000,
        f"2026/03/02 10:15:00 [2026-03-02 10:15:00.1] [router:x] [origin:y] [client: 192.0.2.7] [useragent: {'] A ' * 20_000}",
    ],
)
@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: str(entry.name))
def test_no_line_takes_long(line: str, entry: Format) -> None:
    """Whoever can write into a log must not be able to stop its reading; an ambiguous pattern would run for hours."""
    begun = time.process_time()
    parsed = parse(line.encode() + b"\n", entry.name)
    assert parsed.rows.num_rows + parsed.rejects.num_rows == 1
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("line", ["192.0.2.7, " * 2_000, "[x] " * 10_000, "a|" * 20_000, "a " * 20_000, "1 : " * 10_000, "?" * 40_000])
@pytest.mark.parametrize(
    "known",
    [
        "nginx:$remote_addr $time_local $request $http_user_agent $upstream_addr $upstream_status $http_x_forwarded_for x",
        "nginx:[$request] [$http_user_agent] ($http_referer) $remote_user [$time_local]",
        "nginx:$http_user_agent|$http_referer|$request|$remote_user|$status!",
        "apache:%{%Y%m%d%H%M%S}t %U%q %r %u x",
        'apache:"%U%q" %m %f%R%s x',
    ],
)
def test_no_line_takes_long_in_a_format_of_ones_own(line: str, known: str) -> None:
    """Whoever writes a format need not know that two fields with nothing between them can be told apart in many ways."""
    begun = time.process_time()
    parsed = parse(line.encode() + b"\n", known)
    assert parsed.rows.num_rows + parsed.rejects.num_rows == 1
    assert time.process_time() - begun < 5


HUGE = ["5555555555554444", "999999999999", "9223372036854775807"]


@pytest.mark.parametrize("huge", HUGE)
@pytest.mark.parametrize(("known", "line"), [
    ("apache:%h %t %>s %D", "192.0.2.7 {time} 200 {huge}"),
    ("apache:%h %t %>s %T", "192.0.2.7 {time} 200 {huge}"),
    ("json", '{{"time": "2026-03-02T10:15:00Z", "method": "GET", "duration_s": {huge}}}'),
    ("json", '{{"time": "2026-03-02T10:15:00Z", "method": "GET", "duration_s": "{huge}"}}'),
    ("json", '{{"time": "2026-03-02T10:15:00Z", "method": "GET", "request_time": "{huge}.5"}}'),
])  # fmt: skip
def test_a_time_of_more_than_a_day_is_none(known: str, line: str, huge: str) -> None:
    """One line of a broken clock must not stop a run, and a number of a person in this place must not be kept."""
    body = (line.format(time=TIME, huge=huge) + "\n").encode()
    for count in (1, FEWEST_LINES):
        assert parse(body * count, known).rows["duration_ns"].to_pylist() == [None] * count


def test_a_day_is_the_longest_time() -> None:
    """Both sides of the boundary, line by line and in columns."""
    for milliseconds, expected in ((86_400_000, 86_400 * 10**9), (86_400_001, None)):
        body = f'{{"time": "2026-03-02T10:15:00Z", "method": "GET", "duration_ms": {milliseconds}}}\n'.encode()
        for count in (1, FEWEST_LINES):
            assert set(parse(body * count, "json").rows["duration_ns"].to_pylist()) == {expected}


@pytest.mark.parametrize(("size", "is_read"), [("999999999999", True), ("1000000000000", False), ("4222222222222", False), ("5555555555554444", False)])
def test_a_number_in_the_place_of_the_size_is_no_size(size: str, is_read: bool) -> None:
    """Nothing is a terabyte long; a card's number has thirteen digits and more."""
    lines = [GOOD.replace(" 5120 ", f" {size} "), f'{{"time": "2026-03-02T10:15:00Z", "method": "GET", "bytes": {size}}}']
    for line, known in zip(lines, ("combined", "json"), strict=True):
        for count in (1, FEWEST_LINES):
            parsed = parse(f"{line}\n".encode() * count, known)
            assert (parsed.rows.num_rows, set(parsed.rejects["reason"].to_pylist())) == ((count, set()) if is_read else (0, {"bad_size"}))
