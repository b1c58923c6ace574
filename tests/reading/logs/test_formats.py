"""Formats with rules of their own: W3C fields that change, JSON by any names, LogFormat and log_format strings."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from dagster_project.errors import SettingsError
from dagster_project.reading.logs import FORMATS, header_of, parse, parse_claims
from dagster_project.reading.logs.detect import detect
from dagster_project.reading.logs.formats import Format
from dagster_project.reading.logs.promising import FEWEST_LINES
from dagster_project.reading.logs.records.json_columns import FEWEST_ALIKE
from dagster_project.reading.logs.values.row import NO_REQUEST

INSTANT = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)


def _row(line: str, known: str = "auto", header: bytes | None = None) -> dict[str, object]:
    parsed = parse(line.encode() + b"\n", known, header)
    assert (parsed.rows.num_rows, parsed.rejects["reason"].to_pylist()) == (1, [])
    # Many lines take the fast path, which must say the same.
    many = parse((line.encode() + b"\n") * FEWEST_LINES, known, header).rows.drop_columns("line_number")
    assert many.equals(pa.concat_tables([parsed.rows.drop_columns("line_number")] * FEWEST_LINES))
    return dict(parsed.rows.to_pylist()[0])


IIS_HEADER = b"#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status sc-bytes time-taken cs(User-Agent) cs-username"


def test_iis_joins_stem_and_query_and_undoes_its_blanks() -> None:
    """IIS writes blanks as +, the query in a field of its own and times in ms."""
    row = _row("2026-03-02 10:15:00 ::1%0 GET /jobs page=2+3 200 5120 15 Mozilla/5.0+(X11) Jane+Doe", "iis", IIS_HEADER)
    assert (row["ts"], row["client_ip"], row["target"], row["bytes"]) == (INSTANT, "::1", "/jobs?page=2+3", 5120)
    assert (row["user_agent"], row["user"], row["duration_ns"]) == ("Mozilla/5.0 (X11)", "Jane Doe", 15_000_000)


def test_w3c_fields_may_change_in_the_middle_of_a_file() -> None:
    """IIS writes new directives whenever it restarts."""
    body = (
        b"#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time c-ip cs-method cs-uri-stem sc-status\r\n"
        b"2026-03-02 10:15:00 192.0.2.7 GET /a 200\r\n"
        b"#Date: 2026-03-02 10:16:00\r\n#Fields: date time cs-method cs-uri-stem sc-status c-ip\r\n"
        b"2026-03-02 10:16:00 POST /b 201 192.0.2.8\r\n"
        b"2026-03-02 10:16:00 POST /b 201\r\n"
    )
    parsed = parse(body)
    assert parsed.rows.select(["line_number", "client_ip", "target", "status"]).to_pylist() == [
        {"line_number": 3, "client_ip": "192.0.2.7", "target": "/a", "status": 200},
        {"line_number": 6, "client_ip": "192.0.2.8", "target": "/b", "status": 201},
    ]
    assert parsed.rejects["reason"].to_pylist() == ["field_count"]
    assert header_of(body, None) == b"#Fields: date time cs-method cs-uri-stem sc-status c-ip"
    assert header_of(b"2026-03-02 10:16:00 POST /b 201\n", b"#Fields: date") == b"#Fields: date"


def test_a_later_piece_is_read_with_the_header_of_an_earlier_one() -> None:
    """A large file is read in pieces, and only the first of them holds the directives."""
    header = header_of(b"#Fields: date time cs-method cs-uri-stem sc-status c-ip\r\n", None)
    assert _row("2026-03-02 10:15:00 GET /b 201 192.0.2.8", "w3c", header)["target"] == "/b"


OF_A_DAY = "#Version: 1.0\n#Date: {}\n#Fields: time c-ip cs-method cs-uri\n{}"


@pytest.mark.parametrize("date", ["2026-03-02 00:00:01", "02-Mar-2026 00:00:01", "2026-03-02"])
@pytest.mark.parametrize("count", [1, FEWEST_LINES])
def test_times_without_a_date_are_of_the_day_of_the_last_date_directive(date: str, count: int) -> None:
    """As the working draft of W3C and IIS's first fields have it; the draft writes the month in letters."""
    line = "10:15:00 192.0.2.7 GET /jobs?page=2\n"
    body = (OF_A_DAY.format(date, line * count) + "#Date: 2026-03-03 00:00:01\n" + line).encode()
    parsed = parse(body)
    assert parsed.rows["ts"].to_pylist() == [INSTANT] * count + [INSTANT + timedelta(days=1)]
    assert not parsed.rejects.num_rows
    assert parse(line.encode(), "w3c", header_of(body, None)).rows["ts"].to_pylist() == [INSTANT + timedelta(days=1)]


def test_times_of_no_day_are_refused() -> None:
    """A time of a day alone is no instant."""
    body = OF_A_DAY.replace("#Date: {}\n", "").format("10:15:00 192.0.2.7 GET /jobs\n").encode()
    assert parse(body, "w3c").rejects["reason"].to_pylist() == ["bad_time"]
    assert header_of(b"#Date: 2026-03-02 00:00:01\n", header_of(body, None)) == b"#Date: 2026-03-02 00:00:01\n#Fields: time c-ip cs-method cs-uri"


@pytest.mark.parametrize("count", [1, FEWEST_LINES])
@pytest.mark.parametrize("fields", ["c-ip cs-method cs-uri", "x-time c-ip cs-method cs-uri"])
def test_a_date_directive_is_no_time_of_lines_that_have_none(fields: str, count: int) -> None:
    """A day alone is no instant, and the request is said all the same."""
    line = "192.0.2.7 GET /jobs?page=2\n" if fields.startswith("c-ip") else "10:15:00 192.0.2.7 GET /jobs?page=2\n"
    said = [parse(f"{date}#Fields: {fields}\n{line * count}".encode(), "w3c").rows.drop_columns("line_number") for date in ("", "#Date: 2026-03-02 00:00:01\n")]
    assert said[0].equals(said[1])
    assert said[0]["target"].to_pylist() == ["/jobs?page=2"] * count


@pytest.mark.parametrize(
    "line",
    [
        "2026-03-02 10:15:00 198.51.100.4 GET /jobs page=2 443 - 192.0.2.7 Mozilla/5.0+(X11) - 200 0 0 15",
        "2026-03-02 10:15:00 198.51.100.4 GET /jobs page=2 443 - 192.0.2.7 Mozilla/5.0+(X11) 200 0 0 15",
        "2026-03-02 10:15:00 198.51.100.4 GET /jobs page=2 443 - 192.0.2.7 Mozilla/5.0+(X11) 200 0 0",
        "2026-03-02 10:15:00 W3SVC1 web1 198.51.100.4 GET /jobs page=2 443 - 192.0.2.7 HTTP/1.1 Mozilla/5.0+(X11) - - www.example.com 200 0 0 5120 99 15",
    ],
)
def test_iis_without_its_head_is_read_in_its_default_orders(line: str) -> None:
    """Rotation cuts the directives off."""
    row = _row(line)
    assert (row["client_ip"], row["target"], row["status"], row["user_agent"]) == ("192.0.2.7", "/jobs?page=2", 200, "Mozilla/5.0 (X11)")


def test_iis_without_its_head_reads_no_status_as_a_host() -> None:
    """A line of other fields, written before a setting was changed, must not be read by those of its neighbours."""
    with_host = "2026-03-02 10:15:00 198.51.100.4 GET /jobs - 443 - 192.0.2.7 Mozilla/5.0+(X11) a=b https://www.example.org/ www.example.com 200 0 0 5120 99 15"
    with_proxy = "2026-03-02 10:15:00 198.51.100.4 GET /jobs - 443 - 192.0.2.7 Mozilla/5.0+(X11) a=b https://www.example.org/ 200 0 0 5120 99 15 203.0.113.9"
    rows = parse(f"{with_host}\n{with_proxy}\n".encode()).rows.to_pylist()
    assert [(row["host"], row["status"], row["bytes"]) for row in rows] == [("www.example.com", 200, 5120), (None, 200, 5120)]


def test_cloudfront_agents_are_decoded_once_or_twice() -> None:
    """CloudFront encodes agents, in older files twice; its times are seconds, its host the viewer's."""
    example = next(entry.example for entry in FORMATS if entry.name == "cloudfront")
    for written in ("Mozilla/5.0%20(X11)", "Mozilla/5.0%2520(X11)"):
        row = _row(example.replace("Mozilla/5.0%20(X11)", written))
        assert (row["user_agent"], row["duration_ns"], row["host"]) == ("Mozilla/5.0 (X11)", 12_000_000, "www.example.com")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            {"@timestamp": "2026-03-02T11:15:00+01:00", "remote_addr": "192.0.2.7", "request": "GET /a?b=c HTTP/2.0", "status": "200",
             "body_bytes_sent": "7", "bytes_sent": 90, "request_time": "0.250", "http_user_agent": "x", "http_referrer": "-",
             "http_x_forwarded_for": "10.0.0.1"},
            {"method": "GET", "target": "/a?b=c", "http_version": "2.0", "status": 200, "bytes": 7, "duration_ns": 250_000_000, "user_agent": "x",
             "referer": None, "forwarded_for": "10.0.0.1"},
        ),
        (
            {"time": "2026-03-02T10:15:00.000Z", "method": "GET", "path": "/jobs", "controller": "JobsController", "status": 200, "duration": 12.5,
             "remote_ip": "192.0.2.7", "user_id": 42, "account_id": "a-1", "ua": "x", "params": [{"key": "q", "value": "secret"}], "meta": {"user": "jane"}},
            {"method": "GET", "target": "/jobs", "duration_ns": 12_500_000, "user": "42", "account": "a-1", "user_agent": "x"},
        ),
        (
            {"timeUnixNano": "1772446500000000000", "attributes": [{"key": "http.request.method", "value": {"stringValue": "POST"}},
             {"key": "url.path", "value": {"stringValue": "/v1"}}, {"key": "url.query", "value": {"stringValue": "a=b"}},
             {"key": "http.response.status_code", "value": {"intValue": "201"}}, {"key": "client.address", "value": {"stringValue": "192.0.2.7"}}]},
            {"method": "POST", "target": "/v1?a=b", "status": 201},
        ),
        (
            {"timestamp": "2026-03-02T10:15:00Z", "attributes": {"http.request.method": "GET", "url.full": "https://www.example.com/v1?a=b",
             "client.address": "192.0.2.7", "enduser.id": "u-1", "tenant.id": "t-1", "user_agent.original": "x"}, "duration_ms": 3},
            {"method": "GET", "target": "/v1?a=b", "host": "www.example.com", "user": "u-1", "account": "t-1", "duration_ns": 3_000_000},
        ),
        (
            {"ts": 1772446500.0, "logger": "http.log.access", "request": {"remote_ip": "192.0.2.7", "remote_port": "40780", "proto": "HTTP/2.0",
             "method": "GET", "host": "www.example.com:443", "uri": "/jobs", "headers": {"User-Agent": ["x"], "Cookie": ["secret"]}},
             "user_id": "", "duration": 0.25, "size": 7, "status": 200, "resp_headers": {}},
            {"client_port": 40780, "host": "www.example.com", "user": None, "duration_ns": 250_000_000, "bytes": 7, "user_agent": "x"},
        ),
        (
            {"ClientAddr": "192.0.2.7:40780", "ClientHost": "192.0.2.7", "DownstreamContentSize": 7, "DownstreamStatus": 200, "Duration": 2001375,
             "RequestHost": "www.example.com", "RequestMethod": "GET", "RequestPath": "/jobs", "RequestProtocol": "HTTP/1.1",
             "StartUTC": "2026-03-02T10:15:00.000000001Z", "time": "2026-03-02T10:16:00Z"},
            {"target": "/jobs", "duration_ns": 2_001_375, "bytes": 7},
        ),
        (
            {"msec": "1772446500.000", "client": "192.0.2.7", "verb": "GET", "uri": "/jobs", "args": "a=b", "status": 499, "bytes": -1, "latency": "1.5s"},
            {"target": "/jobs?a=b", "status": 499, "bytes": 0, "duration_ns": 1_500_000_000},
        ),
        (
            {"ts": 1772446500.0, "request": {"remote_addr": "192.0.2.7:40780", "method": "GET", "uri": "/jobs"}, "latency": 0.25, "size": 7, "status": 200, "resp_headers": {}},
            {"client_port": 40780, "duration_ns": 250_000_000, "bytes": 7},
        ),
        (
            {"timestamp": "2026-03-02T10:15:00.000000+0000", "event_type": "http", "src_ip": "192.0.2.7", "src_port": 40780, "dest_ip": "198.51.100.1",
             "http": {"hostname": "www.example.com", "url": "/a?b=c", "http_user_agent": "x", "http_method": "GET", "http_refer": "https://www.example.org/",
                      "protocol": "HTTP/1.1", "status": 200, "length": 7}},
            {"client_port": 40780, "method": "GET", "target": "/a?b=c", "host": "www.example.com", "status": 200, "bytes": 7, "user_agent": "x",
             "referer": "https://www.example.org/", "http_version": "1.1"},
        ),
    ],
    ids=["nginx", "rails", "otlp", "opentelemetry", "caddy", "traefik", "short", "old caddy", "suricata"],
)  # fmt: skip
def test_json_is_read_by_the_names_in_use(record: dict[str, object], expected: dict[str, object]) -> None:
    """Every framework has names and units of its own; what has no name here is dropped."""
    row = _row(json.dumps(record))
    assert (row["ts"], row["client_ip"]) == (INSTANT, "192.0.2.7")
    assert {name: row[name] for name in expected} == expected
    assert "secret" not in str(row)


CARRIED = '192.0.2.7 - - [02/Mar/2026:11:15:00 +0100] "GET /jobs?page=2 HTTP/1.1" 200 7 "-" "x"'


@pytest.mark.parametrize(
    "head",
    [
        "Mar  2 10:15:01 web1 ",
        "<134>2026-03-02T10:15:01Z web1 ",
        "2026-03-02T10:15:01.123456789Z ",
        "web-1  | 2026-03-02T10:15:01.123456789Z ",
        "web1.example.com nginx: ",
        "[pod/web-5d4f8-x2x/nginx] ",
    ],
)
@pytest.mark.parametrize("line", [CARRIED, json.dumps({"time": "2026-03-02T10:15:00Z", "remote_addr": "192.0.2.7", "request": "GET /jobs?page=2 HTTP/1.1", "status": 200})])
def test_a_head_without_a_program_or_a_time_passes_for_no_client_or_host(head: str, line: str) -> None:
    """Read as a host or a user it would make every request one of a site that does not exist."""
    row = _row(head + line)
    assert (row["ts"], row["client_ip"], row["host"], row["user"], row["target"]) == (INSTANT, "192.0.2.7", None, None, "/jobs?page=2")


@pytest.mark.parametrize("line", [CARRIED, "web1 nginx: " + CARRIED, json.dumps({"time": "2026-03-02T10:15:00Z", "client": "192.0.2.7", "method": "GET", "uri": "/jobs?page=2"})])
@pytest.mark.parametrize(
    ("key", "others"),
    [
        ("log", {"stream": "stdout", "time": "2026-03-02T10:15:01.123456789Z"}),
        ("log", {"date": 1772446501.5, "kubernetes": {"pod_name": "web-5d4f8-x2x"}}),
        ("message", {"@timestamp": "2026-03-02T10:15:01.123Z", "log": {"offset": 7, "file": {"path": "/var/log/a.log"}}, "host": {"name": "web1"}}),
        ("MESSAGE", {"__REALTIME_TIMESTAMP": "1772446501000000", "SYSLOG_IDENTIFIER": "nginx"}),
        ("textPayload", {"timestamp": "2026-03-02T10:15:01Z", "resource": {"type": "k8s_container"}}),
        ("line", {"timestamp": "2026-03-02T10:15:01Z"}),
    ],
)
def test_json_that_holds_a_line_stands_for_it(key: str, others: dict[str, object], line: str) -> None:
    """Shippers put the line before or behind what they know of it; their time is when they read it."""
    for record in ({key: line + "\n", **others}, {**others, key: line}):
        row = _row(json.dumps(record))
        assert (row["ts"], row["client_ip"], row["host"], row["method"], row["target"]) == (INSTANT, "192.0.2.7", None, "GET", "/jobs?page=2")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"time": "2026-03-02T10:15:00Z", ', "json_error"),
        ('["2026-03-02T10:15:00Z"]', "json_not_object"),
        ("42", "json_not_object"),
        ('{"time": "2026-03-02T10:15:00Z", "level": "info"}', "field_missing"),
        ('{"method": "GET", "path": "/"}', "field_missing"),
        ('{"time": "yesterday", "method": "GET"}', "bad_time"),
        ('{"time": "2026-03-02T10:15:00Z", "status": 200}', "field_missing"),
        ('{"time": "2026-03-02T10:15:00Z", "target": "db1", "msg": "in step"}', "field_missing"),
        ('{"time": "2026-03-02T10:15:00Z", "method": "GET", "status": "ok"}', "bad_status"),
        ('{"date": "2026-03-02", "method": "GET", "path": "/"}', "bad_time"),
        ('{"time": "2026-03-02T10:15:00Z", "method": "with_retries", "msg": "timeout is set"}', "field_missing"),
        ('{"time": "2026-03-02T10:15:00Z", "request": "https://www.example.com/", "msg": "bad reputation"}', "field_missing"),
        ('{"time": "2026-03-02T10:15:00Z", "client_ip": "192.0.2.7", "resource": "com.example.Feed", "action": "UPDATE"}', "field_missing"),
        ('{"time": "2026-03-02T10:15:00Z", "source": {"ip": "192.0.2.7"}, "event": {"code": 22}}', "field_missing"),
        ('{"time": "2026-03-02T10:15:00Z", "path": "C:\\\\a.exe", "status": 2}', "field_missing"),
    ],
)
def test_json_that_is_no_request_is_refused_with_a_reason(line: str, reason: str) -> None:
    """An application's other messages must not become requests, whether one by one or in columns."""
    good = '{"time": "2026-03-02T10:15:00Z", "method": "GET", "path": "/"}'
    for count in (1, FEWEST_ALIKE):
        parsed = parse("\n".join([good, *[line] * count, good, ""]).encode(), "json")
        assert (parsed.rows.num_rows, parsed.rejects["reason"].to_pylist()) == (2, [reason] * count)


@pytest.mark.parametrize(
    "record",
    [
        {"timeStamp": "2026-03-02T10:15:00Z", "category": "ApplicationGatewayFirewallLog",
         "properties": {"clientIp": "192.0.2.7", "requestUri": "/a", "ruleSetType": "OWASP", "ruleId": "920350", "action": "Matched", "hostname": "www.example.com"}},
        {"time": "2026-03-02T10:15:00Z", "category": "FrontDoorWebApplicationFirewallLog",
         "properties": {"clientIP": "192.0.2.7", "requestUri": "https://www.example.com/a", "ruleName": "x", "action": "Block", "policyMode": "prevention"}},
        {"TimeGenerated": "2026-03-02T10:15:00Z", "Category": "ApplicationGatewayFirewallLog", "clientIp_s": "192.0.2.7", "requestUri_s": "/a", "ruleSetType_s": "OWASP"},
        {"level": "error", "ts": 1772446500.1, "logger": "http.log.error", "msg": "refused", "duration": 0.25, "status": 502, "err_id": "x", "err_trace": "y",
         "request": {"remote_ip": "192.0.2.7", "method": "GET", "host": "www.example.com", "uri": "/a", "headers": {}}},
        {"@t": "2026-03-02T10:15:00.1234567Z", "@mt": "Job {Id} loaded", "Id": 7, "RequestId": "0HM", "RequestPath": "/a"},
        {"@t": "2026-03-02T10:15:00.1234567Z", "@mt": "Executing {Name}, setting status {StatusCode}", "StatusCode": 200, "RequestPath": "/a", "ClientIp": "192.0.2.7"},
        {"@t": "2026-03-02T10:15:00.1234567Z", "@mt": "Request starting {Protocol} {Method}", "Protocol": "HTTP/1.1", "Method": "GET", "Host": "www.example.com", "Path": "/a"},
        {"Timestamp": "2026-03-02T10:15:00.123Z ", "EventId": 1, "LogLevel": "Information", "Category": "Microsoft.AspNetCore.Hosting.Diagnostics", "State": {
            "Protocol": "HTTP/1.1", "Method": "GET", "Scheme": "https", "Host": "www.example.com", "PathBase": "", "Path": "/a", "{OriginalFormat}": "Request starting"}},
        {"timestamp": "2026-03-02T10:15:00.123456Z", "level": "DEBUG", "fields": {"message": "started processing request"}, "target": "tower_http::trace::on_request",
         "span": {"method": "GET", "uri": "/a", "version": "HTTP/1.1", "name": "request"}, "spans": [{"method": "GET", "uri": "/a", "name": "request"}]},
        {"timestamp": "2026-03-02T10:15:00.123456Z", "level": "DEBUG", "fields": {"message": "done", "status": 200}, "target": "shop::jobs", "span": {"name": "job"}},
        {"timestamp": "2026-03-02T10:15:00.123456Z", "level": "INFO", "fields": {"message": "done", "status": 200}, "target": "shop::jobs"},
        {"timestamp": "2026-03-02T10:15:00.000000+0000", "event_type": "fileinfo", "src_ip": "198.51.100.4", "dest_ip": "192.0.2.7", "proto": "TCP",
         "http": {"hostname": "www.example.com", "url": "/a", "http_method": "GET", "status": 200}, "fileinfo": {"filename": "/a", "size": 7}},
        {"timestamp": "2026-03-02T10:15:00.000000+0000", "event_type": "alert", "src_ip": "192.0.2.7", "dest_ip": "198.51.100.4", "alert": {"signature_id": 1, "severity": 2},
         "http": {"hostname": "www.example.com", "url": "/a", "http_method": "GET", "status": 200}},
        {"time": "2026-03-02T10:15:00Z", "category": "AZFWApplicationRule", "properties": {"SourceIp": "192.0.2.7", "Fqdn": "www.example.com", "Action": "Allow"}},
    ],
)  # fmt: skip
def test_what_else_is_said_of_a_request_is_none(record: dict[str, object]) -> None:
    """The access log holds the request already; each rule that it met, and its error, would count it once more."""
    good = json.dumps({"time": "2026-03-02T10:15:00Z", "client": "192.0.2.7", "method": "GET", "uri": "/jobs"})
    for count in (1, FEWEST_LINES):
        parsed = parse(f"{good}\n{json.dumps(record)}\n".encode() * count)
        assert (parsed.rows["target"].to_pylist(), parsed.rejects["reason"].to_pylist()) == (["/jobs"] * count, ["field_missing"] * count)


OTHERS = [
    ("json", '{"level":30,"time":1772446500012,"res":{"statusCode":200},"responseTime":12.5,"msg":"request completed"}'),
    ("json", '{"time":"2026-03-02T10:15:00Z","level":"info","msg":"Server listening at http://127.0.0.1:3000"}'),
    ("logfmt", 'ts=2026-03-02T10:15:00Z level=info msg="in step" peers=3'),
    ("rails", "Processing by JobsController#index as HTML"),
    ("rails", "I, [2026-03-02T10:15:00.123456 #12]  INFO -- : [8601b555] Completed 200 OK in 12ms (Views: 10.0ms)"),
    ("rails", '  Parameters: {"page"=>"2"}'),
    ("uvicorn", "INFO:     Application startup complete."),
    ("gin", "[GIN-debug] Listening and serving HTTP on :8080"),
    ("gitea", "2026/03/02 10:15:00 cmd/web.go:242:runWeb() [I] Starting Gitea on PID: 12"),
    ("dotnet", "2026-03-02 10:15:00.123 +00:00 [INF] Request starting HTTP/1.1 GET https://www.example.com/jobs?page=2 - null null"),
    ("dotnet", "2026-03-02 10:15:00.123 +00:00 [DBG] Job 7 loaded"),
    ("dotnet", "info: Microsoft.AspNetCore.Hosting.Diagnostics[2]"),
    ("tower", "2026-03-02T10:15:00.123456Z DEBUG request{method=GET uri=/jobs?page=2 version=HTTP/1.1}: tower_http::trace::on_request: started processing request"),
    ("ktor", "2026-03-02 10:15:00.123 [main] INFO  ktor.application - Responding at http://0.0.0.0:8080"),
    ("sanic", "[2026-03-02 10:15:00 +0000] [12] [INFO] Starting worker [12]"),
    ("synapse", "2026-03-02 10:15:00,123 - synapse.storage.txn - 460 - INFO - GET-12 - done"),
    ("php", "[Mon Mar  2 10:15:00 2026] 192.0.2.7:40780 Accepted"),
    ("koa", "2026-03-02T10:15:00.123456789Z stdout F <-- GET /jobs?page=2"),
    ("google_storage", '"time_micros","c_ip","c_ip_type"'),
    ("heroku", "2026-03-02T10:15:00.123456+00:00 heroku[web.1]: State changed from starting to up"),
    ("bitbucket", '192.0.2.7 | https | i@8601b555x615x1x0 | - | 2026-03-02 10:15:00,123 | "GET /jobs HTTP/1.1" | "" "x" | - | - | - | - | - | - | '),
]  # fmt: skip


@pytest.mark.parametrize(("known", "line"), OTHERS)
def test_what_a_server_says_between_requests_is_told_from_lines_that_are_broken(known: str, line: str) -> None:
    """Each request has such a line or several; counted as faults they would refuse the file."""
    good = next(entry.example for entry in FORMATS if entry.name == known)
    for count in (1, FEWEST_LINES):
        body = f"{good}\n{line}\n".encode() * count
        assert detect(body).format == known
        assert parse_claims(body).rejects["reason"].to_pylist() == [NO_REQUEST] * count
    assert parse(f"{good}\n{line}\n".encode()).rejects["reason"].to_pylist() == ["field_missing"]


@pytest.mark.parametrize(
    ("known", "line", "reason"),
    [
        ("json", '{"time":"2026-03-02T10:15:00Z","verbo":"GET","ruta":"/a"}', "field_missing"),
        ("json", '{"time":"2026-03-02T10:15:00Z","url":"/a","took":1}', "field_missing"),
        ("json", '{"time":"yesterday","msg":"up"}', "bad_time"),
        ("json", '{"level":"info","msg":"up"}', "field_missing"),
        ("json", '{"@timestamp":"2026-03-02T10:15:00Z","message":"192.0.2.7 > GET /a HTTP/1.1 < 200"}', "field_missing"),
        ("rails", "Started to hang", "no_match"),
        ("dotnet", "2026-03-02 10:15:00.123 +00:00 [INF] HTTP GET /jobs responded", "no_match"),
        ("dotnet", "2026-03-02 10:15:00.123 +00:00 [INF] Request finished HTTP/1.1 GET https://www.example.com/jobs", "no_match"),
        ("tower", "2026-03-02T10:15:00.123456Z DEBUG request{uri=/jobs}: tower_http::trace::on_response: finished processing request", "no_match"),
    ],
)
def test_what_may_be_a_request_counts_as_refused(known: str, line: str, reason: str) -> None:
    """A log of other names than those in use must not pass for one without faults."""
    good = next(entry.example for entry in FORMATS if entry.name == known)
    assert parse_claims(f"{good}\n{line}\n{good}\n".encode()).rejects["reason"].to_pylist() == [reason]


@pytest.mark.parametrize("message", ["Completed 200 OK in 12ms", '{"level":"info","msg":"up","status":200}', "status=200 path=/var/log/a.log", '{"method":"GET"}'])
@pytest.mark.parametrize("head", ["I, [2026-03-02T10:15:00.123456 #12]  INFO -- : ", "2026-03-02T10:15:00.123Z stdout F "])
def test_a_message_does_not_become_a_request_by_the_time_before_it(head: str, message: str) -> None:
    """A line without a time has that of its head, but only where it says a method and a target."""
    assert parse(f"{head}{message}\n".encode()).rows.num_rows == 0


def test_connections_of_a_network_load_balancer_are_no_requests() -> None:
    """They say nothing of HTTP, and one may carry any number of requests."""
    line = "tls 2.0 2026-03-02T10:15:00 net/web/1 x 192.0.2.7:40780 198.51.100.4:443 5 2 98 512 - arn:aws:acm:x - ECDHE tlsv12 - www.example.com - - - 2026-03-02T10:15:00\n"
    assert detect(line.encode()).format is None


@pytest.mark.parametrize("told", [{"method": "GET"}, {"url": "/a", "status": 200}, {"url": "/a", "client": "192.0.2.7"}, {"status": 400, "client": "192.0.2.7"}])
def test_json_that_says_two_things_of_a_request_is_one(told: dict[str, object]) -> None:
    """Not every server logs all; the columns must not ask for more than the exact reading."""
    line = json.dumps({"time": "2026-03-02T10:15:00Z", **told}) + "\n"
    for count in (1, FEWEST_LINES):
        assert parse(line.encode() * count).rows.num_rows == count


def test_nginx_escapes_in_json_are_read() -> None:
    """Without `escape=json` nginx writes what JSON does not allow."""
    row = _row(r'{"time": "2026-03-02T10:15:00Z", "request": "GET /\x22a HTTP/1.1", "status": 200}')
    assert row["target"] == '/"a'


@pytest.mark.parametrize(
    ("known", "line", "expected"),
    [
        ('apache:%h %l %u %t \\"%r\\" %>s %b', '192.0.2.7 - - [02/Mar/2026:10:15:00 +0000] "GET /a HTTP/1.1" 200 7', {"target": "/a", "bytes": 7}),
        (
            'apache:%v:%p %h %l %u %t "%r" %>s %O %D "%{Referer}i" "%{User-Agent}i" "%{X-Forwarded-For}i"',
            'www.example.com:443 192.0.2.7 - - [02/Mar/2026:10:15:00 +0000] "GET /a HTTP/1.1" 200 7 1500 "-" "x" "10.0.0.1"',
            {"host": "www.example.com", "bytes": 7, "duration_ns": 1_500_000, "forwarded_for": "10.0.0.1"},
        ),
        (
            "apache:%{%Y-%m-%d %H:%M:%S}t.%{msec_frac}t %{%z}t %a:%{remote}p %m %U%q %H %>s %{ms}T",
            "2026-03-02 11:15:00.250 +0100 192.0.2.7:40780 GET /a?b=c HTTP/1.1 404 12",
            {"ts": INSTANT.replace(microsecond=250_000), "client_port": 40780, "target": "/a?b=c", "http_version": "1.1", "duration_ns": 12_000_000},
        ),
        (
            "nginx:$remote_addr|$time_iso8601|$request|$status|$http_user_agent|$http_referer",
            "192.0.2.7|2026-03-02T10:15:00Z|GET /a b HTTP/1.1|200|Mozilla/5.0 (X11)|-",
            {"ts": INSTANT, "target": "/a b", "user_agent": "Mozilla/5.0 (X11)", "referer": None},
        ),
        ('apache:%h %l %u %t \\"%r\\" \\"%>s\\" \\"%b\\"', '192.0.2.7 - - [02/Mar/2026:10:15:00 +0000] "GET /a HTTP/1.1" "304" "-"', {"status": 304, "bytes": 0}),
        (
            'nginx:"$remote_addr" "$time_local" "$request" "$status" "$body_bytes_sent" "$request_time"',
            '"192.0.2.7" "02/Mar/2026:10:15:00 +0000" "GET /a HTTP/1.1" "200" "7" "0.250"',
            {"ts": INSTANT, "status": 200, "bytes": 7, "duration_ns": 250_000_000},
        ),
        ("apache:%{sec}t %h %m %U %s", "1772446500 192.0.2.7 GET /a 200", {"ts": INSTANT, "target": "/a"}),
        ("apache:%h 100%% %t %r", "192.0.2.7 100% [02/Mar/2026:10:15:00 +0000] GET /a HTTP/1.1", {"target": "/a"}),
        (
            'nginx:$remote_addr [$time_iso8601] $host "$request" $status $body_bytes_sent $request_time $upstream_response_time "$http_user_agent"',
            '192.0.2.7 [2026-03-02T11:15:00+01:00] www.example.com "GET /a HTTP/1.1" 200 7 0.250 0.1, 0.2 "x"',
            {"ts": INSTANT, "host": "www.example.com", "duration_ns": 250_000_000, "user_agent": "x"},
        ),
        (
            'nginx:$remote_addr [$time_iso8601] "$request" $status [$upstream_addr, $upstream_status]|$upstream_response_time;$request_time',
            '192.0.2.7 [2026-03-02T10:15:00Z] "GET /a HTTP/1.1" 200 [198.51.100.4:80, 200]|0.1;0.250',
            {"ts": INSTANT, "duration_ns": 250_000_000},
        ),
        (
            "nginx:log_format main '$remote_addr - $remote_user [$time_local] '\n '\"$request_method $request_uri\" $status ${body_bytes_sent}b';",
            '192.0.2.7 - jane doe [02/Mar/2026:10:15:00 +0000] "GET /a?b" 200 7b',
            {"user": "jane doe", "target": "/a?b", "bytes": 7},
        ),
        (
            'nginx:{"t":"$msec","ip":"$remote_addr","r":"$request","s":$status}',
            '{"t":"1772446500.000","ip":"192.0.2.7","r":"GET /\\"a\\u00e9 HTTP/1.1","s":200}',
            {"ts": INSTANT, "target": '/"aé', "status": 200},
        ),
    ],
)
def test_a_format_of_ones_own_is_read_as_the_server_writes_it(known: str, line: str, expected: dict[str, object]) -> None:
    """Whoever changed LogFormat or log_format gives that very string."""
    row = _row(line, known)
    assert row["client_ip"] == "192.0.2.7"
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize("known", ["apache:no directive", "nginx:no variable", "apache:", "nothing", "combined+nothing", "combined+w3c", "combined+"])
def test_a_format_that_does_not_exist_or_names_no_field_is_a_fault_of_the_settings(known: str) -> None:
    """Every line would be refused; better say so at once."""
    with pytest.raises(SettingsError):
        parse(b"x\n", known)


def test_times_of_a_load_balancer_are_added_up() -> None:
    """ALB gives three parts; -1 stands for a part that never was."""
    example = next(entry.example for entry in FORMATS if entry.name == "alb")
    assert _row(example)["duration_ns"] == 13_000_000
    assert _row(example.replace("0.001 0.012 0.000", "-1 -1 -1"))["duration_ns"] is None


def test_detection_gives_confidence_and_the_lines_it_refuses() -> None:
    """`glasshouse detect` must show on which lines a format fails."""
    combined = next(entry.example for entry in FORMATS if entry.name == "combined")
    found = detect(f"{combined}\nbroken\n{combined}\n\n{combined}\n".encode())
    assert (found.format, found.confidence, found.refused_lines) == ("combined", 0.75, (2,))


def test_detection_looks_at_the_first_hundred_lines_only() -> None:
    """A file whose first 100 lines all fail is in the wrong format, whatever comes later."""
    combined = next(entry.example for entry in FORMATS if entry.name == "combined")
    found = detect(b"broken\n" * 100 + f"{combined}\n".encode() * 100)
    assert (found.format, found.confidence) == (None, 0.0)


def test_detection_does_not_mind_a_head_that_ends_within_a_line() -> None:
    """The head of a file is cut by bytes."""
    combined = next(entry.example for entry in FORMATS if entry.name == "combined")
    assert detect(f"{combined}\n{combined[:50]}".encode()).confidence == 1


@pytest.mark.parametrize("known", ["vhost_combined", "bunkerweb", "ovh", "gandi"])
def test_a_damaged_line_does_not_make_a_file_one_of_a_poorer_format(known: str) -> None:
    """Read as common, a log that begins with one cut line would lose the referrers and agents of all its lines."""
    example = next(entry.example for entry in FORMATS if entry.name == known)
    for length in range(len(example) // 2, len(example), 3):
        assert str(detect(f"{example[:length]}\n{example}\n{example}\n".encode()).format).split("+")[0] == known


@pytest.mark.parametrize(
    ("best", "others", "known"),
    [
        ("combined", ["vhost_combined"], "combined+vhost_combined"),
        ("combined", ["common", "vhost_combined"], "combined+vhost_combined+common"),
        ("combined", ["vhost_common", "apache_ssl_request", "apache_ssl_request"], "combined+apache_ssl_request+vhost_common"),
        ("combined", ["json"], "combined+json"),
        ("vhost_combined", ["combined"], "vhost_combined+combined"),
        ("json", ["combined"], "json+combined"),
        ("traefik", ["common"], "traefik+common"),
        ("alb", ["combined"], "alb+combined"),
    ],
)
def test_a_file_of_several_formats_is_read_by_each_of_them(best: str, others: list[str], known: str) -> None:
    """Virtual hosts and containers may share a file and log in their own ways; kept to one format, all but one of them would be refused."""
    examples = {entry.name: entry.example for entry in FORMATS}
    body = "\n".join([examples[best]] * 5 + [examples[name] for name in others] + ["broken"] + [examples[best]]).encode() + b"\n"
    found = detect(body)
    assert (found.format, found.refused_lines) == (known, (6 + len(others),))
    rows = parse(body).rows.drop_columns("line_number").to_pylist()
    alone = {name: parse(examples[name].encode() + b"\n").rows.drop_columns("line_number").to_pylist() for name in (best, *others)}
    assert rows == alone[best] * 5 + [alone[name][0] for name in others] + alone[best]
    many = parse(body * FEWEST_LINES, known).rows.drop_columns("line_number").to_pylist()
    assert many == rows * FEWEST_LINES


@pytest.mark.parametrize(("known", "cuts"), [("vhost_combined", ["192.0.2.7", "92.0.2.7"]), ("bunkerweb", ["192.0.2.7", "92.0.2.7", " - 95386"]), ("ovh", [" www.example.com"])])
def test_a_line_whose_begin_was_cut_off_is_none_of_a_poorer_format(known: str, cuts: list[str]) -> None:
    """Rotation cuts a file's first line anywhere: what is left of it must make no client or user."""
    example = next(entry.example for entry in FORMATS if entry.name == known)
    for cut in cuts:
        body = f"{example[example.index(cut) :]}\n{example}\n{example}\n".encode()
        assert (detect(body).format, detect(body).refused_lines) == (known, (1,))
        assert parse(body).rejects["reason"].to_pylist() == ["truncated_first"]


def test_one_stray_tab_makes_no_w3c_log_one_with_tabs() -> None:
    """What stands between the fields is what stands there in most lines."""
    fields, line = b"#Fields: date time c-ip cs-method cs-uri-stem sc-status\n", b"2026-03-02 10:15:00 192.0.2.7 GET /jobs 200\n"
    for body, read in ((fields + line + line.replace(b"7 ", b"7\t") + line * 2, 4), (fields + line.replace(b" ", b"\t") * 2 + line, 3), (b"\xef\xbb\xbf" + fields + line, 1)):
        assert parse(body).rows.num_rows == read


def test_nothing_is_detected_in_nothing() -> None:
    """An empty file has no format, and that is no error."""
    assert detect(b"").format is None


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: str(entry.name))
def test_each_format_is_detected_by_its_own_name(entry: Format) -> None:
    """The name stands in the ledger of inputs; CloudFront's log must not go down there as one of IIS."""
    assert detect(entry.example.encode() + b"\n").format == entry.name


def test_formats_that_name_no_time_say_none() -> None:
    """An hour without its day is no instant; the line still counts as what else it says."""
    row = parse(b"11:15:00 200\n", "apache:%{%H:%M:%S}t %s").rows.to_pylist()[0]
    assert (row["ts"], row["status"]) == (None, 200)


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: str(entry.name))
def test_the_page_of_formats_shows_a_line_of_each(entry: Format) -> None:
    """Who wonders which format a log is in compares lines."""
    page = (Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")
    assert f"`{entry.name}`" in page
    assert all(line in page for line in entry.example.split("\n"))


@pytest.mark.parametrize("known", ["envoy", "traefik"])
def test_a_proxy_that_writes_text_or_json_may_be_named_for_both(known: str) -> None:
    """The name in the settings is that of the proxy; which of the two it writes is its own setting."""
    text = next(entry.example for entry in FORMATS if entry.name == known).encode() + b"\n"
    line = b'{"start_time": "2026-03-02T10:15:00Z", "method": "GET", "path": "/jobs", "response_code": 200, "bytes_sent": 5120}\n'
    for times in (1, FEWEST_LINES):
        assert parse(text * times + line * times, known).rows["status"].to_pylist() == [200] * 2 * times
        assert parse(line * times + text * times, known).rows["status"].to_pylist() == [200] * 2 * times


@pytest.mark.parametrize("known", ["apache", "nginx"])
def test_a_family_reads_lines_of_all_its_formats_in_one_file(known: str) -> None:
    """Sites of one server often log differently into the same file."""
    names = ("combined", "common", "vhost_combined", "vhost_common")
    body = "\n".join(entry.example for entry in FORMATS if entry.name in names)
    assert parse(body.encode(), known).rows["host"].to_pylist().count("www.example.com") == 2
    assert parse(body.encode(), known).rejects.num_rows == 0


def test_a_cookie_never_passes_for_a_referrer() -> None:
    """Of IIS fields without their names the first line may not say which they are; a cookie holds sessions."""
    start, end = "2026-03-02 10:15:00 198.51.100.4 GET /jobs - 443 - 192.0.2.7 Mozilla/5.0+(X11)", "200 0 0 15"
    cookies = "\n".join(f"{start} {middle} {end}" for middle in ("-", "session=abc;+to=https://www.example.com/", "-"))
    assert parse(cookies.encode()).rows["referer"].to_pylist() == [None] * 3
    referrers = "\n".join(f"{start} {middle} {end}" for middle in ("-", "https://www.example.com/?a=b", "-"))
    assert parse(referrers.encode()).rows["referer"].to_pylist() == [None, "https://www.example.com/?a=b", None]
    hosts = "\n".join(f"{start} {middle} {end}" for middle in ("- -", "- www.example.com", "session=abc -"))
    assert parse(hosts.encode()).rows.select(["host", "referer"]).to_pylist()[1:] == [{"host": "www.example.com", "referer": None}, {"host": None, "referer": None}]


CALLER = '192.0.2.7 - - [02/Mar/2026:10:15:00 +0000] "GET /jobs HTTP/1.1" 200 5120 "{}" "{}"'
CALLED = {"time": "2026-03-02T10:15:00Z", "remote_addr": "192.0.2.7", "method": "GET", "path": "/jobs", "status": 200}


@pytest.mark.parametrize(
    ("known", "line", "told"),
    [
        (r'apache:%h %l %u %t "%r" %>s %b "%{CF-Connecting-IP}i" "%{X-Real-IP}i"', CALLER.format("198.51.100.9", "203.0.113.5"), "198.51.100.9"),
        (r'apache:%h %l %u %t "%r" %>s %b "%{x-real-ip}i" "%{cf-connecting-ip}i"', CALLER.format("203.0.113.5", "198.51.100.9"), "198.51.100.9"),
        (r'apache:%h %l %u %t "%r" %>s %b "%{CF-Connecting-IP}i" "%{X-Real-IP}i"', CALLER.format("-", "203.0.113.5"), "203.0.113.5"),
        (r'apache:%h %l %u %t "%r" %>s %b "%{True-Client-IP}i" "%{Fly-Client-IP}i"', CALLER.format("198.51.100.9", "203.0.113.5"), None),
        ('nginx:$remote_addr - - [$time_local] "$request" $status $body_bytes_sent "$http_cf_connecting_ip" "$http_accept"', CALLER.format("198.51.100.9", "x"), "198.51.100.9"),
        ("w3c", "2026-03-02 10:15:00 192.0.2.7 GET /jobs 200 198.51.100.9", "198.51.100.9"),
        ("json", json.dumps(CALLED | {"http_cf_connecting_ip": "198.51.100.9"}), "198.51.100.9"),
        ("json", json.dumps(CALLED | {"request": {"headers": {"Cf-Connecting-Ip": ["198.51.100.9"]}}}), "198.51.100.9"),
        ("json", json.dumps(CALLED | {"x-real-ip": "203.0.113.5", "CF-Connecting-IP": "198.51.100.9"}), "198.51.100.9"),
        ("json:time=time", json.dumps(CALLED | {"headers": {"x_real_ip": "203.0.113.5"}}), "203.0.113.5"),
        ("json", json.dumps(CALLED | {"true_client_ip": "198.51.100.9"}), None),
        ("json", json.dumps(CALLED), None),
    ],
)
def test_a_header_that_settings_name_is_delivered(known: str, line: str, told: str | None) -> None:
    """Behind a content network every address is its own: only its header says who asked, and only settings say which that is."""
    header = b"#Fields: date time c-ip cs-method cs-uri sc-status cs(CF-Connecting-IP)" if known == "w3c" else None
    for count in (1, FEWEST_LINES):
        body = f"{line}\n".encode() * count
        claims = parse_claims(body, known, header, ("CF-Connecting-IP", "X-Real-IP")).rows
        assert claims.select(["client_ip", "client_header"]).to_pylist() == [{"client_ip": "192.0.2.7", "client_header": told}] * count
        assert set(parse_claims(body, known, header).rows.column("client_header").to_pylist()) == {None}
        if known == "json":
            assert parse_claims(body, "combined+json", header, ("CF-Connecting-IP", "X-Real-IP")).rows["client_header"].to_pylist() == [told] * count


@pytest.mark.parametrize(
    ("client", "ending", "listed", "forwarded"),
    [
        ("192.0.2.7", "", None, None),
        ("192.0.2.7", ' "192.0.2.7, 10.0.0.1"', None, "192.0.2.7, 10.0.0.1"),
        ("192.0.2.7, 10.0.0.1", "", "192.0.2.7, 10.0.0.1", "192.0.2.7, 10.0.0.1"),
        ('"192.0.2.7, 10.0.0.1" 10.0.0.2', "", "192.0.2.7, 10.0.0.1, 10.0.0.2", "192.0.2.7, 10.0.0.1, 10.0.0.2"),
    ],
)
def test_a_list_in_the_clients_place_is_told_from_a_header(client: str, ending: str, listed: str | None, forwarded: str | None) -> None:
    """A header is what the client wrote, its own field what the server saw: alike to look at, and worlds apart."""
    line = f'{client} - - [02/Mar/2026:10:15:00 +0000] "GET / HTTP/1.1" 200 5 "-" "-"{ending}\n'.encode()
    for count in (1, FEWEST_LINES):
        rows = parse_claims(line * count, "combined").rows.select(["client_ip", "client_list", "forwarded_for"]).to_pylist()
        assert rows == [{"client_ip": "192.0.2.7", "client_list": listed, "forwarded_for": forwarded}] * count


@pytest.mark.parametrize("count", [1, FEWEST_LINES])
@pytest.mark.parametrize(("hops", "told"), [("192.0.2.7, 198.51.100.4", "192.0.2.7, 198.51.100.4"), ("192.0.2.7,198.51.100.4 203.0.113.9", "192.0.2.7, 198.51.100.4, 203.0.113.9")])
def test_the_time_behind_a_list_is_no_address(hops: str, told: str, count: int) -> None:
    """NPMplus writes how long a request took right behind the client, which may be a list."""
    line = f'[02/Mar/2026:10:15:00 +0000] www.example.com {hops} 0.012 "GET /jobs HTTP/1.1" 200 5120 421 - curl/8.5\n'
    rows = parse(line.encode() * count, "npmplus").rows
    assert rows.num_rows == count
    assert {(row["client_ip"], row["forwarded_for"], row["duration_ns"]) for row in rows.to_pylist()} == {("192.0.2.7", told, 12_000_000)}
