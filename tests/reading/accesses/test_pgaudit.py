"""Every line of a server log is an access, a named other thing, or refused; what is missing from it is found."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.engines.decide import decide
from dagster_project.errors import FormatError
from dagster_project.reading.accesses.adapters import chosen
from dagster_project.reading.accesses.attestations import stated_gaps
from dagster_project.reading.accesses.events import Events, Given
from dagster_project.reading.accesses.postgres import pgaudit
from dagster_project.reading.accesses.postgres.postgres_log import opened
from dagster_project.reading.accesses.postgres.server_stamps import iso
from dagster_project.reading.accesses.postgres.sessions import proofs
from dagster_project.reading.files import Body
from dagster_project.settings import Access, Settings, Source, Table

TABLES = {
    "invoices": Table(record_class="invoice", account_column="account_id", record_column="id"),
    "contacts": Table(record_class="person", account_column="account_id", record_column="id"),
    "order": Table(record_class="order", account_column="orgId"),
}
ACCESS = Access(tables=TABLES, other_tables=("flags", "App.Flags"))
PREFIX = "%m [%p] %c %q%u@%d %a "
GIVEN = Given("pgaudit", declared=Source(log_line_prefix=PREFIX), access=ACCESS)
SESSION = "69b00000.1a2b"
READ = "select * from invoices where account_id = 'C1'"


def stamp(second: float) -> str:
    """Return a stamp of the log."""
    return f"{datetime(2026, 3, 10, 12, tzinfo=UTC) + timedelta(seconds=second):%Y-%m-%d %H:%M:%S.%f}"[:23] + " UTC"


def audit(number: int, statement: str = READ, part: int = 1, of_class: str = "READ", command: str = "SELECT", what: str = ",", parameter: str = "<none>", rows: str = "") -> str:
    """Return the message of an entry of pgAudit."""
    quoted = f'"{statement.replace(chr(34), chr(34) * 2)}"' if any(sign in statement for sign in ',"\n') else statement
    return f"AUDIT: SESSION,{number},{part},{of_class},{command},{what},{quoted},{parameter}{rows}"


def text(message: str, second: float = 0, user: str = "amy", application: str = "console", session: str = SESSION, severity: str = "LOG") -> str:
    """Return an entry of a log in text."""
    tabbed = message.replace("\n", "\n\t")
    return f"{stamp(second)} [{int(session.split('.')[1], 16)}] {session} {user}@main {application} {severity}:  {tabbed}\n"


def as_csv(message: str, second: float = 0, **more: str) -> str:
    """Return the same as a record of a csvlog."""
    cells = [
        stamp(second),
        "amy",
        "main",
        "6699",
        "[local]",
        SESSION,
        "1",
        "SELECT",
        stamp(0),
        "3/4",
        "0",
        "LOG",
        "00000",
        message,
        *[""] * 8,
        "console",
        "client backend",
        "",
        "0",
    ]
    for place, value in more.items():
        cells[int(place[1:])] = value
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(cells)
    return written.getvalue()


def as_json(message: str, second: float = 0, **more: Any) -> str:
    """Return the same as a line of a jsonlog."""
    fields = {"timestamp": stamp(second), "user": "amy", "dbname": "main", "pid": 6699, "session_id": SESSION, "error_severity": "LOG", "application_name": "console"}
    return json.dumps({**fields, "message": message, **more}) + "\n"


WRITTEN = {"stderr": text, "csvlog": as_csv, "jsonlog": as_json}


def read(body: str | bytes, told: Given = GIVEN) -> Events:
    """Return the events of a log."""
    return pgaudit.read(Body.held(body if isinstance(body, bytes) else body.encode()), told)


def accounts(events: Events) -> list[str | None]:
    """Return the account of each event."""
    found: list[str | None] = events.rows["account_id"].to_pylist()
    return found


def others(events: Events) -> list[str]:
    """Return the names of what is no access, sorted."""
    return sorted(events.others["name"].to_pylist())


MESSAGES = [
    audit(1),
    audit(2, "select *\n from invoices,\n  contacts where invoices.account_id = 'C1' and invoices.account_id = contacts.account_id", what="TABLE,public.invoices", rows=",5"),
    audit(2, "<previously logged>", parameter="<previously logged>", what="TABLE,public.contacts", rows=",5"),
    audit(3, "select * from invoices where account_id = $1 and id = $2", parameter='"C1,""r,1"""'),
    audit(4, "begin;", of_class="MISC", command="BEGIN"),
    audit(5, "select count(*), sum(octet_length(body)) from invoices where account_id = 'C1'"),
    audit(6, "select * from flags"),
    "connection authorized: user=amy",
]


@pytest.mark.parametrize("written", WRITTEN)
def test_rows_that_are_left_empty_are_none(written: str) -> None:
    """A collector may write the last field of an entry, and nothing into it: the statement was run all the same."""
    events = read(WRITTEN[written](audit(1, rows=",")))
    assert (accounts(events), events.rows["rows"].to_pylist(), events.rejects.num_rows) == (["C1"], [None], 0)


@pytest.mark.parametrize("kind", WRITTEN)
def test_three_forms_say_the_same(kind: str) -> None:
    """A server writes any of the three, or all."""
    events = read("".join(WRITTEN[kind](message, second) for second, message in enumerate(MESSAGES)))
    assert (events.form, events.rejects.num_rows) == (kind, 0)
    columns = ("event_id", "actor", "account_id", "record_class", "record_id", "content", "rows", "request_id")
    assert [tuple(row[name] for name in columns) for row in events.rows.to_pylist()] == [
        (f"{SESSION}/1.1", "amy", "C1", "invoice", None, True, None, SESSION),
        (f"{SESSION}/2.1", "amy", "C1", "invoice", None, True, 5, SESSION),
        (f"{SESSION}/2.1/1", "amy", "C1", "person", None, True, 5, SESSION),
        (f"{SESSION}/3.1", "amy", "C1", "invoice", "r,1", True, None, SESSION),
        (f"{SESSION}/5.1", "amy", "C1", "invoice", None, False, None, SESSION),
    ]
    assert others(events) == ["no_customer_table", "same_statement", "server_log", "transaction"]
    assert not proofs(events.attestations)


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_log_is_known_by_its_content(kind: str) -> None:
    """A folder may have any name."""
    body = "".join(WRITTEN[kind](message) for message in MESSAGES).encode()
    assert (opened(Body.held(body), None).form, chosen("records", Source(), body).name) == (kind, "pgaudit")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("prefix", "line"),
    [
        ("%m [%p] %q%u@%d ", "2026-03-10 12:00:00.000 UTC [6699] amy@main LOG:  "),
        ("%t:%r:%u@%d:[%p]:", "2026-03-10 12:00:00 UTC:192.0.2.7(5432):amy@main:[6699]:LOG:  "),
        ("%n %c %l %u ", "1773144000.000 69b00000.1a2b 7 amy LOG:  "),
        ("%m %-8u%5p|%x|%e|%i|%b|%v|%Q ", "2026-03-10 12:00:00.000 UTC amy      6699|0|00000|SELECT|client backend|3/4|-123 LOG:  "),
        ("<%s %h %a %m %% %u> ", "<2026-03-10 11:00:00 UTC [local] my console 2026-03-10 12:00:00.000 UTC % amy> LOG:  "),
        ("%m %u ", "2026-03-10 12:00:00.000 UTC amy ПРОТОКОЛ:  "),
        ("%m %u ", "2026-03-10 12:00:00.000 +00 amy LOG:  "),
        ("%t@%u,%d ", "2026-03-10 12:00:00 UTC@amy,main LOG:  "),
    ],
)
def test_any_log_line_prefix_is_read(prefix: str, line: str) -> None:
    """It is whatever the administrator wrote; settings repeat it."""
    events = read(line + audit(1) + "\n", Given("pgaudit", declared=Source(log_line_prefix=prefix), access=ACCESS))
    (row,) = events.rows.to_pylist()
    assert (row["actor"], row["account_id"], row["occurred_at"], row["time_status"]) == ("amy", "C1", datetime(2026, 3, 10, 12, tzinfo=UTC), "zoned")


HEROKU = (
    ' sql_error_code = 00000 time_ms = "2026-03-10 12:00:00.123 UTC" pid="6699" proc_start_time="2026-03-10 11:00:00 UTC" session_id="69b00000.1a2b" vtid="3/4" tid="0" '
    'log_line="4" database="main" connection_source="192.0.2.7(5432)" user="amy" application_name="psql" LOG:  '
)


@pytest.mark.parametrize(
    ("line", "user"),
    [
        ("2026-03-10 12:00:00.000 UTC [6699] amy@main LOG:  ", "amy"),
        ("2026-03-10 12:00:00.000 GMT [6699] LOG:  ", ""),
        ("2026-03-10 12:00:00.000 UTC [6699] 69b00000.1a2b amy@main LOG:  ", "amy"),
        ("2026-03-10 12:00:00 UTC:192.0.2.7(5432):amy@main:[6699]:LOG:  ", "amy"),
        ("2026-03-10 12:00:00 UTC [6699]: [20-1] user=amy,db=main,app=psql,client=192.0.2.7 LOG:  ", "amy"),
        ("2026-03-10 12:00:00 UTC [6699]: [20-1] user=amy,db=main LOG:  ", "amy"),
        ("2026-03-10 12:00:00.000 UTC [6699] amy@main/psql LOG:  ", "amy"),
        ("< 2026-03-10 12:00:00.000 UTC > LOG:  ", ""),
        ("2026-03-10 12:00:00 UTC [6699]: db=main,user=amy,app=psql,client=192.0.2.7 LOG:  ", "amy"),
        ("2026-03-10 12:00:00.000 UTC [6699] user=amy,db=main LOG:  ", "amy"),
        ("\ufeff2026-03-10 12:00:00.000 UTC [6699] amy@main LOG:  ", "amy"),
        ("2026-03-10 12:00:00.000 UTC [6699] amy@example.com@main LOG:  ", "amy@example.com"),
        ("2026-03-10 12:00:00 UTC:192.0.2.7(5432):amy@example.com@main:[6699]:LOG:  ", "amy@example.com"),
        ("2026-03-10 12:00:00 UTC:2001:db8::7(5432):amy@main:[6699]:LOG:  ", "amy"),
        ("2026-03-10 17:30:00 +05:30:[local]:amy@main:[6699]:LOG:  ", "amy"),
        ("2026-03-10 12:00:00.123 UTC:192.0.2.7(5432):amy@main:[6699]:1:00000:2026-03-10 11:00:00 UTC:3/4:0:69b00000.1a2b:psql:LOG:  ", "amy"),
        (HEROKU, "amy"),
        ("2026-03-10 12:00:00.000 UTC [6699] [user=amy,db=main,app=psql] LOG:  ", "amy"),
        ("2026-03-10 12:00:00.000 UTC [6699] [user=amy,db=main,app=by bob@desk,host=192.0.2.7] LOG:  ", "amy"),
        ("192.0.2.7 2026-03-10 12:00:00.000 UTC [6699] amy@main LOG:  ", "amy"),
        ("2026-03-10 12:00:00 UTC [6699-3] amy@main LOG:  ", "amy"),
        ("2026-03-10 12:00:00 UTC [6699]: [20-1] user=amy,db=main - PG-00000 LOG:  ", "amy"),
        ("2026-03-10 12:00:00 UTC [6699]: [20-1] [trx_id=0] user=amy,db=main LOG:  ", "amy"),
        ("2026-03-10 12:00:00.000 UTC [6699]: user=amy,db=main,app=psql,client=192.0.2.7 LOG:  ", "amy"),
        ("2026-03-10 12:00:00.000 UTC [6699]: [20-1] user=amy,db=main,app=psql,client=192.0.2.7 LOG:  ", "amy"),
        ("2026-03-10 12:00:00 UTC [6699]: [20-1] db=main,user=amy LOG:  ", "amy"),
        ("2026-03-10 12:00:00 UTC [6699] amy@main LOG:  ", "amy"),
        ("2026-03-10 12:00:00.000 UTC [6699]: LOG:  ", ""),
        ("2026-03-10 12:00:00.000 UTC amy main [6699]: LOG:  ", "amy"),
        ("2026-03-10 12:00:00 UTC-69b00000.1a2b-user=amy,db=main,app=[unknown],client=192.0.2.7LOG:  ", "amy"),
        ("2026-03-10 12:00:00 UTC-69b00000.1a2b-user=amy,db=main,session=69b00000.1a2b,sess_time=2026-03-10 11:00:00 UTCLOG:  ", "amy"),
    ],
)
def test_a_usual_prefix_need_not_be_declared(line: str, user: str) -> None:
    """A prefix without the role is read, too: who it was is then unresolved."""
    body = "".join(line.removeprefix("\ufeff" if number > 1 else "") + audit(number) + "\n" for number in (1, 2))
    events = read(body, Given("pgaudit", access=ACCESS))
    assert (events.rows["actor"].to_pylist(), accounts(events), events.rows["time_status"].to_pylist()) == ([user] * 2, ["C1"] * 2, ["zoned"] * 2)


def test_a_severity_begins_where_a_prefix_ends_with_a_letter() -> None:
    """Azure's manual lets a prefix end with the begin of the session: `UTCERROR` is no severity."""
    head = "2026-03-10 12:00:00 UTC-69b00000.1a2b-user=amy,db=main,session=69b00000.1a2b,sess_time=2026-03-10 11:00:00 UTC"
    events = read(f"{head}LOG:  {audit(1)}\n{head}ERROR:  permission denied for table invoices\n{head}STATEMENT:  {READ}\n", Given("pgaudit", access=ACCESS))
    assert (accounts(events), events.rows["outcome"].to_pylist()) == (["C1"] * 2, ["ok", "denied"])


@pytest.mark.parametrize(
    ("written", "zone", "expected"),
    [
        ("2026-03-10 12:00:00.123 UTC", None, "2026-03-10T12:00:00.123Z"),
        ("2026-03-10 12:00:00 GMT", None, "2026-03-10T12:00:00Z"),
        ("2026-03-10 12:00:00.123 -03", None, "2026-03-10T12:00:00.123-03"),
        ("2026-03-10 12:00:00 CET", None, "2026-03-10T12:00:00"),
        ("2026-03-10 12:00:00 CET", "Europe/Berlin", "2026-03-10T12:00:00+01:00"),
        ("2026-10-25 02:30:00 CEST", "Europe/Berlin", "2026-10-25T02:30:00+02:00"),
        ("2026-10-25 02:30:00 CET", "Europe/Berlin", "2026-10-25T02:30:00+01:00"),
        ("2026-03-10 12:00:00 IST", "Asia/Kolkata", "2026-03-10T12:00:00+05:30"),
        ("2026-03-10 12:00:00 IST", "Europe/Berlin", "2026-03-10T12:00:00"),
        ("2026-03-10 12:00:00 EST", "America/New_York", "2026-03-10T12:00:00"),
        ("1773144000.5", None, "2026-03-10T12:00:00.500000+00:00"),
    ],
)
def test_a_stamp_has_the_zone_that_is_certain(written: str, zone: str | None, expected: str) -> None:
    """IST is Irish, Israeli and Indian: an abbreviation counts only in the zone that is declared, and only where that uses it then."""
    assert iso(written, zone) == expected


def test_an_abbreviation_of_no_declared_zone_is_unzoned() -> None:
    """Neither the machine's zone nor a declared one that does not use it stands in."""
    line = text(audit(1)).replace(" UTC", " IST")
    told = Given("pgaudit", zones={"pgaudit": "Europe/Berlin"}, declared=GIVEN.declared, access=ACCESS)
    assert read(line, told).rows["time_status"].to_pylist() == ["unzoned"]


def test_the_person_is_said_by_the_application_or_is_the_role() -> None:
    """Many share a role; what a console says of its user goes first, and the role is tried where that is nobody."""
    (row,) = read(text(audit(1), user="console_ro", application="crm staff=amy case=T-7 purpose=billing")).rows.to_pylist()
    assert (row["actor"], row["actor_aliases"], row["case_id"], row["purpose"]) == ("amy", ["console_ro"], "T-7", "billing")


@pytest.mark.parametrize(
    ("body", "accesses", "expected"),
    [
        pytest.param("no such line\n", 0, ["no_match"], id="a line without the prefix"),
        pytest.param(text("AUDIT: SESSION,1,1,READ,SELECT,,,select 1"), 0, ["field_count"], id="a field too few"),
        pytest.param(text(audit(1, rows=",5,6")), 0, ["field_count"], id="a field too many"),
        pytest.param(text(audit(1, rows=",many")), 0, ["field_count"], id="rows that are no number"),
        pytest.param(text('AUDIT: SESSION,1,1,READ,SELECT,,,"select 1,<none>'), 0, ["field_count"], id="a quote that never ends"),
        pytest.param(as_csv(audit(1)) + as_csv(audit(2, "select 'a,b' from invoices"))[:150], 1, ["truncated_last"], id="a record that is cut"),
        pytest.param(as_csv(audit(1))[60:] + as_csv(audit(1)), 1, ["no_match"], id="a record whose begin is cut"),
        pytest.param(as_json(audit(1)) + '{"timestamp": \n', 1, ["json_error"], id="no JSON"),
        pytest.param(as_json(audit(1)) + "[1]\n", 1, ["json_not_object"], id="no object"),
        pytest.param(as_json(audit(1)) + '{"timestamp": "2026-03-10 12:00:00 UTC"}\n', 1, ["field_missing"], id="no message"),
        pytest.param(text(audit(1)).replace("2026-03-10", "2026-13-10"), 0, ["bad_time"], id="a stamp that is none"),
        pytest.param(
            text(audit(1, READ), application="x LOG:  AUDIT: SESSION,9,1,READ,SELECT,,,select 1,<none>"), 0, ["field_count"], id="an application that looks like an entry"
        ),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_place(body: str, accesses: int, expected: list[str]) -> None:
    """A refused line has a reason and no text, and spoils no other."""
    events = read(body)
    assert events.rejects["reason"].to_pylist() == expected
    assert accounts(events) == ["C1"] * accesses


@pytest.mark.parametrize(("declared", "said"), [(None, "a usual log_line_prefix"), ("%m %u ", "the log_line_prefix of settings")])
def test_a_log_with_a_prefix_of_its_own_waits_for_settings(declared: str | None, said: str) -> None:
    """Its lines are no rubbish: the file is refused with the key that is missing, and tried again at every run, where lines would be refused for good."""
    body = "".join(f"2026-03-10 12:00:00 UTC user=amy db=main LOG:  {audit(number)}\n" for number in (1, 2))
    with pytest.raises(FormatError, match=f"begins with {said}; .* log_line_prefix below .sources.pgaudit.$"):
        read(body, Given("pgaudit", declared=Source(log_line_prefix=declared)))
    assert accounts(read(body, Given("pgaudit", declared=Source(log_line_prefix="%t user=%u db=%d "), access=ACCESS))) == ["C1"] * 2


def test_a_statement_that_cannot_be_told_is_an_unknown_customers() -> None:
    """Unreadable SQL, text that was not logged, a parameter that is missing: an access all the same."""
    statements = ["select * frm invoices", "<not logged>", "select * from invoices where account_id = $1", "select * from unknown_table where account_id = 'C1'"]
    events = read("".join(text(audit(number, statement, parameter="<not logged>")) for number, statement in enumerate(statements, 1)))
    assert accounts(events) == [None] * 4
    assert events.rows["record_class"].to_pylist() == [None, None, "invoice", None]


def test_a_csvlog_may_be_written_again_with_every_cell_in_quotes() -> None:
    """Another program reads and writes CSV in its own way."""
    again = io.StringIO()
    csv.writer(again, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(csv.reader([as_csv(audit(1)), as_csv(audit(2))]))
    assert accounts(read(again.getvalue())) == ["C1"] * 2


def _carried(*messages: str) -> dict[str, bytes]:
    """Return server logs as other things carry them."""
    watch = {"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "timestamp": 1, "message": message.rstrip("\n")} for message in messages]}
    return {
        "watch": json.dumps(watch).encode(),
        "filtered": json.dumps({"events": [{"message": message, "eventId": "1"} for message in messages], "searchedLogStreams": []}, indent=4).encode(),
        "exported": "".join(f"2026-03-10T09:00:00.000Z {message}" for message in messages).encode(),
        "contained": "".join(json.dumps({"log": message, "stream": "stderr"}) + "\n" for message in messages).encode(),
        "of a pod": "".join(f"2026-03-10T09:00:00.123456789Z stderr F {message}" for message in messages).encode(),
        "diagnosed": "".join(json.dumps({"category": "PostgreSQLLogs", "properties": {"message": message}}) + "\n" for message in messages).encode(),
        "google": json.dumps([{"insertId": "1", "textPayload": message} for message in messages]).encode(),
    }


LINE_BY_LINE = {"exported", "of a pod"}


@pytest.mark.parametrize("carrier", _carried())
def test_a_server_log_that_something_else_carries(carrier: str) -> None:
    """Hosted servers hand their log on in objects; none of its messages is lost, and one that is no log is refused."""
    messages = [text(audit(1, "select *\n\tfrom invoices\n\twhere account_id = 'C1'")), text("connection received"), text(audit(2)), "no log\n"]
    plain, carried = read("".join(messages[:3])), read(_carried(*messages)[carrier])
    assert carried.rows.drop(["line_number"]).equals(plain.rows.drop(["line_number"]))
    assert (carried.others["name"].to_pylist(), carried.has_lines) == (["server_log"], carrier in LINE_BY_LINE)
    assert carried.has_lines or set(carried.rejects["byte_offset"].to_pylist()) <= {None}


@pytest.mark.parametrize("body", [b'{"level": 1}\n', b'{"a": "b"}', b'{"record": {"message": "AUDIT: SESSION,1,1,"}}\n'])
def test_an_object_that_carries_no_message_is_refused(body: bytes) -> None:
    """It is counted, as a line would be."""
    assert read(body).rejects["reason"].to_pylist() == ["field_missing"]


@pytest.mark.parametrize(("parameter", "account"), [("<long param suppressed>", None), ('"C1,<long param suppressed>"', "C1"), ('"<long param suppressed>,C1"', None)])
def test_a_parameter_that_was_too_long_to_log_is_nobodys_account(parameter: str, account: str | None) -> None:
    """Words stand in its place, which are no value."""
    events = read(text(audit(1, "select * from invoices where account_id = $1 and body = $2", parameter=parameter)))
    assert accounts(events) == [account]


@pytest.mark.parametrize(
    ("between", "account"),
    [
        ([], "C1"),
        (["fetch 1 from c"], "C1"),
        (["close c"], None),
        (["commit"], None),
        (["declare c cursor for select * from invoices"], None),
        (["declare c cursor for select * from invoices where account_id = 'C3'"], "C3"),
        (["declare d cursor for select * from invoices"], "C1"),
        (["select set_config('pgaudit.log', 'none', false)"], None),
        (["declare c cursor for select 1; select * from invoices where account_id = 'C1'"], None),
    ],
)
def test_rows_of_a_cursor_are_those_of_its_query(between: list[str], account: str | None) -> None:
    """A name says nothing once it may be another cursor's."""
    statements = ["declare c cursor for select * from invoices where account_id = 'C1'", *between]
    kinds = {"fetch": ("MISC", "FETCH"), "close": ("MISC", "CLOSE CURSOR"), "commit": ("MISC", "COMMIT")}
    lines = [audit(number, each, of_class=kind[0], command=kind[1]) for number, each in enumerate(statements, 1) for kind in [kinds.get(each.split()[0], ("READ", "SELECT"))]]
    change = audit(len(lines) + 1, "update invoices set body = 'x' where current of c", of_class="WRITE", command="UPDATE")
    (row,) = (row for row in read("".join(map(text, [*lines, change]))).rows.to_pylist() if row["action"] == "write")
    assert row["account_id"] == account
    other = read("".join(map(text, lines)) + text(change.replace(f",{len(lines) + 1},1", ",1,1", 1), session="69b00000.2b3c"))
    assert [row["account_id"] for row in other.rows.to_pylist() if row["action"] == "write"] == [None], "another session's cursor"


MERGE = "merge into contacts t using invoices s on t.id = s.id and s.account_id = 'C1' when matched then do nothing"
CALL = audit(1, "select * from of_account('C1')")
CALLED = audit(1, "select * from of_account('C1')", part=3, of_class="FUNCTION", command="EXECUTE", what="FUNCTION,public.of_account")
BESIDE = "select i.* from invoices i, of_account('C2') where i.account_id = 'C1'"
WITH = "with invoices as (select * from public.invoices where account_id = 'C1') select invoices.* from invoices, of_account('C2')"
LOCK = "select invoices.* from invoices, of_account('C2') where invoices.account_id = 'C1' for update of invoices"
SELF = "select shown(i.id) from invoices i join invoices o using (account_id) where i.account_id = 'C1'"
TWICE = "select * from invoices i, public.invoices p where i.account_id = 'C1' and p.account_id = 'C1'"
ORDER = 'select * from "order" where "orgId" = \'C1\''
FETCH = [
    audit(1, "begin", of_class="MISC", command="BEGIN", rows=",0"), audit(2, "select opened('C1')", rows=",1"),
    audit(3, "fetch all from opened", of_class="MISC", command="FETCH", rows=",0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("messages", "reached"),
    [
        pytest.param([audit(1, what="TABLE,public.invoices"), audit(1, of_class="MISC", command="???", what="TABLE,public.invoices_1")], ["C1 invoice"], id="a partition"),
        pytest.param([audit(1, MERGE, of_class="MISC", command="???")], ["None person", "None invoice"], id="a merge without relations"),
        pytest.param([CALL], ["None None"], id="a function without relations"),
        pytest.param([CALL, audit(2, what="TABLE,public.invoices")], ["C1 invoice"], id="a function that reads nothing"),
        pytest.param(
            [CALL, audit(2, "alter table invoices add x int", of_class="DDL", command="ALTER TABLE", what="TABLE,public.invoices")], ["None None"], id="no reads are named"
        ),
        pytest.param([CALL, audit(1, READ, part=2), CALLED], ["C1 invoice"], id="a function whose parts are logged"),
        pytest.param(
            [audit(1, "select * from of_account('C1'), become_part('C2')"), audit(1, READ, part=2), CALLED], ["C1 invoice", "None None"], id="one of two functions is logged"
        ),
        pytest.param([audit(1, BESIDE, what="TABLE,public.invoices")] * 2, ["C1 invoice", "None invoice"], id="a function that reads the table beside it"),
        pytest.param([audit(1, WITH, what="TABLE,public.invoices")] * 2, ["C1 invoice", "None invoice"], id="a query of that name is no table"),
        pytest.param([audit(1, LOCK, what="TABLE,public.invoices")] * 2, ["C1 invoice", "None invoice"], id="a lock is no table"),
        pytest.param(
            [audit(1, f"{READ}; {BESIDE}")] + [audit(2, f"{READ}; {BESIDE}", what="TABLE,public.invoices")] * 2, ["C1 invoice", "C1 invoice", "None invoice"], id="of two"
        ),
        pytest.param([audit(1, what="VIEW,pg_temp_3.invoices"), audit(1, what="TABLE,public.contacts")], ["None person"], id="a view of the session's own"),
        pytest.param([audit(1, what="TABLE,pg_temp_3.invoices")], ["None None"], id="a table of the session's own"),
        pytest.param([audit(1, "select * from flags", what="TABLE,pg_temp_3.flags")], ["None None"], id="another one of the session's own"),
        pytest.param([audit(1, TWICE, what=f"TABLE,{schema}.invoices") for schema in ("pg_temp_3", "public")], ["C1 invoice", "None None"], id="both"),
        pytest.param([audit(1, SELF, what="TABLE,public.invoices")] * 2, ["C1 invoice"], id="a table beside itself"),
        pytest.param([audit(1, ORDER, what='TABLE,"public.""order"""')], ["C1 order"], id="a name in quotes"),
        pytest.param([audit(1, 'select * from "App"."Flags"', what='TABLE,"""App"".""Flags"""')], [], id="another name in quotes"),
        pytest.param(FETCH, ["None None", "None None"], id="a cursor of a function, with rows"),
        pytest.param([FETCH[0], audit(2, "declare opened cursor for " + READ, command="DECLARE CURSOR", rows=",0"), FETCH[2]], ["C1 invoice"], id="a cursor that is declared"),
        pytest.param(FETCH[2:], [], id="a cursor that may have been declared before"),
    ],
)
def test_what_pgaudit_names_otherwise_is_not_lost(messages: list[str], reached: list[str]) -> None:
    """Some reads have another class, or no entry of their own; what they reached is unknown, if nothing else tells."""
    rows = read("".join(text(message, second) for second, message in enumerate(messages))).rows.to_pylist()
    assert sorted(f"{row['account_id']} {row['record_class']}" for row in rows) == sorted(reached)


def test_relations_of_another_session_say_nothing() -> None:
    """A role or a database may have `log_relation` off."""
    told = read(text(CALL) + text(audit(1, what="TABLE,public.invoices"), session="0a0b0c0d.1a2b"))
    assert accounts(told) == [None, "C1"]


def test_the_twins_of_copy_and_a_cursor_count_once() -> None:
    """The query that they run is logged, too; with rows of its own, where theirs are none."""
    copied = "copy (select * from invoices where account_id = 'C1') to stdout"
    lines = [
        audit(1, copied, rows=",7"), audit(1, copied, part=2, command="COPY", rows=",0"),
        audit(2, "copy invoices to stdout", command="COPY", rows=",0"),
        audit(3, "declare c cursor for " + READ, command="DECLARE CURSOR", rows=",0"), audit(4, "fetch all from c", of_class="MISC", command="FETCH", rows=",0"),
        audit(5, f"prepare p as {READ}", command="PREPARE", rows=",0"), audit(6, f"prepare p as {READ}", rows=",7"),
        audit(6, "execute p", part=2, of_class="MISC", command="EXECUTE"),
    ]  # fmt: skip
    events = read("".join(text(line) for line in lines))
    found = list(zip(accounts(events), events.rows["action"].to_pylist(), events.rows["rows"].to_pylist(), strict=True))
    assert found == [("C1", "export", 7), (None, "export", 0), ("C1", "read", 0), ("C1", "read", 7)]
    assert others(events) == ["cursor", "prepared_statement", "prepared_statement", "same_statement"]


def test_a_function_is_named_as_one() -> None:
    """It is logged as EXECUTE, as for a prepared statement; its class tells them apart."""
    called = "select archive_invoices('C1')"
    lines = [
        audit(1, called),
        audit(1, called, part=2, of_class="FUNCTION", command="EXECUTE", what="FUNCTION,public.archive_invoices"),
        audit(2, "do $$ begin end $$", of_class="FUNCTION", command="DO"),
    ]
    assert others(read("".join(map(text, lines)))) == ["function_call", "function_call", "no_customer_table"]


def test_a_view_hides_its_customer_unless_it_is_declared() -> None:
    """The tables behind a view are named; whose rows came back only the view's own column tells."""
    body = "".join(
        text(audit(1, "select * from v where account_id = 'C1'", of_class=of_class, command=command, what=what))
        for of_class, command, what in (("READ", "SELECT", "VIEW,public.v"), ("MISC", "???", "VIEW,public.v"), ("READ", "SELECT", "TABLE,public.invoices"))
    )
    hidden = read(body)
    assert (accounts(hidden), hidden.rows["record_class"].to_pylist()) == ([None], ["invoice"])
    declared = Given("pgaudit", declared=GIVEN.declared, access=Access(tables={**TABLES, "v": Table(record_class="open", account_column="account_id")}))
    known = read(body, declared)
    assert (accounts(known), known.rows["record_class"].to_pylist()) == (["C1"], ["open"])
    for asked, others in (("select shown(id) from v where account_id = 'C1'", []), ("select v.* from v, of_account('C2') where v.account_id = 'C1'", [None])):
        body = "".join(text(audit(1, asked, what=what)) for what in ("VIEW,public.v", "TABLE,public.invoices"))
        assert accounts(read(body, declared)) == ["C1", *others]


def test_the_schema_is_the_one_that_pgaudit_names() -> None:
    """A search path decides which table a bare name is; `pg_…` may be anybody's table."""
    told = Given("pgaudit", declared=GIVEN.declared, access=Access(tables={"crm.people": Table(record_class="person", account_column="org")}))
    asked = [
        ("people where org = 'C1'", "crm.people"),
        ("people where org = 'C1'", "hr.people"),
        ("pg_class", "pg_catalog.pg_class"),
        ("pg_copy", "public.pg_copy"),
        ("pg_stats", "pg_catalog.pg_stats"),
    ]
    events = read("".join(text(audit(number, f"select * from {name}", what=f"TABLE,{full}")) for number, (name, full) in enumerate(asked, 1)), told)
    found = zip(accounts(events), events.rows["record_class"].to_pylist(), strict=True)
    assert list(found) == [("C1", "person"), (None, None), (None, None), (None, None)]
    assert others(events) == ["no_customer_table"]


def test_of_several_statements_in_one_text_each_is_taken_once() -> None:
    """Each is logged with the whole text."""
    both = "select * from invoices where account_id = 'C1'; select * from invoices where account_id = 'C2'"
    assert accounts(read(text(audit(1, both)) + text(audit(2, both)))) == ["C1", "C2"]
    assert accounts(read(text(audit(1, both)))) == [None]


def test_missing_numbers_are_gaps() -> None:
    """Each session counts its statements; the hole is between the entries on both sides of it."""
    body = text(audit(1), 0) + text(audit(2), 1) + text(audit(5), 60) + text(audit(6), 61)
    (gap,) = proofs(read(body).attestations)
    assert (gap.rule, gap.object) == ("statement_missing", f"{SESSION} 3-4")
    assert (gap.begin, gap.end) == (datetime(2026, 3, 10, 12, 0, 1, tzinfo=UTC), datetime(2026, 3, 10, 12, 1, tzinfo=UTC))


def test_a_session_may_go_on_in_the_next_file() -> None:
    """Logs are rotated; a file that comes late fills the hole that it left."""
    files = [read("".join(text(audit(number), number) for number in numbers)).attestations for numbers in ((1, 2), (3, 4), (5, 6))]
    assert not proofs([*files[0], *files[1], *files[2]])
    assert [proof.object for proof in proofs([*files[0], *files[2]])] == [f"{SESSION} 3-4"]
    assert not proofs(files[1])


def test_a_session_that_began_behind_the_begin_of_the_log_must_begin_with_1() -> None:
    """The id of a session says when it began."""
    old, new = f"{int(datetime(2026, 3, 10, 11, tzinfo=UTC).timestamp()):x}.1", f"{int(datetime(2026, 3, 10, 12, 0, 30, tzinfo=UTC).timestamp()):x}.2"
    body = text(audit(7), 0, session=old) + text(audit(3), 40, session=new)
    (gap,) = proofs(read(body).attestations)
    assert (gap.object, gap.begin) == (f"{new} 1-2", datetime(2026, 3, 10, 12, 0, 30, tzinfo=UTC))


@pytest.mark.parametrize("prefix", ["2026-03-10 12:00:{} UTC [6699] amy@main LOG:  ", "user=amy{},db=main LOG:  ", "< 2026-03-10 12:00:00.000 UTC > LOG:  "])
def test_no_statement_hides_behind_the_number_of_another(prefix: str) -> None:
    """Without the id of a session, two have the same numbers: what has another text or other parameters is another statement."""
    two = [("00.1", audit(5)), ("00.1", audit(5, what="TABLE,public.invoices")), ("07.0", audit(5, READ.replace("C1", "C2")))]
    events = read("".join(f"2026-03-10T12:00:00Z stderr F {prefix.format(told)}{message}\n" for told, message in two), Given("pgaudit", access=ACCESS))
    assert (accounts(events), others(events), len(set(events.rows["event_id"].to_pylist()))) == (["C1", "C2"], ["same_statement"], 2)


def test_a_process_id_that_is_used_again_is_another_session() -> None:
    """Without %c there is only the process; number 1 begins a new session."""
    told = Given("pgaudit", declared=Source(), access=ACCESS)
    body = "".join(f"{stamp(second)} [77] amy@main LOG:  {audit(number)}\n" for second, number in enumerate((1, 2, 1, 2, 3)))
    events = read(body, told)
    assert len(set(events.rows["event_id"].to_pylist())) == 5
    assert not proofs(events.attestations)


def test_a_crash_is_a_gap() -> None:
    """What a crashed server had not written yet is lost."""
    body = text(audit(1), 0) + text("database system was interrupted; last known up at 2026-03-10 11:58:00 UTC", 90) + text("database system is ready to accept connections", 91)
    (gap,) = stated_gaps(read(body).attestations)
    assert (gap.rule, gap.begin, gap.end) == ("server_crashed", datetime(2026, 3, 10, 12, tzinfo=UTC), datetime(2026, 3, 10, 12, 1, 30, tzinfo=UTC))


def test_an_audit_that_is_off_in_one_file_and_on_in_the_next_is_one_gap() -> None:
    """Switches are kept from file to file, whichever comes first."""
    off = read(text('parameter "pgaudit.log" changed to "none"', 0)).attestations
    on = read(text('parameter "pgaudit.log" changed to "all, -misc"', 600)).attestations
    for said in ([*off, *on], [*on, *off]):
        (gap,) = proofs(said)
        assert (gap.rule, gap.begin, gap.end) == ("audit_switched_off", datetime(2026, 3, 10, 12, tzinfo=UTC), datetime(2026, 3, 10, 12, 10, tzinfo=UTC))
    (gap,) = proofs(off)
    assert gap.end is None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([written(message).encode() for written in WRITTEN.values() for message in MESSAGES])), max_size=12), st.data())
def test_whatever_stands_in_a_log_every_line_is_accounted_for(pieces: list[bytes], data: st.DataObject) -> None:
    """Cut, mixed and damaged logs end as accesses, other things and refused lines; only a log in which no line has a known prefix is refused as a whole."""
    body = b"".join(pieces)
    if body:
        body = body[: data.draw(st.integers(0, len(body)))]
    try:
        events = read(body)
    except FormatError:
        assert b"AUDIT: " in body
        return
    entries = body.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    lines = len(entries) - (not entries[-1])
    accesses = len(set(events.rows["line_number"].to_pylist()))
    assert accesses + events.rejects.num_rows + events.others.num_rows + events.blank == lines


def test_a_record_of_several_lines_that_is_cut_between_two_quotes_is_refused_line_by_line() -> None:
    """Its quotes seem closed: a record taken as one would leave its other lines unaccounted for, and the run would fail."""
    whole = as_csv("AUDIT: SESSION,2,1,READ,SELECT,TABLE,public.invoices,\"select *\n from invoices\n where account_id = 'C1'\",<none>,5").encode()
    cut = whole[: whole.rindex(b'""') + 1]
    assert cut.count(b'"') % 2 == 0
    events = read(cut)
    assert (events.rejects.column("line_number").to_pylist(), events.rejects.column("reason").to_pylist()) == ([1, 2, 3], ["field_count", "no_match", "no_match"])


def verdicts(folder: Path, body: bytes) -> list[str]:
    """Return the codes of a log's accesses: amy may read the invoices of C1 all year, of nobody else."""
    landing = folder / "landing"
    rows = {
        "access_events/pgaudit/postgresql.json": body.decode(),
        "staff/staff.csv": "staff_id\namy\n",
        "grantors/grantors.csv": "person_id,account_id,valid_from\ncora,C1,2020-01-01T00:00:00Z\n",
        "grants/grants.csv": (
            "grant_id,account_id,granted_by,grantee,record_classes,valid_from,valid_to,recorded_at\n"
            "g1,C1,cora,person:amy,invoice,2020-01-01T00:00:00Z,2100-01-01T00:00:00Z,2020-01-01T00:00:00Z\n"
        ),
    }
    for name, written in rows.items():
        (landing / name).parent.mkdir(parents=True, exist_ok=True)
        (landing / name).write_text(written)
    at = datetime(2099, 1, 1, tzinfo=UTC)
    told = {"sources": {"pgaudit": {}, "grants": {"watermark": at}}, "access": {"tables": {name: table.model_dump() for name, table in TABLES.items()}}}
    decided = decide(landing, at, Settings.model_validate(told)).to_pylist()
    return [row["code"] for row in sorted(decided, key=lambda row: (row["occurred_at"], row["event_id"]))]


def test_a_log_goes_through_a_run(tmp_path: Path) -> None:
    """Permitted, not permitted, sizes only, an unknown customer, and a gap over all of them where the audit was off."""
    lines = [READ, "select * from invoices where account_id = 'C2'", "select count(*) from invoices where account_id = 'C2'", "table contacts"]
    body = "".join(as_json(audit(number, line), number) for number, line in enumerate(lines, 1))
    assert verdicts(tmp_path / "whole", body.encode()) == ["GRANTED", "NO_GRANT", "EXEMPT_METRICS_ONLY", "CUSTOMER_UNRESOLVED"]
    holed = as_json('parameter "pgaudit.log" changed to "none"', 0) + body
    assert verdicts(tmp_path / "holed", holed.encode()) == ["LOG_GAP", "LOG_GAP", "LOG_GAP", "CUSTOMER_UNRESOLVED"]
