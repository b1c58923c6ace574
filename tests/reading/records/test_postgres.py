"""A table of PostgreSQL, in a real cluster: with the right role its numbers are the owner's, with any other it is refused."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from dagster_project.errors import UsageError
from dagster_project.reading.records import postgres
from dagster_project.reading.records.measured import Measured, measurement
from dagster_project.reading.records.postgres_rights import reach
from dagster_project.reading.records.postgres_setup import setup_sql
from dagster_project.settings import Store
from tests.postgres.cluster import running
from tests.reading.records.database import Database
from tests.reading.records.made import DAY, measured, meter
from tests.test_self_watch import judged, row_of, statuses

pytestmark = pytest.mark.postgres
TABLE = """
drop schema if exists crm cascade;
drop owned by meter, reader, owner cascade;
drop role meter, reader, owner;
create role owner;
create role meter login;
create role reader;
create schema crm authorization owner;
set role owner;
create table crm.notes (note_id bigint generated always as identity, account_id text, title text not null, body text, answers jsonb, secret bytea);
insert into crm.notes (account_id, title, body, answers, secret)
select
    case n % 5 when 0 then null when 1 then '' else 'C' || n % 5 end, 'título ' || n, repeat('a customer''s secret ', n % 40),
    jsonb_build_object('n', n), decode(repeat('ff', n % 3), 'hex')
from generate_series(1, 500) as n;
insert into crm.notes (account_id, title, body) select 'C9', 'large', string_agg(md5(n::text), '') from generate_series(1, 5000) as n;
reset role;
"""
KEYS: dict[str, Any] = {"kind": "postgres", "table": "crm.notes", "record_class": "note", "content_columns": ("title", "body", "answers::text", "secret")}
BY_OWNER = """
select nullif(account_id, ''), count(*), sum(s)::bigint, max(s)::bigint
from (
    select account_id, octet_length(title) + coalesce(octet_length(body), 0) + coalesce(octet_length(answers::text), 0) + coalesce(octet_length(secret), 0) as s
    from crm.notes
) as t
group by 1 order by 1 nulls first
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Database]:
    """Give a cluster with an owner, a meter and another role."""
    with running("max_prepared_transactions = 5") as server:
        found = Database(server.folder)
        found.run("create role owner; create role meter; create role reader;")
        yield found


@pytest.fixture
def crm(cluster: Database) -> Database:
    """Give the cluster with a table of notes, set up as `init-postgres` says."""
    cluster.run(TABLE)
    cluster.run(setup_sql("crm", Store(**KEYS, connection="x"), "meter"))
    return cluster


def found(cluster: Database, role: str = "meter", **keys: Any) -> Measured:
    """Measure the table."""
    return measured("", **{**KEYS, "connection": cluster.uri(role), **keys})


def rows(of: Measured) -> list[tuple[Any, ...]]:
    """Return account, records, bytes and the largest record."""
    return [(row["account_id"], row["records"], row["bytes"], row["largest_record_bytes"]) for row in of.records.to_pylist()]


def test_the_numbers_are_those_of_the_owner(crm: Database) -> None:
    """Count, sum and largest to the byte, though the meter may read no column of content."""
    of = found(crm)
    assert of.faults == ()
    assert rows(of) == crm.rows(BY_OWNER)
    assert sum(of.records["stored_bytes"].to_pylist()) == crm.rows("select pg_table_size('crm.notes')")[0][0]
    assert set(of.records["method"].to_pylist()) == {"exact"}
    told = meter(of)
    assert (told["columns"], told["allowed_columns"], told["content_bytes"]) == (["account_id", "size_bytes"], ["account_id", "size_bytes"], 0)
    assert statuses(row_of("ledger.metering", **told, attempt=1))["CR-4"] == {"kept"}


@pytest.mark.parametrize("column", ["title", "body", "secret", "answers", "note_id", "*", "octet_length(body)", "notes::text"])
def test_the_role_is_refused_content_by_the_database_too(crm: Database, column: str) -> None:
    """What `init-postgres` prints leaves the meter no way to content, whatever the meter would do."""
    with pytest.raises(Exception, match="permission denied"):
        crm.rows(f"select {column} from crm.notes", "meter")


REFUSED = {
    "alter role meter superuser": ("privileged", "meter is a superuser"),
    "alter role meter createrole": ("privileged", "may make itself more"),
    "alter role meter replication": ("privileged", "may make itself more"),
    "grant owner to meter": ("privileged", 'run: revoke "owner" from "meter"'),
    "alter table crm.notes owner to meter": ("privileged", "owns crm.notes"),
    "grant pg_read_server_files to meter": ("privileged", 'run: revoke "pg_read_server_files" from "meter"'),
    "grant delete on crm.notes to meter": ("privileged", 'run: revoke delete, truncate, trigger on crm.notes from "meter"'),
    "grant pg_read_all_data to meter": ("reaches_content", 'run: revoke "pg_read_all_data" from "meter"'),
    "grant select (body) on crm.notes to meter": ("reaches_content", 'column body of crm.notes; run: revoke all on crm.notes from "meter"; then: grant usage'),
    "grant select on crm.notes to meter": ("reaches_content", 'column note_id of crm.notes (and 4 other columns); run: revoke all on crm.notes from "meter"'),
    "grant update (body) on crm.notes to meter": ("reaches_content", "column body"),
    "grant references (body) on crm.notes to meter": ("reaches_content", "column body"),
    "grant select (body) on crm.notes to public": ("reaches_content", "run: revoke all on crm.notes from public"),
    "grant select (body) on crm.notes to reader; grant reader to meter": ("reaches_content", 'run: revoke all on crm.notes from "reader"'),
    "create view crm.shown as select body from crm.notes; grant select on crm.shown to meter": ("reaches_content", "column body of crm.shown"),
    "create view crm.within as select body from crm.notes; create view crm.beyond as select body as b from crm.within; grant select on crm.beyond to meter": (
        "reaches_content", "column b of crm.beyond",
    ),
    "create table crm.part () inherits (crm.notes); grant select (body) on crm.part to meter": ("reaches_content", "column body of crm.part"),
    "revoke select (size_bytes) on crm.notes from meter": ("not_granted", "may not read size_bytes; run: grant usage"),
    "alter table crm.notes drop column size_bytes": ("column_missing", "no column size_bytes"),
    "alter table crm.notes alter column size_bytes drop expression": ("size_not_generated", "column size_bytes"),
    "alter table crm.notes drop column size_bytes, add column size_bytes bigint generated always as (ascii(body)) stored; grant select (size_bytes) on crm.notes to meter": (
        "size_not_generated", "column size_bytes",
    ),
    "drop table crm.notes": ("missing", "no table crm.notes"),
}  # fmt: skip


@pytest.mark.parametrize("change", REFUSED, ids=lambda change: change[-60:])
def test_a_role_that_can_reach_content_is_refused(change: str, crm: Database) -> None:
    """The meter asks before it reads: which column, and what to run against it; nothing was counted and the row says so."""
    crm.run(change)
    of = found(crm)
    code, words = REFUSED[change]
    assert [(fault.place, fault.code) for fault in of.faults] == [("crm", code)]
    assert words in str(of.faults[0])
    assert rows(of) == [(None, 0, 0, None)]
    assert of.records["is_partial"].to_pylist() == [True]
    assert "secret " not in str(of.faults[0])


def test_a_superuser_is_refused(crm: Database) -> None:
    """The most common connection string is that of the administrator."""
    assert [fault.code for fault in found(crm, "postgres").faults] == ["privileged"]


def test_the_revoke_that_is_told_mends_it(crm: Database) -> None:
    """Whoever runs the two sentences of the error has a meter that works."""
    crm.run("grant select on crm.notes to meter")
    told = str(found(crm).faults[0])
    crm.run(told.partition("; run: ")[2].replace("; then: ", ";\n"))
    assert found(crm).faults == ()


def test_a_reader_of_content_breaks_the_promise(crm: Database) -> None:
    """Where the check is left out, the database itself tells of the columns in reach and of large values that were fetched."""
    store = Store(**KEYS, connection=crm.uri("postgres"))
    with postgres.connected("crm", store) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("select sum(length(reverse(body))) from crm.notes")
        cursor.fetchall()
        of = measurement("crm", store, DAY, postgres.counted(cursor, store, reach(cursor, store)))
    told = meter(of)
    assert "body" in told["columns"]
    assert told["content_bytes"] > 0
    given = row_of("ledger.metering", **told, attempt=1)
    assert [(finding["code"], finding["columns_outside"]) for finding in judged("flagged.meter_reads_no_content", given)] == [("CONTENT_READ", 5)]
    assert statuses(given)["CR-4"] == {"broken"}


def test_destroyed_content_gives_equal_numbers(crm: Database) -> None:
    """Sizes were fixed when records were written: other content of the same size changes nothing, and none is needed to count."""
    before = rows(found(crm))
    crm.run("update crm.notes set title = translate(title, 'abcdefghijklmnopqrstu', 'xxxxxxxxxxxxxxxxxxxxx'), body = repeat('x', octet_length(body))")
    assert rows(found(crm)) == before


def test_partitions_and_names_that_need_quotes(crm: Database) -> None:
    """A partitioned table is one store; names are the owner's business."""
    crm.run('create table crm."Odd ""notes" (account_id bigint, "Body" text) partition by list (account_id); create table crm.p1 partition of crm."Odd ""notes" for values in (1);'
            'create table crm.p2 partition of crm."Odd ""notes" default; insert into crm."Odd ""notes" values (1, \'abc\'), (2, \'é\'), (2, null)')  # fmt: skip
    keys = {"table": 'crm.Odd "notes', "content_columns": ("Body",)}
    crm.run(setup_sql("odd", Store(**{**KEYS, **keys, "connection": "x"}), "meter"))
    of = found(crm, **keys)
    assert (of.faults, rows(of)) == ((), [("1", 1, 3, 3), ("2", 2, 2, 2)])
    assert sum(of.records["stored_bytes"].to_pylist()) > 0


def test_the_setup_may_be_run_again(crm: Database) -> None:
    """Whoever is unsure runs it twice; a table without rows is a count too."""
    crm.run(setup_sql("crm", Store(**KEYS, connection="x"), "meter") + "truncate crm.notes")
    assert (found(crm).faults, rows(found(crm))) == ((), [])


@pytest.mark.parametrize("keys", [{"content_columns": ()}, {"kind": "parquet", "path": "x"}])
def test_a_setup_that_cannot_be_written(keys: dict[str, Any]) -> None:
    """Without the columns that make a size there is no size."""
    with pytest.raises(UsageError, match=r"\[stores\.crm\]"):
        setup_sql("crm", Store(**{**KEYS, "connection": "x", **keys}), "meter")


def test_a_server_that_does_not_answer(tmp_path: Any) -> None:
    """Refused by name with what to do, and no address is told."""
    of = measured("", **KEYS, connection=f"postgresql:///crm?host={tmp_path}&user=meter")
    assert [(fault.place, fault.code) for fault in of.faults] == [("crm", "unreachable")]
    assert str(tmp_path) not in str(of.faults)


def test_a_connection_lost_in_the_middle_leaves_nothing_half(crm: Database) -> None:
    """A half sum would be a wrong sum: all of a table or nothing."""
    crm.run("begin; lock table crm.notes in access exclusive mode; prepare transaction 'hold'")
    killer = threading.Thread(target=_kill_when_waiting, args=(crm,))
    killer.start()
    try:
        of = found(crm)
    finally:
        killer.join()
        crm.run("rollback prepared 'hold'")
    assert [(fault.place, fault.code) for fault in of.faults] == [("crm", "lost")]
    assert rows(of) == [(None, 0, 0, None)]


def _kill_when_waiting(cluster: Database) -> None:
    """End the meter's server process once it waits for the lock."""
    for _ in range(300):
        if cluster.rows("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'meter' and wait_event_type = 'Lock'"):
            return
        time.sleep(0.1)
