"""JSON Lines by column and by mapping: the fast path says what the exact one says, and settings name what no table knows."""

import json
from itertools import chain

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dagster_project.errors import SettingsError
from dagster_project.reading.logs import parse
from dagster_project.reading.logs.lines import split
from dagster_project.reading.logs.records import json_blocks
from dagster_project.reading.logs.records.json_columns import FEWEST_ALIKE, SAMPLED, rows
from dagster_project.reading.logs.records.json_names import NAMES
from dagster_project.reading.logs.values.row import CLAIMS

TIME = "2026-03-02T10:15:00Z"
NGINX = {
    "time": "2026-03-02T11:15:00+01:00", "remote_addr": "192.0.2.7", "remote_user": "", "request": "GET /jobs?page=2 HTTP/1.1", "status": "200", "body_bytes_sent": "5120",
    "request_time": "0.012", "http_referer": "-", "http_user_agent": "Mozilla/5.0 (X11)", "http_x_forwarded_for": "198.51.100.9, 192.0.2.7", "host": "www.example.com:443",
}  # fmt: skip
CADDY = {
    "level": "info", "ts": 1772446500.25, "logger": "http.log.access", "msg": "handled request",
    "request": {
        "remote_ip": "192.0.2.7", "remote_port": "40780", "client_ip": "192.0.2.7", "proto": "HTTP/2.0", "method": "GET", "host": "www.example.com", "uri": "/jobs?page=2",
        "headers": {"User-Agent": ["Mozilla/5.0 (X11)"], "Accept": ["*/*"]}, "tls": {"version": 772},
    },
    "bytes_read": 0, "user_id": "", "duration": 0.012, "size": 5120, "status": 200, "resp_headers": {"Server": ["Caddy"], "Etag": ['"x"']},
}  # fmt: skip
TRAEFIK = {
    "ClientAddr": "192.0.2.7:40780", "ClientHost": "192.0.2.7", "ClientPort": "40780", "ClientUsername": "-", "DownstreamContentSize": 5120, "DownstreamStatus": 200,
    "Duration": 12_000_000, "RequestHost": "www.example.com", "RequestMethod": "GET", "RequestPath": "/jobs?page=2", "RequestProtocol": "HTTP/1.1",
    "StartUTC": "2026-03-02T10:15:00.123456789Z", "level": "info", "time": "2026-03-02T10:15:01Z", "request_User-Agent": "Mozilla/5.0 (X11)",
}  # fmt: skip
ENVOY = {
    ":authority": "www.example.com", "bytes_sent": 5120, "downstream_remote_address": "192.0.2.7:40780", "duration": 12, "method": "GET", "protocol": "HTTP/2",
    "response_code": 200, "start_time": "2026-03-02T10:15:00.479Z", "user-agent": "Mozilla/5.0 (X11)", "x-envoy-origin-path": "/jobs?page=2", "upstream_host": None,
}  # fmt: skip
OTEL = {
    "timestamp": TIME, "attributes": {"http.request.method": "GET", "url.path": "/jobs", "url.query": "page=2", "http.response.status_code": 200, "client.address": "192.0.2.7"},
}  # fmt: skip

ECHO = {"time": TIME, "remote_ip": "192.0.2.7", "method": "GET", "uri": "/jobs?page=2", "status": 200, "latency": 11_000_000, "latency_human": "12ms", "bytes_out": 5120}
GATEWAY = {
    "time": TIME, "category": "ApplicationGatewayAccessLog",
    "properties": {
        "clientIP": "192.0.2.7", "httpMethod": "GET", "requestUri": "/jobs", "requestQuery": "page=2", "httpStatus": 200, "timeTaken": 0.012, "sslEnabled": "on",
        "serverRouted": "198.51.100.4:80", "host": "www.example.com",
    },
}  # fmt: skip
VERCEL = {
    "timestamp": 1772446500000, "host": "www.example.com", "duration": 12,
    "proxy": {"timestamp": 1772446500001, "method": "GET", "host": "other.example.com", "path": "/jobs?page=2", "statusCode": 200, "clientIp": "192.0.2.7"},
}  # fmt: skip
ECS = {
    "@timestamp": TIME, "client": {"ip": "192.0.2.7"}, "event": {"duration": 12_000_000}, "http": {"request": {"method": "GET"}, "response": {"status_code": 200}},
    "url": {"original": "https://www.example.com/jobs?page=2", "path": "/jobs", "query": "page=2"},
}  # fmt: skip
TWO_URLS = {
    "time": TIME, "remote_addr": "192.0.2.7", "method": "GET", "url": "https://www.example.com/jobs?page=2", "path": "https://shop.example.com/jobs",
    "status": 200, "duration_ms": 12,
}  # fmt: skip
LOGSTASH = {
    "@timestamp": TIME, "path": "/var/log/access.log", "clientip": "192.0.2.7", "verb": "GET", "request": "/jobs?page=2", "response": "200", "agent": '"Mozilla/5.0 (X11)"',
    "duration_ms": 12,
}  # fmt: skip
FIREWALL = {
    "timestamp": 1772446500000, "duration": 12,
    "httpRequest": {"clientIp": "192.0.2.7", "uri": "/jobs", "args": "page=2", "httpMethod": "GET", "headers": [{"name": "Host", "value": "www.example.com"}], "status": 200},
}  # fmt: skip
COMMON = {"host": "192.0.2.7", "logicalUserName": "-", "user": "jane", "time": TIME, "request": "GET /jobs?page=2 HTTP/1.1", "statusCode": 200, "duration": 12}
_OF_SERVERS = {
    "nginx": NGINX, "caddy": CADDY, "traefik": TRAEFIK, "envoy": ENVOY, "opentelemetry": OTEL, "two durations": ECHO, "a unit told by others": GATEWAY, "keys of one rank": VERCEL,
    "an absolute URL": ECS, "two of other hosts": TWO_URLS, "a target as the request": LOGSTASH, "headers as a list": FIREWALL, "the client as host": COMMON,
}  # fmt: skip


@pytest.mark.parametrize("record", _OF_SERVERS.values(), ids=_OF_SERVERS)
def test_what_servers_write_is_read_in_columns(record: dict[str, object]) -> None:
    """One line at a time takes four times as long."""
    line = json.dumps(record).encode() + b"\n"
    many = rows(split(line * FEWEST_ALIKE), NAMES).drop_columns(["line_number", *CLAIMS.names]).to_pylist()
    assert many == parse(line).rows.drop_columns("line_number").to_pylist() * FEWEST_ALIKE
    row = parse(line).rows.to_pylist()[0]
    assert (row["client_ip"], row["method"], row["target"], row["status"]) == ("192.0.2.7", "GET", "/jobs?page=2", 200)
    assert row["duration_ns"] == (None if record is OTEL else 12_000_000)


_TIMES = [TIME, "2026-03-02T10:15:00.123456789+01:00", "2026-03-02 10:15:00", "02/Mar/2026:10:15:00 +0000", 1772446500, 1772446500.25, 1711741827.9626286, "1772446500.123",
          1772446500123, "2026-03-02T10:15:60Z", "2026-3-2T1:1:1Z", "2026-03-02T10:15:00+0100", "1980-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "", None]  # fmt: skip
_VALUES = ["GET", "/a", "/a?b=c", "http://example.com/a?b", "?", "?x=1", "GET /a?b HTTP/1.1", "GET / HTTP/2", "-", "", '""', None, True, 200, "200", 404, "-1", -1, "abc", 2000,
           "+5", " 200", 200.0, "00", 512, "9223372036854775808", 2**63, "1e3", "0.012", 0.012, 12, "12ms",
           1e-9, 2.5e-9, 1e30, 1e300, "192.0.2.7", "2001:db8::7", "[2001:db8::7]:80",
           "192.0.2.7:80", "10.0.0.1, 10.0.0.2", "unknown", "www.example.com:80", "HTTP/1.1", "70000", "443", "٣", "\0", "a\nb", {}, [], ["x"], ["x", 1],
           [{"key": "http.method", "value": {"stringValue": "PUT"}}]]  # fmt: skip
_KEYS = ["remote_addr", "request", "status", "body_bytes_sent", "http_user_agent", "request_time", "method", "uri", "path", "query", "host", "user", "user_id", "protocol",
         "client_ip", "client_port", "x_forwarded_for", "args", "url", "duration", "Duration", "resp_headers", "Status", "attributes", "attributes.method", "message.path", "size",
         "latency_ms", "account_id", "http.request.method", "other",
         "latency", "latency_human", "timeTaken", "sslEnabled", "c-ip", "logicalUserName", "proxy", "properties"]  # fmt: skip
_INNER = st.dictionaries(st.sampled_from(["method", "uri", "headers", "remote_ip", "host", "User-Agent", "timestamp", "path", "sslEnabled"]), st.sampled_from(_VALUES), max_size=4)
_RECORDS = st.fixed_dictionaries(
    {"time": st.sampled_from(_TIMES)}, optional={"ts": st.sampled_from(_TIMES), **{key: st.one_of(st.sampled_from(_VALUES), st.sampled_from(_VALUES), _INNER) for key in _KEYS}}
)


@given(st.lists(_RECORDS, min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
@example([{"time": TIME, "status": 200, "protocol": [{"key": "bytes", "value": {"stringValue": "7"}}]}])
@example([{"time": TIME, "method": "GET", "ts": 1711741827.9626286}])
@example([{"time": TIME, "request": "GET /a HTTP/1.1", "url": "/b", "method": {}}])
@example([{"time": TIME, "path": "/a", "user": '""', "user_id": "jane"}])
@example([{"time": TIME, "request": {}, "status": 200, "resp_headers": {}, "duration": 2}])
@example([{"time": TIME, "path": "/a", "query": "?"}])
@example([{"time": TIME, "request": "GET", "url": "/a"}])
@example([{"time": TIME, "request": {"header.referer": "x"}, "path": "/a"}, {"time": TIME, "request": {"header": {"referer": "x"}}, "path": "/a"}])
@example([{**COMMON, "Host": 5}, {**COMMON, "HOST": ""}, {**COMMON, "host": {"name_requested": "www.example.com"}}])
def test_columns_and_the_exact_reading_agree(records: list[dict[str, object]]) -> None:
    """The fast path may leave a line to the exact one, but must never read it otherwise."""
    lines = [json.dumps(record).encode() + b"\n" for record in records]
    alone = [parse(line, "json") for line in lines]
    expected = [one.rows.drop_columns("line_number").to_pylist() for one in alone]
    many = parse(b"".join(line for line in lines for _ in range(FEWEST_ALIKE * 4)), "json")
    assert many.rows.drop_columns("line_number").to_pylist() == list(chain.from_iterable(rows * FEWEST_ALIKE * 4 for rows in expected))
    assert set(many.rejects["reason"].to_pylist()) == set(chain.from_iterable(one.rejects["reason"].to_pylist() for one in alone))


_TEXTS, _NUMBERS = [value for value in _VALUES if isinstance(value, str)], [value for value in _VALUES if isinstance(value, int) and not isinstance(value, bool)]
_COUNTS = {"status", "size", "duration"}
_ALIKE = st.sets(st.sampled_from(_KEYS), min_size=2, max_size=8).flatmap(
    lambda keys: st.lists(
        st.fixed_dictionaries({"time": st.sampled_from(_TIMES[:4]), **{key: st.sampled_from(_NUMBERS if key in _COUNTS else _TEXTS) for key in sorted(keys)}}),
        min_size=1,
        max_size=5,
    )
)


@given(_ALIKE, _RECORDS, st.integers(0, 3))
@settings(max_examples=60, deadline=None)
@example([{"time": TIME, "status": 200, "path": "/a"}], {"time": TIME, "status": 200, "path": "/b", "x_forwarded_for": "192.0.2.9"}, 1)
@example([{"time": TIME, "status": 200, "path": "/a", "duration": 2}], {"time": TIME, "status": 200, "path": "/b", "duration": 2, "request": {"x": 1}, "resp_headers": {}}, 1)
@example([{"time": TIME, "status": 200, "request": {"uri": "/a"}}], {"time": TIME, "status": 200, "request": None}, 1)
@example([{"time": TIME, "status": 200, "request": {"uri": "/a"}}], {"time": TIME, "status": 200, "request.uri": "/b"}, 1)
@example([{"time": TIME, "status": 200, "path": "/a", "user": 2**53 + 1}, {"time": TIME, "status": 200, "path": "/a", "user": 0.5}], {"time": TIME}, 0)
@example([{**COMMON, "client_ip": "192.0.2.9"}], COMMON, 1)
def test_blocks_and_the_exact_reading_agree(alike: list[dict[str, object]], other: dict[str, object], others: int) -> None:
    """Lines of one shape are loaded together; a few of another shape among them change nothing but the way they are read."""
    lines = [json.dumps(record).encode() + b"\n" for record in alike]
    body = [*lines * (SAMPLED + 1), *[json.dumps(other).encode() + b"\n"] * others, *lines * SAMPLED]  # where no line is looked at for the shape of the block
    exact = {line: parse(line, "json").rows.drop_columns("line_number").to_pylist() for line in set(body)}
    assert parse(b"".join(body), "json").rows.drop_columns("line_number").to_pylist() == list(chain.from_iterable(exact[line] for line in body))


@pytest.mark.parametrize("place", ['"user":0.5', '"a":[0.5]'])
@pytest.mark.parametrize("number", ["-0", "NaN", "Infinity", "-Infinity"])
def test_an_odd_number_among_many_says_what_it_says_alone(number: str, place: str) -> None:
    """Python writes what is no JSON, and Arrow reads it; a zero with a sign is a whole number alone, and none among fractions."""
    good = f'{{"time":"{TIME}","path":"/a","status":200,"user":0.5,"extra":{{"a":[0.5]}}}}\n'
    odd = good.replace(place, place.replace("0.5", number))
    parsed = parse((good * (SAMPLED + 1) + odd + good * SAMPLED).encode(), "json")
    among = [{**row, "line_number": 1} for row in parsed.rows.to_pylist() if row["line_number"] == SAMPLED + 2]
    assert among == parse(odd.encode(), "json").rows.to_pylist()
    assert parsed.rows.num_rows == 2 * SAMPLED + 1 + len(among)


def test_keys_that_each_line_has_for_itself_cost_no_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients choose the names of headers; a block of thousands of them would take gigabytes."""
    loaded: list[int] = []
    monkeypatch.setattr(json_blocks.Loader, "load", lambda *_: loaded.append(1))
    lines = [json.dumps({**NGINX, "headers": {f"x-{number}": "1"}}).encode() + b"\n" for number in range(8192)]
    assert parse(b"".join(lines), "json").rows.num_rows == len(lines)
    assert not loaded


def test_a_line_of_two_objects_is_refused_among_lines_of_one() -> None:
    """Loading a block, two objects on a line would be two rows, and every later line number one too high."""
    good = json.dumps(NGINX).encode() + b"\n"
    body = good * SAMPLED * 2 + good[:-1] + good + good * SAMPLED
    parsed = parse(body, "json")
    assert parsed.rejects["line_number"].to_pylist() == [SAMPLED * 2 + 1]
    assert parsed.rows.num_rows == SAMPLED * 3


def test_a_broken_object_spoils_no_neighbour() -> None:
    """A line cut in the middle of a text must not swallow the next one."""
    good = json.dumps(NGINX).encode()
    broken = [good[:100], b'{"time":"', b'"}', b"]", b"[", b"42", b"", b"\0\0", good + b",", good + good, b"\xff" + good, good[:-1] + b',"a":"\xff"}', b'{"a":1}']
    body = b"".join(good + b"\n" + each + b"\n" for each in broken for _ in range(FEWEST_ALIKE))
    parsed = parse(body, "json")
    assert [number for number in parsed.rows["line_number"].to_pylist() if number % 2] == list(range(1, 2 * len(broken) * FEWEST_ALIKE, 2))
    assert set(parsed.rejects["reason"].to_pylist()) == {"json_error", "json_not_object", "field_missing", "nul", "bad_utf8"}
    assert parsed.rows.num_rows + parsed.rejects.num_rows == body.count(b"\n") - FEWEST_ALIKE


@pytest.mark.parametrize("depth", [2, 400, 900, 1_000, 100_000])
@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('["a",', "]"), ('{"a":', "}"), ('[{"key":"a","value":', "}]")])
def test_what_is_nested_deeply_says_nothing_and_stops_nothing(begin: str, end: str, depth: int) -> None:
    """Whoever sends a request can have JSON in JSON logged: a value that is nested says nothing, and a line beyond what the parser reads is refused."""
    good = json.dumps(NGINX).encode() + b"\n"
    nested = good[:-2] + f',"extra":{begin * depth}1{end * depth}}}\n'.encode()
    parsed = parse(good + nested + good, "json")
    assert parsed.rejects["line_number"].to_pylist() in ([[]] if depth == 2 else [[2]] if depth == 100_000 else [[], [2]])
    read = parsed.rows.drop_columns("line_number").to_pylist()
    assert read == read[:1] * (3 - parsed.rejects.num_rows)


def test_a_mapping_names_what_no_table_knows() -> None:
    """Any flat or nested JSON can be read; what the mapping leaves out is found by its usual names."""
    record = {
        "meta": {"When": TIME, "peer": "192.0.2.7:40780"},
        "req": {"verb2": "PUT", "where": "/jobs"},
        "code2": 201,
        "took": 12,
        "org": {"id": "a-1"},
        "status": 500,
        "ua": "x",
    }
    mapping = "json:time=meta.when client=meta.peer method=req.verb2\n target=req.where status=code2 duration_ms=took account=org.id"
    body = json.dumps(record).encode() + b"\n"
    for times in (1, FEWEST_ALIKE * 4):
        row = parse(body * times, mapping).rows.to_pylist()[-1]
        assert (row["client_ip"], row["client_port"], row["method"], row["target"], row["status"]) == ("192.0.2.7", 40780, "PUT", "/jobs", 201)
        assert (row["duration_ns"], row["account"], row["user_agent"]) == (12_000_000, "a-1", "x")
    assert parse(body, "json").rows.num_rows == 0


@pytest.mark.parametrize("mapping", ["json:when=time", "json:time", "json:time="])
def test_a_mapping_to_no_field_is_a_fault_of_the_settings(mapping: str) -> None:
    """A misspelt field would be lost in silence."""
    with pytest.raises(SettingsError, match="field=key"):
        parse(b"{}\n", mapping)
