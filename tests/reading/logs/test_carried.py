"""Lines behind what carried them say what they say alone: a head taken for a client makes one visitor of all."""

import json
from datetime import UTC, datetime

import pytest

from dagster_project.reading.logs import FORMATS, parse
from dagster_project.reading.logs.detect import detect
from dagster_project.reading.logs.formats import Format
from dagster_project.reading.logs.promising import FEWEST_LINES
from tests.sampling import sampled

HEADS = [
    "Mar  2 10:15:00 web1 nginx: ",
    "Mar 12 10:15:00 web1 nginx[123]: ",
    "<190>Mar 12 10:15:00 nginx: ",
    "Mar 12 2026 10:15:00 2001:db8::1 nginx[123]: ",
    "2026-03-12T10:15:00.123456+01:00 web1.example.com (nginx)[1]: ",
    "2026-03-12 10:15:00 web1 app[web.1]: ",
    "<190>1 2026-03-12T10:15:00.123Z web1 nginx 123 - - ",
    '<190>1 2026-03-12T10:15:00Z web1 nginx - ID47 [a@1 x="]"][b@1 y="z"] \ufeff',
    "<158>1 2026-03-12T10:15:00.123456+00:00 host app web.1 - ",
    "212 <190>1 2026-03-12T10:15:00.123Z web1 nginx 123 - - ",
    "2026-03-12T10:15:00.123456789Z stdout F ",
    "2026-03-12T10:15:00.123456789Z ",
    "web_1  | ",
    "web-1 | ",
    "\x1b[32mweb_1  |\x1b[0m ",
    "[pod/web-5d/nginx] ",
    "Mar 12 10:15:00 web1 docker-compose[12]: web_1  | ",
]
CARRIERS: list[dict[str, object]] = [
    {"log": "", "stream": "stdout", "time": "2026-03-12T10:15:00Z"},
    {"stream": "stdout", "log": "", "time": "2026-03-12T10:15:00Z", "kubernetes": {"pod_name": "web-5d"}},
    {"@timestamp": "2026-03-12T10:15:00Z", "path": "/var/log/access.log", "host": "web1", "message": ""},
    {"timestamp": "2026-03-12T10:15:00Z", "status": "info", "service": "web", "message": ""},
    {"__REALTIME_TIMESTAMP": "1773310500000000", "MESSAGE": ""},
    {"textPayload": "", "timestamp": "2026-03-12T10:15:00Z"},
    {"TimeGenerated": "2026-03-12T10:15:00Z", "ContainerID": "1", "LogEntry": ""},
    {"EventReceivedTime": "2026-03-12 10:15:00", "Message": ""},
]
TIMELESS = 'INFO:     192.0.2.7:40780 - "GET /jobs HTTP/1.1" 200 OK'
WHOLE = [entry for entry in FORMATS if not entry.parts]


IIS_FIELDS = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken"
W3C = [(entry.name, [f"#Fields: {IIS_FIELDS}"] * (entry.name == "iis") + ["#Version: 1.0", *entry.example.split("\n")]) for entry in FORMATS if entry.parts]


@pytest.mark.parametrize(
    "carrier",
    [
        {"date": 1772446500.123, "log": TIMELESS},
        {"time": 1772446500.123, "host": "web1", "event": TIMELESS},
        {"id": "1", "timestamp": 1772446500123, "message": TIMELESS},
        {"__REALTIME_TIMESTAMP": "1772446500123000", "MESSAGE": TIMELESS},
        {"preview": False, "result": {"_time": "2026-03-02T10:15:00.123+00:00", "_raw": TIMELESS}},
        {"_index": "a", "_source": {"@timestamp": "2026-03-02T10:15:00.123Z", "message": TIMELESS}},
        {"id": "1", "attributes": {"timestamp": "2026-03-02T10:15:00.123Z", "service": "web", "message": TIMELESS}},
        {"id": "1", "content": {"timestamp": "2026-03-02T10:15:00.123Z", "host": "web1", "message": TIMELESS}},
        {"time": "2026-03-02T10:15:00.123Z", "category": "kube", "properties": {"log": TIMELESS, "stream": "stdout"}},
    ],
)
def test_a_line_without_a_time_has_that_of_its_carrier_in_whatever_form(carrier: dict[str, object]) -> None:
    """A request without a time belongs to no day and would be refused."""
    rows = parse(json.dumps(carrier).encode() + b"\n").rows.to_pylist()
    assert [(row["ts"], row["client_ip"], row["target"]) for row in rows] == [(datetime(2026, 3, 2, 10, 15, 0, 123000, tzinfo=UTC), "192.0.2.7", "/jobs")]


def test_what_a_head_names_is_no_client() -> None:
    """A line that names no client, or a socket, must not take the pod that wrote it for one."""
    request = '[02/Mar/2026:10:15:00 +0000] "-" 408 - "-" "-"'
    for head in ("[pod/web-5d/nginx] ", "2026-03-12T10:15:00.123456789Z "):
        found = [parse(f"{head}{line}\n".encode()).rows["client_ip"].to_pylist() for line in (f"- - - {request}", f"unix: - - {request}")]
        assert found == [[None], ["unix:"]]
    cached = '[02/Mar/2026:10:15:00 +0000] 200 - GET https www.example.com "/jobs" [Client 192.0.2.7] [Length 5] [Gzip -] "Mozilla/5.0 (X11)" "-"'
    assert parse(f"[pod/web-5d/nginx] {cached}\n".encode()).rows["client_ip"].to_pylist() == ["192.0.2.7"]


def _carried(carrier: dict[str, object], line: str) -> str:
    return json.dumps({key: value or f"{line}\n" for key, value in carrier.items()})


THIRDS = sampled(((place, entry) for entry in WHOLE for place in range(3)), lambda place: place // 3 % 3 == place % 3)


@pytest.mark.parametrize(("third", "entry"), THIRDS, ids=lambda value: str(getattr(value, "name", value)))
def test_a_carried_line_says_what_it_says_alone(third: int, entry: Format) -> None:
    """Each of these heads is written by what many servers log through. In CI each format is behind a third of them, each of them before a third of the formats."""
    alone = parse(f"{entry.example}\n".encode(), entry.name).rows
    for line in [*(head + entry.example for head in HEADS), *(_carried(carrier, entry.example) for carrier in CARRIERS)][third::3]:
        assert detect(f"{line}\n".encode()).format == entry.name
        assert parse(f"{line}\n".encode()).rows.equals(alone), line[:40]
        many = parse(f"{line}\n".encode() * FEWEST_LINES).rows.drop_columns("line_number")
        assert many.slice(FEWEST_LINES - 1).equals(alone.drop_columns("line_number"))


@pytest.mark.parametrize(("known", "lines"), W3C)
def test_a_carried_w3c_log_has_the_fields_that_its_carried_directives_name(known: str, lines: list[str]) -> None:
    """A shipper puts its head before every line of a file, `#Fields` and comments too."""
    alone = parse("".join(f"{line}\n" for line in lines).encode())
    assert (alone.rows.num_rows, alone.rejects.num_rows) == (1, 0)
    carriers = [*("".join(f"{head}{line}\n" for line in lines) for head in HEADS), *("".join(f"{_carried(carrier, line)}\n" for line in lines) for carrier in CARRIERS)]
    for body in carriers:
        parsed = parse(body.encode())
        assert detect(body.encode()).format == known
        assert (parsed.rows.equals(alone.rows), parsed.rejects.num_rows) == (True, 0), body[:40]


def test_an_agent_that_looks_like_a_directive_is_none() -> None:
    """What a client sends must not change what the fields of all lines after it are."""
    line = '192.0.2.7 - - [02/Mar/2026:10:15:00 +0000] "GET / HTTP/1.1" 200 5 "-" "{}"'
    fields = "#Fields: date time c-ip cs-method cs-uri-stem sc-status cs(User-Agent)\n"
    assert parse(f'{fields}2026-03-02 10:15:00 192.0.2.7 GET / 200 "#Fields: c-ip"\n2026-03-02 10:15:00 192.0.2.7 GET / 200 -\n'.encode(), "w3c").rows["status"].to_pylist() == [
        200,
        200,
    ]
    assert parse(line.format("#Fields: c-ip").encode() + b"\n" + line.format("x").encode()).rows.num_rows == 2


@pytest.mark.parametrize("head", ["nginx: ", "Mar 12 10:15:00 web1 access_log ", "2026-03-12T10:15:00+00:00 web1.example.com nginx "])
def test_a_head_of_no_known_kind_is_neither_client_nor_host(head: str) -> None:
    """A refused file is named, a misread one only counts wrongly."""
    for entry in WHOLE:
        assert parse(f"{head}{entry.example}\n".encode()).rows.num_rows == 0, entry.name


CARRIED_HOST = 'web1.example.com - - [02/Mar/2026:10:15:00 +0000] "GET / HTTP/1.1" 200 5'
LOGGERS = [
    "2026-03-02 10:15:00.123  INFO 12 --- [ctor-http-nio-2] reactor.netty.http.server.AccessLog      : ",
    "2026-03-02T10:15:00.123Z  INFO 12 --- [shop] [ctor-http-nio-2] r.n.h.s.AccessLog                        : ",
    "2026-03-02 10:15:00,123 INFO  [io.quarkus.http.access-log] (executor-thread-1) ",
    "2026-03-02 10:15:00.123 [http-nio-8080-exec-1] DEBUG a.b.AccessLog - ",
    "2026-03-02 10:15:00,123 - werkzeug - INFO - ",
    "[2026-03-02 10:15:00,123] INFO in _internal: ",
    "2026-03-02 10:15:00,123 12 INFO shop werkzeug: ",
    "[2026-03-02T10:15:00Z INFO  actix_web::middleware::logger] ",
]


@pytest.mark.parametrize("head", LOGGERS)
def test_what_a_logger_puts_before_a_line_is_no_part_of_it(head: str) -> None:
    """Its level taken for the client, and the client for a user, all requests would be one person's, with the addresses of all others in the place of names."""
    for entry in WHOLE:
        if entry.name in ("common", "combined"):
            alone = parse(f"{entry.example}\n".encode()).rows
            many = parse(f"{head}{entry.example}\n".encode() * FEWEST_LINES).rows
            assert parse(f"{head}{entry.example}\n".encode()).rows.equals(alone)
            assert many.slice(FEWEST_LINES - 1).drop_columns("line_number").equals(alone.drop_columns("line_number"))
    assert parse(f"{head}{TIMELESS.removeprefix('INFO:     ')}\n".encode()).rows["ts"].to_pylist()[0].isoformat()[:19] == "2026-03-02T10:15:00"


@pytest.mark.parametrize("head", LOGGERS)
@pytest.mark.parametrize(
    "line", ['web1.example.com - - [02/Mar/2026:10:15:00 +0000] "GET / HTTP/1.1" 200 5', 'called {"method": "GET", "url": "https://www.example.com/a", "status": 200}']
)
def test_what_a_logger_says_else_is_no_request(head: str, line: str) -> None:
    """A host name behind it is told from its own words by nothing; an object may be of a request that the application made itself."""
    assert parse(f"{head}{line}\n".encode()).rows.num_rows == 0


def test_what_an_application_says_of_itself_is_no_request() -> None:
    """The message of a shipper without a line in it, and the file that it read, are neither."""
    record = {"time": "2026-03-12T10:15:00Z", "path": "/var/log/app.log", "host": "web1", "message": "started"}
    good = json.dumps({"time": "2026-03-12T10:15:00Z", "remote_addr": "192.0.2.7", "path": "/jobs"})
    for count in (1, FEWEST_LINES):
        parsed = parse(f"{good}\n{json.dumps(record)}\n".encode() * count, "json")
        assert parsed.rows["target"].to_pylist() == ["/jobs"] * count
        assert parsed.rejects["reason"].to_pylist() == ["field_missing"] * count
