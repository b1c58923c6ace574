"""A server log says the same whoever carried it: syslog in pieces, containers, CloudNativePG, and whatever stands around a message."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.errors import FormatError
from dagster_project.reading.accesses.adapters import chosen
from dagster_project.reading.accesses.events import Events, Given
from dagster_project.reading.accesses.postgres.server_entries import cells_of
from dagster_project.settings import Source
from tests.reading.accesses.test_pgaudit import ACCESS, MESSAGES, READ, SESSION, accounts, as_csv, as_json, audit, others, read, stamp, text

LONG = f"select * from invoices where account_id = 'C1' and body in ({', '.join(repr(f'value {number}') for number in range(200))})"
TABBED = "select *\n\tfrom invoices -- it's all\n\n\twhere\taccount_id\t= 'C1'"
EVERY = [*MESSAGES, audit(7, LONG), audit(8, TABBED), audit(9, "select 1")]
NO_FEWER = ("event_id", "actor", "occurred_at", "account_id", "record_class", "record_id", "record_ids", "content", "rows", "action", "request_id", "outcome")


def told(events: Events) -> list[tuple[object, ...]]:
    """Return all that does not depend on how many lines an entry has."""
    return sorted(tuple(str(row[name]) for name in NO_FEWER) for row in events.rows.to_pylist())


PLAIN = read("".join(text(message, second) for second, message in enumerate(EVERY)))


def chunks(entry: str) -> Iterator[str]:
    """Yield the pieces in which PostgreSQL sends an entry to syslog: its lines, longer ones cut before a blank."""
    for line in entry.rstrip("\n").split("\n"):
        rest = line
        while len(rest) > 900:
            cut = max(place for place, sign in enumerate(rest[:900]) if sign.isspace())
            yield rest[:cut]
            rest = rest[cut:]
        if rest:
            yield rest


def syslog(head: Callable[[int, int], str], is_numbered: bool = True, tab: str = "#011") -> bytes:
    """Return the log behind heads, the lines of a second process between all others."""
    found = []
    for number, message in enumerate(EVERY, 3):
        entry = text(message, number - 3)
        for part, chunk in enumerate(chunks(entry), 1):
            counted = f"[{number}-{part}] " if is_numbered else ""
            found.append(f"{head(number, 6699)}{counted}{chunk}".replace("\t", tab))
            other = f"{stamp(number)} [77] 69b00000.4d ben@main x LOG:  waiting"
            found.append(f"{head(number, 77)}{f'[{number}-{part}] ' if is_numbered else ''}{other}")
    return "\n".join(found).encode() + b"\n"


CARRIED = {
    "syslog": syslog(lambda _, pid: f"Mar 10 12:00:01 db1 postgres[{pid}]: "),
    "syslog with a priority and its tabs": syslog(lambda _, pid: f"<134>Mar  9 12:00:01 db1 postgres[{pid}]: ", tab="\t"),
    "syslog with a whole stamp": syslog(lambda number, pid: f"2026-03-10T12:00:{number:02}.123456+00:00 db1 postgres[{pid}]: "),
    "RFC 5424": syslog(lambda number, pid: f"<134>1 2026-03-10T12:00:{number:02}.123Z db1.example.com postgres {pid} - - "),
    "RFC 5424 with data": syslog(lambda number, pid: f'<134>1 2026-03-10T12:00:{number:02}Z db1 postgres {pid} m7 [meta sequenceId="{number}"] '),
    "Heroku": syslog(lambda number, pid: f"2026-03-10T12:00:{number:02}+00:00 app[postgres.{pid}]: [DATABASE] ", tab="\t"),
    "Heroku's drain": syslog(lambda number, pid: f"451 <134>1 2026-03-10T12:00:{number:02}+00:00 host app postgres.{pid} - [DATABASE] ", tab="\t"),
    "syslog without numbers": syslog(lambda _, pid: f"Mar 10 12:00:01 db1 postgres[{pid}]: ", is_numbered=False),
    "syslog unsplit": "".join(
        f"Mar 10 12:00:01 db1 postgres[6699]: [{number}-1] {text(message, number)}".rstrip("\n").replace("\n", "#012").replace("\t", "#011") + "\n"
        for number, message in enumerate(EVERY)
    ).encode(),
    "compose": re.sub(rb"^", b"db_1  | ", b"".join(text(message, second).encode() for second, message in enumerate(EVERY)).rstrip(b"\n"), flags=re.MULTILINE),
    "csvlog of a pod": re.sub(
        rb"^", b"2026-03-10T12:00:00.123456789Z stdout F ", "".join(as_csv(message, second) for second, message in enumerate(EVERY)).encode().rstrip(b"\n"), flags=re.MULTILINE
    ),
    "jsonlog in Docker": "".join(
        json.dumps({"log": as_json(message, second), "stream": "stdout", "time": "2026-03-10T12:00:00Z"}) + "\n" for second, message in enumerate(EVERY)
    ).encode(),
}


def in_parts(whole: str, size: int, mark: Callable[[str, bool], str]) -> str:
    """Return lines in parts of a size, each as it is marked, whether it is the last of its line."""
    found = []
    for line in whole.splitlines():
        pieces = [line[place : place + size] for place in range(0, len(line), size)]
        found += [mark(piece, place == len(pieces) - 1) for place, piece in enumerate(pieces)]
    return "".join(found)


WHOLE = "".join(text(message, second) for second, message in enumerate(EVERY))
CARRIED |= {
    "parts of a pod": in_parts(WHOLE, 1000, lambda piece, is_last: f"2026-03-10T12:00:00.1Z stderr {'F' if is_last else 'P'} {piece}\n").encode(),
    "parts of Docker": in_parts(
        WHOLE, 1000, lambda piece, is_last: json.dumps({"log": piece + ("\n" if is_last else ""), "stream": "stderr", "time": "2026-03-10T12:00:00.1Z"}) + "\n"
    ).encode(),
}


def record(message: str, second: float = 0, **more: str) -> dict[str, object]:
    """Return a message as CloudNativePG's operator writes it, leaving out what is empty."""
    fields = {
        "log_time": stamp(second), "user_name": "amy", "database_name": "main", "process_id": "6699", "connection_from": "[local]", "session_id": SESSION, "command_tag": "SELECT",
        "error_severity": "LOG", "sql_state_code": "00000", "application_name": "console", "backend_type": "client backend", "query_id": "0", **more,
    }  # fmt: skip
    cells = cells_of(message.removeprefix("AUDIT: "))
    if not message.startswith("AUDIT: ") or len(cells) not in (9, 10):
        return {"level": "info", "ts": f"2026-03-10T12:00:{second:02}.5Z", "logger": "postgres", "msg": "record", "logging_pod": "main-1", "record": {**fields, "message": message}}
    names = ("audit_type", "statement_id", "substatement_id", "class", "command", "object_type", "object_name", "statement", "parameter", "rows")
    fields["audit"] = {name: cell for name, cell in zip(names, cells, strict=False) if cell}
    return {"level": "info", "ts": 1773144000.5 + second, "logger": "pgaudit", "msg": "record", "logging_pod": "main-1", "record": fields}


def typed(value: Any) -> dict[str, Any]:
    """Return a value as OpenTelemetry's protocol has it."""
    if isinstance(value, dict):
        return {"kvlistValue": {"values": [{"key": name, "value": typed(each)} for name, each in value.items()]}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [typed(each) for each in value]}}
    return {} if value is None else {"boolValue": value} if isinstance(value, bool) else {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def otlp(bodies: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return a document of OpenTelemetry's protocol."""
    records = [{"timeUnixNano": "1773144000123000000", "body": body, "attributes": [{"key": "log.file.name", "value": {"stringValue": "x.log"}}]} for body in bodies]
    return {"resourceLogs": [{"resource": {"attributes": []}, "scopeLogs": [{"scope": {}, "logRecords": records}]}]}


def of_supabase(line: str) -> dict[str, Any]:
    """Return a line of jsonlog as Supabase hands it on: its message stands apart from its cells."""
    cells = json.loads(line)
    return {"event_message": cells.pop("message"), "id": "m7", "timestamp": 1773144000000000, "metadata": [{"host": "db-1", "parsed": [cells]}]}


RECORDS = [record(message, second) for second, message in enumerate(EVERY)]
CARRIED |= {
    "CloudNativePG": "".join(json.dumps(each) + "\n" for each in RECORDS).encode(),
    "CloudNativePG in a pod's log": "".join(f"2026-03-10T12:00:00.5Z stdout F {json.dumps(each)}\n" for each in RECORDS).encode(),
    "CloudNativePG by kubectl": "".join(f"[pod/main-1/postgres] {json.dumps(each)}\n" for each in RECORDS).encode(),
    "CloudNativePG in Docker": "".join(json.dumps({"log": json.dumps(each) + "\n", "stream": "stdout", "time": "2026-03-10T12:00:00Z"}) + "\n" for each in RECORDS).encode(),
    "CloudNativePG in Loki": "".join(
        json.dumps({"labels": {"namespace": "db"}, "line": json.dumps(each), "timestamp": "2026-03-10T12:00:00Z"}) + "\n" for each in RECORDS
    ).encode(),
    "CloudNativePG merged": "".join(json.dumps({**each, "kubernetes": {"pod_name": "main-1"}, "stream": "stdout"}) + "\n" for each in RECORDS).encode(),
    "Supabase": "".join(json.dumps(of_supabase(as_json(message, second))) + "\n" for second, message in enumerate(EVERY)).encode(),
    "Supabase's answer": json.dumps({"result": [of_supabase(as_json(message, second)) for second, message in enumerate(EVERY)]}).encode(),
    "a collector": json.dumps(otlp({"stringValue": text(message, second)} for second, message in enumerate(EVERY))).encode(),
    "a collector of jsonlog": json.dumps(otlp(typed(json.loads(as_json(message, second))) for second, message in enumerate(EVERY))).encode(),
    "rows of CSV": "".join(
        f'{at},"{cell}"\n' for at, cell in [("@timestamp", "@message"), *((stamp(0)[:-4], text(each, second).replace('"', '""')) for second, each in enumerate(EVERY))]
    ).encode(),
    "CloudNativePG in a search": json.dumps({"hits": {"hits": [{"_source": {"message": json.dumps(each)}} for each in RECORDS]}}).encode(),
}


OF_ONE_PIECE = {"a collector", "a collector of jsonlog", "rows of CSV", "CloudNativePG in a search", "Supabase's answer"}


@pytest.mark.parametrize("carrier", CARRIED)
def test_a_log_says_the_same_whoever_carried_it(carrier: str) -> None:
    """Nothing is lost on the way, and nothing becomes another customer's."""
    found = read(CARRIED[carrier])
    unzoned = {row[2] for row in told(PLAIN)}
    assert [row for row in told(found) if row[1] != "ben"] == (told(PLAIN) if carrier != "syslog unsplit" else [row for row in told(found) if row[2] in unzoned])
    assert accounts(found) == accounts(PLAIN)
    assert found.rejects.num_rows == 0
    assert set(others(found)) == set(others(PLAIN))


@pytest.mark.parametrize("carrier", CARRIED)
def test_a_carried_log_is_known_by_its_content(carrier: str) -> None:
    """A folder may have any name."""
    assert chosen("records", Source(), CARRIED[carrier]).name == "pgaudit"  # type: ignore[union-attr]


@pytest.mark.parametrize("carrier", [carrier for carrier in CARRIED if carrier not in OF_ONE_PIECE and "Docker" not in carrier])
def test_every_line_of_a_carried_log_is_accounted_for(carrier: str) -> None:
    """Cut anywhere, each of its lines is an access, another thing, or refused; none is lost, none is read as a whole that is not."""
    body = CARRIED[carrier]
    for end in range(0, len(body), max(1, len(body) // 97)):
        cut = body[: len(body) - end]
        events = read(cut)
        lines = len(cut.split(b"\n")) - (cut.endswith(b"\n") or not cut)
        assert len(set(events.rows["line_number"].to_pylist())) + events.rejects.num_rows + events.others.num_rows + events.blank == lines


LINES_OF_ALL = sorted({line for body in CARRIED.values() for line in body.splitlines(keepends=True)}, key=len)[:400]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from(LINES_OF_ALL)), max_size=12), st.data())
def test_whatever_stands_behind_a_head_every_line_is_accounted_for(pieces: list[bytes], data: st.DataObject) -> None:
    """Cut, mixed and damaged logs end as accesses, other things and refused lines; only a log in which no line has a known prefix is refused as a whole."""
    body = b"".join(pieces)
    body = body[: data.draw(st.integers(0, len(body)))]
    try:
        events = read(body)
    except FormatError:
        assert b"AUDIT: " in body
        return
    entries = body.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    accesses = len(set(events.rows["line_number"].to_pylist()))
    assert not events.has_lines or accesses + events.rejects.num_rows + events.others.num_rows + events.blank == len(entries) - (not entries[-1])


@pytest.mark.parametrize("before", [b"\0", b'"', b"{x\n"])
@pytest.mark.parametrize("carrier", [carrier for carrier in CARRIED if carrier not in OF_ONE_PIECE])
def test_a_first_line_that_is_broken_spoils_no_other(carrier: str, before: bytes) -> None:
    """What a file is does not hang on its first line."""
    events = read(before + CARRIED[carrier])
    assert accounts(events) in (accounts(PLAIN), accounts(PLAIN)[1:])


def test_a_message_without_one_of_its_parts_is_refused() -> None:
    """What stood in it may have made the statement wider."""
    lines = CARRIED["syslog"].splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if b"postgres[6699]: [11-2]" in line)
    for gone, expected in ((place, ["line_missing"]), (place - 2, ["line_missing"])):
        events = read(b"".join(lines[:gone] + lines[gone + 1 :]))
        assert set(events.rejects["reason"].to_pylist()) == set(expected)
        assert accounts(events) == [account for number, account in enumerate(accounts(PLAIN)) if number != len(accounts(PLAIN)) - 2]


def test_a_word_that_looks_like_a_tab_of_syslog_stays_in_quotes() -> None:
    """`#011` may be what somebody wrote: between quotes it is a value, and no other one is made of it."""
    lines = f"Mar 10 12:00:01 db1 postgres[6699]: [1-1] {text(audit(1, READ.replace('C1', 'C#0111')))}"
    assert accounts(read(lines)) == ["C#0111"]


def test_other_programs_of_the_same_syslog_are_no_server_log() -> None:
    """A machine has one syslog: its other lines are named, those of a server whose prefix is unknown are refused."""
    lines = [
        "Mar 10 12:00:00 db1 CRON[99]: (root) CMD (true)",
        "Mar 10 12:00:00 db1 systemd[1]: Started it.",
        f"Mar 10 12:00:01 db1 postgres[6699]: [1-1] {text(audit(1))}".rstrip(),
        "Mar 10 12:00:02 db1 postgres-old[7]: [1-1] who knows AUDIT: SESSION,1,1,READ,SELECT,,,select 1,<none>",
        "",
    ]
    events = read("\n".join(lines))
    assert (accounts(events), others(events), events.rejects["reason"].to_pylist()) == (["C1"], ["server_log", "server_log"], ["no_match"])


@pytest.mark.parametrize(
    ("prefix", "line", "expected"),
    [
        ("", "2026-03-10T12:00:00.000+00:00 db1 postgres[6699]: [1-1] LOG:  ", ("", "6699", "zoned")),
        ("user=%u,db=%d ", "<134>1 2026-03-10T12:00:00.000Z db1 postgres 6699 - - [1-1] user=amy,db=main LOG:  ", ("amy", "6699", "zoned")),
        ("", '{"insertId": "1", "timestamp": "2026-03-10T12:00:00.000Z", "textPayload": "[6699]: [3-1] db=main,user=amy LOG:  ', ("amy", "6699", "zoned")),
        ("%m [%p] %q%u@%d ", "Mar 10 13:00:00 db1 postgres[1]: [1-1] 2026-03-10 12:00:00.000 UTC [6699] amy@main LOG: ", ("amy", "6699", "zoned")),
    ],
)
def test_what_a_prefix_leaves_out_is_told_by_the_head(prefix: str, line: str, expected: tuple[str, str, str]) -> None:
    """Where syslog writes the time, many do not write it twice."""
    body = line + (json.dumps(audit(1))[1:] + "}" if line.startswith("{") else audit(1)) + "\n"
    (row,) = read(body, Given("pgaudit", declared=Source(log_line_prefix=prefix or None), access=ACCESS)).rows.to_pylist()
    assert (row["actor"], row["request_id"], row["time_status"]) == expected
    assert row["occurred_at"].isoformat() == "2026-03-10T12:00:00+00:00"


def test_a_stamp_without_a_year_is_no_stamp() -> None:
    """RFC 3164 has no year: without a time of PostgreSQL's own nobody knows when it was."""
    events = read(f"Mar 10 12:00:01 db1 postgres[6699]: [1-1] user=amy,db=main LOG:  {audit(1)}\n", Given("pgaudit", access=ACCESS))
    assert (events.rows.num_rows, events.rejects.num_rows) == (0, 1)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"level": "info", "ts": "2026-03-10T12:00:00Z", "logger": "instance-manager", "msg": "ready", "logging_pod": "main-1"}, "server_log"),
        (
            {"level": "info", "ts": 1773144000.5, "logger": "postgres", "msg": "2026-03-10 12:00:00 UTC [2] LOG:  starting", "pipe": "stderr", "logging_podName": "main-1"},
            "server_log",
        ),
        ({"level": "info", "ts": 1773144000.5, "logger": "postgres", "msg": f"LOG:  {audit(1)}", "logging_pod": "main-1"}, "field_missing"),
        ({"level": "info", "ts": 1773144000.5, "msg": "Readiness probe failing", "logging_pod": "main-1", "err": "not yet"}, "server_log"),
        ({"level": "info", "ts": 1773144000.5, "msg": "Starting workers", "controller": "cluster", "worker count": 1}, "server_log"),
        ({"level": "info", "ts": 1773144000.5, "msg": "AUDIT: SESSION,1,1,READ"}, "field_missing"),
        ({"level": "info", "logger": "somebody", "msg": "ready"}, "field_missing"),
        ({**record(audit(1)), "record": "none"}, "field_missing"),
    ],
)
def test_what_the_operator_writes_is_named_and_hides_no_entry(fields: dict[str, object], expected: str) -> None:
    """A pod's log holds more than the server's; what may be an entry is never passed over."""
    events = read(json.dumps(record(audit(1))) + "\n" + json.dumps(fields) + "\n")
    assert accounts(events) == ["C1"]
    assert [*others(events), *events.rejects["reason"].to_pylist()] == [expected]


def test_a_statement_that_the_operator_leaves_out_is_unknown() -> None:
    """It leaves out what is empty: a statement that is not there is one that nobody knows."""
    fields = record(audit(1))
    del fields["record"]["audit"]["statement"]  # type: ignore[attr-defined]
    assert accounts(read(json.dumps(fields) + "\n")) == [None]


def test_what_a_statement_raises_is_no_entry_of_the_operators_either() -> None:
    """It comes with a context, as in the other forms."""
    raised = record(audit(1), context="PL/pgSQL function inline_code_block line 1 at RAISE")
    assert others(read(json.dumps(raised) + "\n")) == ["raised"]


def test_what_azure_tells_beside_a_message_counts() -> None:
    """A message that a statement made up comes with a context, a denied one with its statement."""
    line, denied = (f"2026-03-10 12:00:00 UTC-{SESSION}-{message}" for message in (f"LOG:  {audit(1)}", "ERROR:  permission denied for table invoices"))
    entries = [{"message": line}, {"message": line, "context": "PL/pgSQL function f()\nline 1 at RAISE"}, {"message": denied, "statement": READ}]
    body = "".join(json.dumps({"category": "PostgreSQLLogs", "properties": each, "time": "2026-03-10T12:00:00Z"}) + "\n" for each in entries)
    events = read(body, Given("pgaudit", access=ACCESS))
    assert (events.rows["outcome"].to_pylist(), accounts(events), events.rejects.num_rows) == (["ok", "denied"], ["C1", "C1"], 0)
    assert others(events) == ["raised", "server_log", "server_log"]


def test_pgaudit_in_files_of_its_own_as_objects() -> None:
    """The extension pgauditlogtofile writes the statement and its parameters as they were."""
    names = ("audit_type", "statement_id", "substatement_id", "class", "command", "object_type", "object_name")
    fields = {
        "log.source": "pgauditlogtofile", "severity": "audit", "timestamp": "2026-03-10 12:00:00.123456789 UTC", "db.user": "amy", "db.name": "main", "custom.process_id": "6699",
        "custom.session_id": SESSION, "custom.state_code": "00000", **dict(zip((f"custom.{name}" for name in names), ["SESSION", "1", "1", "READ", "SELECT", "", ""], strict=True)),
        "content": "\"select * from invoices where account_id = $1 and id in ('a', 'b')\",C1",
    }  # fmt: skip
    (one, other) = (read(json.dumps({**fields, **more}) + "\n") for more in ({}, {"custom.audit_type": "", "content": "disconnection"}))
    assert (accounts(one), one.rows["record_ids"].to_pylist(), one.rows["request_id"].to_pylist()) == (["C1"], [["a", "b"]], [SESSION])
    assert (others(other), other.rows.num_rows) == (["server_log"], 0)
    told = {"custom.application_name": "crm staff=ben", "custom.context": 'SQL statement "select 1"\nPL/pgSQL function f() line 3 at SQL statement'}
    assert read(json.dumps({**fields, **told}) + "\n").rows["actor"].to_pylist() == ["ben"]
    assert others(read(json.dumps({**fields, "custom.context": "PL/pgSQL function f() line 3 at RAISE"}) + "\n")) == ["raised"]
    assert others(read(json.dumps({**fields, "custom.debug_query": "do $$ begin raise log 'x'; end $$"}) + "\n")) == ["raised"]


CONTEXT = 'SQL statement "select a,\n b"\nPL/pgSQL function f() line 3 at SQL statement'
RAISE = "PL/pgSQL function inline_code_block line 1 at RAISE"
VERSIONS = ("1.6", "1.7", "now")


def as_own_csv(message: str, second: float = 0, context: str = "", query: str = "", version: str = "1.7", application: str = "console") -> str:
    """Return an entry as pgauditlogtofile writes it in CSV: as it is, before 1.7 with two cells more; now each cell as JSON, the statement and its parameters in one."""
    said = message.removeprefix("AUDIT: ")
    does = ["1", "SELECT", "2026-03-10 11:59:58 UTC"] if version == "1.6" else ["SELECT"]
    head = [stamp(second), "amy", "main", "6699", "192.0.2.7:5432", SESSION, *does, "3/4", "0", "00000"]
    tail = ["", "", "", "", context, query, "", "", application]
    if version != "now":
        return ",".join([*head, said, *tail]) + "\n"
    cells = [*head, *(said.split(",", 7) if said != message else [said]), *tail]
    return ",".join(json.dumps(cell) if cell else "" for cell in cells) + ",,,,,,\n"


@pytest.mark.parametrize("version", VERSIONS)
def test_pgaudit_in_files_of_its_own_as_csv(version: str) -> None:
    """What a function reads comes with a context of several lines, what a statement made up with the `raise` that did."""
    body = "".join(as_own_csv(message, second, version=version) for second, message in enumerate(EVERY))
    found = read(body)
    assert (told(found), accounts(found), others(found), found.rejects.num_rows) == (told(PLAIN), accounts(PLAIN), others(PLAIN), 0)
    assert (found.form, chosen("records", Source(), body.encode()).name) == ("own_csv", "pgaudit")  # type: ignore[union-attr]
    in_function = as_own_csv(audit(1, "select a,\n b from invoices where account_id = 'C2'"), context=CONTEXT, version=version, application="crm staff=ben")
    raised = as_own_csv(audit(1), context=RAISE, query="do $$ begin raise log 'x', 'y'; end $$", version=version)
    events = read(in_function + raised + as_own_csv(audit(2), version=version))
    assert (accounts(events), events.rows["actor"].to_pylist(), others(events), events.rejects.num_rows) == (["C2", "C1"], ["ben", "amy"], ["raised"], 0)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_line_of_such_a_file_is_accounted_for(version: str) -> None:
    """Cut anywhere, none is lost, and none takes the next one with it."""
    whole = "".join(as_own_csv(message, second, version=version, context=CONTEXT) for second, message in enumerate(EVERY)).encode()
    for end in range(0, len(whole), max(1, len(whole) // 97)):
        body = whole[:end] + b"\n" + as_own_csv(audit(99), 99, version=version).encode()
        events = read(body)
        lines = len(set(events.rows["line_number"].to_pylist())) + events.rejects.num_rows + events.others.num_rows + events.blank
        assert (lines, f"{SESSION}/99.1" in events.rows["event_id"].to_pylist()) == (body.count(b"\n"), True)


@pytest.mark.parametrize("depth", [300, 1000])
def test_a_message_that_nests_deeper_than_anybody_writes_is_refused(depth: int) -> None:
    """Its neighbours are read."""
    deep = json.dumps({"log": "@"}).replace('"@"', json.dumps(json.dumps(record(audit(2)) | {"new": "@"}).replace('"@"', "[" * depth + "1" + "]" * depth) + "\n"))
    events = read("\n".join([json.dumps({"log": json.dumps(record(audit(1))) + "\n"}), deep, ""]))
    assert (accounts(events), events.rejects.num_rows) == (["C1"], 1)
