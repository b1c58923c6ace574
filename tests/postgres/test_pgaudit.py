"""What a real PostgreSQL with the real extension writes, in its three forms, becomes the same accesses; and what it does not write leaves a gap."""

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dagster_project.reading.accesses.events import Events, Given
from dagster_project.reading.accesses.postgres import pgaudit
from dagster_project.reading.accesses.postgres.sessions import proofs
from dagster_project.reading.accesses.statements.statement import touched
from dagster_project.reading.files import Body
from dagster_project.settings import Access, Source, Table
from tests.postgres.cluster import PREFIX, Cluster
from tests.reading.accesses.test_statements import CASES, parameters_of

pytestmark = pytest.mark.postgres

TABLES = {
    "invoices": Table(record_class="invoice", account_column="account_id", record_column="id", plain_columns=("created_at",)),
    "contacts": Table(record_class="person", account_column="account_id", record_column="id"),
}
GIVEN = Given("pgaudit", declared=Source(log_line_prefix=PREFIX), access=Access(tables=TABLES, other_tables=("flags",)))
STATEMENTS = r"""
select * from invoices
 where account_id = 'C1' and body <> 'a "quoted", text' -- of several lines
;
select i.*, c.* from invoices i join contacts c using (account_id) where account_id = 'C2';
select count(*), sum(octet_length(body)) from invoices where account_id = 'C1';
prepare p (text, text) as select * from invoices where account_id = $1 and id = $2;
execute p('C1', 'r1');
execute p('C3', null);
begin; update invoices set amount = 9 where account_id = 'C2' and id = 'r2'; rollback;
copy (select * from invoices where account_id = 'C3') to stdout;
copy contacts to stdout;
begin; declare c cursor for select * from invoices where account_id = 'C2'; fetch 1 from c; fetch all from c; close c; commit;
select * from open_invoices where account_id = 'C1';
select * from invoices where account_id in ('C1', 'C2') and id = 'r3';
do $$begin perform * from contacts where account_id = 'C1'; end$$;
explain analyze select * from invoices where account_id = 'C1';
insert into contacts (account_id, id) values ('C1', 'k1');
delete from contacts where account_id = 'C1' and id = 'k1' returning *;
select * from flags;
select 1;
select * from no_such_table;
select * from invoices where account_id = 'C1' \; select * from invoices where account_id = 'C2' \; select 1 / 0;
select body from invoices where account_id = $q$C1$q$;
"""
MADE = """
create table if not exists parts (account_id text, body text) partition by list (account_id);
create table if not exists parts_1 partition of parts for values in ('C1');
create or replace function inlined(a text) returns setof invoices language sql stable as $$ select * from invoices where account_id = a $$;
create or replace function looped(a text) returns setof invoices language plpgsql as $$ begin return query select * from invoices i where i.account_id = a; end $$;
create table if not exists "Order" ("orgId" text);
create table if not exists "user" (account_id text);
create table if not exists accounts_of (id text primary key);
insert into accounts_of values ('C1') on conflict do nothing;
create table if not exists lines_of (account_id text references accounts_of);
create or replace function opened(a text) returns refcursor language plpgsql as $$
    declare c refcursor := 'of_account'; begin open c for select * from invoices where account_id = a; return c; end $$;
"""
# account, class, records, action, whether content came back
TOUCHED = [
    ("C1", "invoice", [], "read", True),
    ("C2", "invoice", [], "read", True),
    ("C2", "person", [], "read", True),
    ("C1", "invoice", [], "read", False),
    ("C1", "invoice", ["r1"], "read", True),
    ("C3", "invoice", [], "read", True),
    ("C2", "invoice", ["r2"], "write", True),
    ("C3", "invoice", [], "export", True),
    (None, "person", [], "export", True),
    ("C2", "invoice", [], "read", True),
    (None, "invoice", [], "read", True),
    ("C1", "invoice", ["r3"], "read", True),
    ("C2", "invoice", ["r3"], "read", True),
    ("C1", "person", [], "read", True),
    ("C1", "invoice", [], "read", False),
    ("C1", "person", ["k1"], "write", True),
    ("C1", "person", ["k1"], "delete", True),
    ("C1", "invoice", [], "read", True),
    ("C2", "invoice", [], "read", True),
    ("C1", "invoice", [], "read", True),
]


def told(events: Events) -> list[tuple[Any, ...]]:
    """Return what the events say was touched, in the order of the log."""
    columns = ("account_id", "record_class", "record_id", "record_ids", "action", "content")
    rows = zip(*(events.rows[name].to_pylist() for name in columns), strict=True)
    return [(account, kind, list(several or ([record] if record else [])), action, content) for account, kind, record, several, action, content in rows]


def read(logged: dict[str, bytes], given: Given = GIVEN) -> dict[str, Events]:
    """Return the events of each form."""
    return {form: pgaudit.read(Body.held(body), given) for form, body in logged.items()}


def comparable(events: Events) -> list[dict[str, Any]]:
    """Return all that does not depend on how many lines an entry has."""
    rows: list[dict[str, Any]] = events.rows.drop(["line_number"]).to_pylist()
    return sorted(rows, key=lambda row: str(row["event_id"]))


OPTIONS = {
    "as recommended": {},
    "with rows": {"pgaudit.log_rows": "on"},
    "each statement once": {"pgaudit.log_statement_once": "on"},
    "all together": {"pgaudit.log_rows": "on", "pgaudit.log_statement_once": "on", "pgaudit.log_level": "log"},
    "reads and writes only": {"pgaudit.log": "read,write"},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_three_forms_of_one_log_are_the_same_accesses(server: Cluster, name: str) -> None:
    """Whatever form a server writes, whoever looked at a record is found, once."""
    found = read(server.logged(STATEMENTS, OPTIONS[name], "postgres", "console staff=amy case=T-1"))
    for form, events in found.items():
        assert told(events) == TOUCHED, form
        assert events.rejects.num_rows == 0, form
        assert set(events.rows["actor"].to_pylist()) == {"amy"}
        assert set(events.rows["case_id"].to_pylist()) == {"T-1"}
        assert set(events.rows["time_status"].to_pylist()) == {"zoned"}
        assert not proofs(events.attestations)
    assert comparable(found["stderr"]) == comparable(found["csvlog"]) == comparable(found["jsonlog"])


def test_a_change_that_is_explained_counts_once(server: Cluster) -> None:
    """Both the change and its explaining are logged as one; what is only planned is no change."""
    explained = "begin; explain analyze update invoices set amount = 9 where account_id = 'C1' and id = 'r1'; rollback; explain delete from contacts where account_id = 'C2';"
    for form, events in read(server.logged(explained)).items():
        assert told(events) == [("C1", "invoice", ["r1"], "write", True), ("C2", "person", [], "read", True)], form


def test_rows_are_counted_once_for_a_join(server: Cluster) -> None:
    """A join is a line for each of its tables, each with all the rows."""
    events = read(server.logged("select * from invoices i join contacts c using (account_id, id) where account_id = 'C1';", {"pgaudit.log_rows": "on"}))["jsonlog"]
    assert events.rows["rows"].to_pylist() == [3, 3]
    assert len(set(events.rows["event_id"].to_pylist())) == 2


def test_without_relations_the_text_alone_tells(server: Cluster) -> None:
    """Without pgaudit.log_relation a view and a function hide which tables they read: the view counts as an unknown customer's."""
    events = read(server.logged(STATEMENTS, {"pgaudit.log_relation": "off"}))["csvlog"]
    view = TOUCHED.index((None, "invoice", [], "read", True))
    assert told(events) == [*TOUCHED[:view], (None, None, [], "read", True), *TOUCHED[view + 1 :]]


def test_without_parameters_a_prepared_statement_is_an_unknown_customers(server: Cluster) -> None:
    """`<not logged>` is no value."""
    events = read(server.logged("prepare p (text) as select * from invoices where account_id = $1; execute p('C1');", {"pgaudit.log_parameter": "off"}))["jsonlog"]
    assert told(events) == [(None, "invoice", [], "read", True)]


def test_without_statements_the_tables_are_still_told(server: Cluster) -> None:
    """With pgaudit.log_statement off, what is left is the class."""
    events = read(server.logged("select * from invoices where account_id = 'C1';", {"pgaudit.log_statement": "off"}))["stderr"]
    assert told(events) == [(None, "invoice", [], "read", True)]


def test_object_audit_is_an_access_too_and_counts_once(server: Cluster) -> None:
    """A statement that session and object audit both log is one access; object audit alone logs what its role may read."""
    server.run("create role auditor; grant select (body) on invoices to auditor;")
    both = read(server.logged("select body from invoices where account_id = 'C1';", {"pgaudit.role": "auditor", "pgaudit.log": "read"}))["csvlog"]
    assert told(both) == [("C1", "invoice", [], "read", True)]
    only = "select body from invoices where account_id = 'C1'; select amount from invoices where account_id = 'C2'; select * from contacts;"
    assert told(read(server.logged(only, {"pgaudit.role": "auditor", "pgaudit.log": "none"}))["csvlog"]) == [("C1", "invoice", [], "read", True)]


def test_a_denied_statement_is_an_attempt(server: Cluster) -> None:
    """What is not allowed, pgAudit does not log; the server's own error does."""
    for events in read(server.logged("select * from invoices where account_id = 'C1';", user="bob")).values():
        assert told(events) == [("C1", "invoice", [], "read", True)]
        assert events.rows["outcome"].to_pylist() == ["denied"]
        assert events.rows["actor"].to_pylist() == ["bob"]


def test_the_role_of_the_session_stays_the_person(server: Cluster) -> None:
    """`set role` changes who is asked for permission, not who asks."""
    events = read(server.logged("set role amy; select * from invoices where account_id = 'C1';"))["stderr"]
    assert events.rows["actor"].to_pylist() == ["postgres"]


def test_a_dump_is_an_export_of_every_customer(server: Cluster) -> None:
    """pg_dump reads whole tables by COPY; its many queries of the catalogue are none of customers' records."""
    events = read(server.logged("", program="pg_dump"))["jsonlog"]
    assert {(account, kind, action) for account, kind, _, action, _ in told(events) if kind} == {(None, "invoice", "export"), (None, "person", "export")}


def test_a_default_prefix_gives_the_same_accesses_under_other_ids(server: Cluster) -> None:
    """Without %c a session is only a process; person, customer and time are the same."""
    server.run("alter system set log_line_prefix = '%m [%p] %q%u@%d '; select pg_reload_conf();")
    try:
        logged = server.logged(STATEMENTS)
    finally:
        server.run("alter system reset log_line_prefix; select pg_reload_conf();")
    text = pgaudit.read(Body.held(logged["stderr"]), Given("pgaudit", access=GIVEN.access))
    assert told(text) == TOUCHED
    assert text.rows["occurred_at"].to_pylist() == pgaudit.read(Body.held(logged["csvlog"]), GIVEN).rows["occurred_at"].to_pylist()
    assert len(set(text.rows["event_id"].to_pylist())) == len(TOUCHED)


def test_a_session_that_switches_the_audit_on_again_leaves_a_gap(server: Cluster) -> None:
    """`set pgaudit.log = 'none'` is never logged by pgAudit: all that shows is that it was switched on."""
    statements = "select 1; set pgaudit.log = 'none'; select * from invoices; select pg_sleep(0.05); set pgaudit.log = 'all'; select * from contacts where account_id = 'C1';"
    for form, events in read(server.logged(statements)).items():
        assert told(events) == [("C1", "person", [], "read", True)], form
        (gap,) = proofs(events.attestations)
        assert (gap.rule, gap.end is not None) == ("audit_switched_off", True)
        assert gap.begin is not None
        assert gap.end is not None
        assert gap.end - gap.begin >= timedelta(milliseconds=50)


def test_a_log_of_statements_shows_where_the_gap_begins(server: Cluster) -> None:
    """With log_statement for those who can switch the audit off, the switch itself stands in the log, before it takes effect."""
    switches = {
        "set pgaudit.log = 'none'": True,
        "select set_config('pgaudit.log', 'none', false)": True,
        "do $$begin set pgaudit.log = none; end$$": True,
        "set pgaudit.log = 'write, ddl'": True,
        "set pgaudit.log = 'read'": False,
        "select 'set pgaudit.log = none'": False,
    }
    for statement, is_off in switches.items():
        for form, events in read(server.logged(f"{statement}; select * from invoices;", {"log_statement": "all"})).items():
            assert [proof.rule for proof in proofs(events.attestations)] == (["audit_switched_off"] if is_off else []), (statement, form)


def test_a_gap_of_a_session_ends_with_it(server: Cluster) -> None:
    """Somebody who switches the audit off and leaves it so is unaudited until the session ends."""
    events = read(server.logged("set pgaudit.log = 'none'; select * from invoices;", {"log_statement": "all"}))["jsonlog"]
    (gap,) = proofs(events.attestations)
    assert gap.end is not None


@pytest.mark.parametrize(
    ("statement", "undone"),
    [
        ("alter role bob set pgaudit.log = 'none'", "alter role bob reset pgaudit.log"),
        ("alter database postgres set pgaudit.log to none", "alter database postgres reset all"),
        ("create function pg_temp.f() returns int language sql set pgaudit.log = 'none' as 'select 1'", None),
    ],
)
def test_a_role_a_database_and_a_function_without_audit_leave_a_gap(server: Cluster, statement: str, undone: str | None) -> None:
    """These are logged as changes, and hold until they are undone."""
    events = read(server.logged(f"{statement}; {undone or 'select 1'};"))["csvlog"]
    (gap,) = proofs(events.attestations)
    assert (gap.rule, gap.end is not None) == ("audit_switched_off", undone is not None)


def test_a_server_whose_audit_is_switched_off_leaves_a_gap(server: Cluster) -> None:
    """The server logs that its configuration changed."""
    off, on = (
        "alter system set pgaudit.log = 'none'; select pg_reload_conf(); select pg_sleep(0.3);",
        "alter system reset pgaudit.log; select pg_reload_conf(); select pg_sleep(0.3);",
    )
    for events in read(server.logged(f"{off} select * from invoices; {on}")).values():
        assert told(events) == []
        (gap,) = proofs(events.attestations)
        assert (gap.rule, gap.object) == ("audit_switched_off", "server")
        assert gap.end is not None


def test_entries_that_were_kept_from_the_log_leave_a_gap(server: Cluster) -> None:
    """Statements are numbered by pgAudit the statements of a session, also those that the server was told not to write."""
    hidden = "select 1; set log_min_messages = 'panic'; select * from invoices; select * from contacts; reset log_min_messages; select 1;"
    for form, events in read(server.logged(hidden, {"pgaudit.log": "read"})).items():
        assert told(events) == [], form
        (gap,) = proofs(events.attestations)
        assert (gap.rule, (gap.object or "").split(" ")[1]) == ("statement_missing", "2-3")


def test_a_line_that_is_cut_out_leaves_a_gap(server: Cluster) -> None:
    """Whoever takes a line out of the file is found by its number."""
    body = server.logged("select 1; select * from invoices where account_id = 'C1'; select 2;")["stderr"]
    cut = b"".join(line for line in body.splitlines(keepends=True) if b"invoices" not in line)
    (gap,) = proofs(pgaudit.read(Body.held(cut), GIVEN).attestations)
    assert gap.rule == "statement_missing"


def test_what_a_statement_raises_is_no_entry_of_pgaudit(server: Cluster) -> None:
    """Anybody can write into the log what looks like an entry; it comes with the place that raised it."""
    forged = "do $$begin raise log 'AUDIT: SESSION,99,1,READ,SELECT,,,select * from invoices,<none>'; end$$;"
    for form, events in read(server.logged(forged)).items():
        assert told(events) == [], form
        assert "raised" in events.others["name"].to_pylist()
        assert not proofs(events.attestations)


def test_a_definer_function_is_seen_in_what_it_reads(server: Cluster) -> None:
    """SECURITY DEFINER changes whose rights count; what the function reads is logged as a part of the statement, under the person of the session."""
    made = "create function sd(text) returns setof invoices language sql security definer as 'select * from invoices where account_id = $1';"
    events = read(server.logged(f"{made} select * from sd('C2'); drop function sd;"))["jsonlog"]
    assert told(events) == [("C2", "invoice", [], "read", True)]


@pytest.mark.parametrize(
    ("statements", "options", "reached"),
    [
        ("select * from parts where account_id = 'C1';", {}, [("C1", "part")]),
        ("merge into contacts t using (select 'C1' a) s on t.account_id = s.a when not matched then do nothing;", {"pgaudit.log_relation": "off"}, [(None, "person")]),
        ("select * from inlined('C1');", {"pgaudit.log_relation": "off"}, [(None, None)]),
        ("select * from inlined('C1');", {}, [(None, "invoice")]),
        ("select * from inlined('C1'); alter table flags alter flag type text;", {"pgaudit.log_relation": "off"}, [(None, None)]),
        ("select i.* from invoices i, inlined('C2') where i.account_id = 'C1';", {}, [("C1", "invoice"), (None, "invoice")]),
        ("create temp view contacts as select * from invoices; select * from contacts where account_id = 'C1';", {}, [(None, "invoice")]),
        ("create temp table flags as select * from invoices where account_id = 'C2'; select * from flags;", {}, [("C2", "invoice"), (None, None)]),
        ("select * from looped('C1');", {"pgaudit.log_relation": "off"}, [(None, "invoice")]),
        ("select * from looped('C1'), inlined('C2');", {"pgaudit.log_relation": "off"}, [(None, None), (None, "invoice")]),
        ('select * from "Order" where "orgId" = \'C1\'; select * from "user";', {}, [("C1", "order")]),
        ("insert into lines_of (account_id) values ('C1'), ('C1');", {"pgaudit.log_rows": "on"}, [("C1", "account"), ("C1", "account")]),
        ("begin; select opened('C1'); fetch all from of_account; commit;", {"pgaudit.log_rows": "on"}, [(None, None)]),
        ("begin; select opened('C1'); fetch all from of_account; commit;", {}, [(None, "invoice")]),
    ],
)
def test_what_pgaudit_names_otherwise_is_not_lost(server: Cluster, statements: str, options: dict[str, str], reached: list[Any]) -> None:
    """Partitions, `merge`, functions that become part of their query, and cursors that a function opens."""
    server.run(MADE, {"pgaudit.log": "none"})
    tables = {
        **TABLES,
        "parts": Table(record_class="part", account_column="account_id"),
        "Order": Table(record_class="order", account_column="orgId"),
        "accounts_of": Table(record_class="account", account_column="id"),
    }
    access = Access(tables=tables, other_tables=("flags", "user", "lines_of"))
    for events in read(server.logged(statements, options), Given("pgaudit", declared=GIVEN.declared, access=access)).values():
        assert sorted([(account, kind) for account, kind, *_ in told(events)], key=str) == sorted(reached, key=str)


def test_rows_of_a_cursor_are_those_that_its_query_read(server: Cluster) -> None:
    """`where current of` names no customer; the cursor's own query does, if it is in the same log."""
    declared = "begin; declare c cursor for select * from invoices where account_id = 'C2' for update; fetch 1 from c;"
    for form, events in read(server.logged(f"{declared} update invoices set amount = 3 where current of c; delete from invoices where current of c; rollback;")).items():
        assert [row[0] for row in told(events)] == ["C2"] * 3, form
        assert [row[3] for row in told(events)] == ["read", "write", "delete"], form
    moved = server.logged(
        f"{declared} update invoices set account_id = 'C9' where current of c; rollback; begin; declare c cursor for select * from invoices for update; fetch 1 from c;"
    )
    assert [row[0] for row in told(read(moved)["jsonlog"])] == ["C2", "C2", "C9", None]
    again = server.logged(f"{declared} rollback; do $$declare c cursor for select * from invoices; begin open c; move c; update invoices set amount = 3 where current of c; end$$;")
    assert [row[0] for row in told(read(again)["csvlog"])] == ["C2", None, None]


def quoted(value: str | None) -> str:
    """Return a value as a literal."""
    return "null" if not value else "'{}'".format(value.replace("'", "''"))


def deletions(case: str) -> list[str]:
    """Return what deletes every row that a query is said not to touch."""
    (found, *more) = touched(*parameters_of(case), TABLES)
    gone = []
    for table in TABLES if not more else ():
        each = [one for one in found if one.table == table]
        accounts, records = {one.account_id for one in each}, [one.record_ids for one in each]
        ids = {record for several in records for record in several or ()}
        gone += [f"delete from {table} where account_id not in ({', '.join(map(quoted, accounts))});"] if each and None not in accounts else []
        gone += [f"delete from {table} where id not in ({', '.join(map(quoted, ids))});"] if each and None not in records else []
    return gone


def unlike(server: Cluster, bound: list[tuple[str, str, list[str]]]) -> tuple[list[str], int, int]:
    """Return the queries that answer otherwise once what they are said not to touch is deleted, and how many give rows, and how many the server refuses.

    Each comes with what is run and what deletes.
    """
    answers = []
    for is_less in (False, True):
        lines = []
        for place, (_, run, gone) in enumerate(bound):
            lines.append(f"deallocate all; begin; {' '.join(gone) if is_less else ''} select '#{place}';\n{run}\n; select 'answered'; rollback;")
        said = server.run("\n".join([*lines, "select '#';"]), {"pgaudit.log": "none"}).split("#")[1 : len(bound) + 1]  # what is refused comes behind all of them
        answers.append([sorted(answer.splitlines()[1:]) for answer in said])
    told = [(case, one, other) for (case, *_), one, other in zip(bound, *answers, strict=True) if "answered" in one]
    return [case for case, one, other in told if one != other], sum(len(one) > 1 for _, one, _ in told), len(bound) - len(told)


def summed(query: str) -> str:
    """Return what gives a digest of the rows of a query."""
    return f"select md5(string_agg(t::text, ',' order by t::text)) from ({query}) t"


def test_rows_of_other_accounts_do_not_matter(server: Cluster) -> None:
    """What a query is said not to touch can be deleted without a change of its answer: the bounds are sound."""
    bound = []
    for case in (case for case, _ in CASES if case.lower().startswith(("select", "with", "table"))):
        if gone := deletions(case):
            asked, parameters = parameters_of(case)
            if parameters is not None:
                asked = f"prepare asked as {asked}; execute asked({', '.join(map(quoted, parameters))})"
            bound.append((case, asked.rstrip("; "), gone))
    wrong, _, refused = unlike(server, bound)  # some name columns or types that these tables have not
    assert (wrong, len(bound) - refused > 150) == ([], True)


ENDINGS = ["", "", " having true", " group by ()", " group by {}.id", " group by rollup ({}.id)", " order by count(*)", " limit 1", " offset 0"]


def condition(seed: random.Random, names: list[str], depth: int = 0) -> str:
    """Return a condition on tables of these names."""
    one, other = seed.choice(names), seed.choice(names)
    inner = f"x{depth}"
    if depth > 2 or seed.random() < 0.5:
        return seed.choice([
            f"{one}.account_id = 'C1'", f"'C2' = {one}.account_id", f"{one}.account_id in ('C1', 'C3')", f"{one}.account_id = {other}.account_id", f"{one}.id = {other}.id",
            f"({one}.account_id, {one}.id) in (('C1', 'r1'), ('C2', 'r2'))", f"{one}.account_id <> 'C1'", f"{one}.id is not null", "true",
            f"{one}.account_id is not distinct from 'C1'",
        ])  # fmt: skip
    below = [condition(seed, [*names, inner], depth + 1) for _ in range(2)]
    table = seed.choice(["invoices", "contacts"])
    return seed.choice([
        f"({condition(seed, names, depth + 1)} and {condition(seed, names, depth + 1)})",
        f"({condition(seed, names, depth + 1)} or {condition(seed, names, depth + 1)})",
        f"not ({condition(seed, names, depth + 1)})",
        f"{seed.choice(['', 'not '])}exists (select {seed.choice(['1', 'count(*)'])} from {table} {inner} where {below[0]} and {below[1]}{seed.choice(ENDINGS).format(inner)})",
        f"exists (select 1 from (select {seed.choice(['1', 'count(*)'])} as n from {table} {inner} where {below[0]}) {inner}n)",
        f"exists (with {inner}n as (select 1 as n from {table} {inner} where {below[0]}) select 1{seed.choice(['', f' from {inner}n'])})",
        f"{one}.account_id {seed.choice(['', 'not '])}in (select {inner}.account_id from {table} {inner} where {below[0]})",
        f"{one}.id = (select max({inner}.id) from {table} {inner} where {below[0]})",
    ])  # fmt: skip


def query(seed: random.Random) -> str:
    """Return a query on two or three tables."""
    names = ["i", "c"]
    sources = ["invoices i", "contacts c", "(select * from contacts) c", "(select account_id, id from invoices union all select account_id, id from contacts) c", "w c"]
    join = seed.choice(["join", "left join", "right join", "full join"])
    asked = (
        f"select * from {sources[0]} {join} {seed.choice(sources[1:])} on {condition(seed, names)}"
        if join != "full join"
        else "select * from invoices i full join contacts c on c.id = i.id"
    )
    if seed.random() < 0.5:
        asked += f" {seed.choice(['', 'left '])}join lateral (select * from invoices l where {condition(seed, ['l', 'c'])}) l on {condition(seed, ['i', 'c', 'l'])}"
        names = ["i", "c", "l"]
    used = "with w as (select * from contacts) " if "w c" in asked else ""
    return f"{used}{asked} where {condition(seed, names)} and {condition(seed, names)}"


# Every content becomes another one of the same size, and what was equal stays equal.
OTHER_CONTENT = """
update invoices set body = translate(body, 'bodytexn0123456789', 'qzfwkpvg9876543210'), notes = 'k', amount = 1000 - amount;
update contacts set name = translate(name, 'nametx0123456789', 'qzfwkp9876543210'), body = 'same';
"""
# Names of a subquery's columns, what they are made of, and what is told of them.
INSIDE = ["body", "id", "body as id", "body as created_at", "left(body, 6) as body", "nullif(body, 'body 11') as body", "upper(body) as id", "amount as created_at"]
ASKED = [
    "count(*)", "count(body)", "count(distinct body)", "sum(length(body))", "id", "created_at", "max(id)", "count(*) filter (where length(body) > 3)",
    "count(*) filter (where body < 'c')", "max(body)", "length(max(body))", "string_agg(id::text, ',' order by id::text)", "count(nullif(body, 'body 11'))",
]  # fmt: skip
FILTERS = ["true", "length(body) > 3", "body > 'body 2'", "id::text > 'r2'", "exists (select 1 from contacts where name > 'name 2')", "id::text in (select body from contacts)"]
GROUPS = ["", "", " group by id", " group by length(body)", " group by body", " group by created_at, id", " group by 1", " having max(body) > 'c'"]


def count(seed: random.Random) -> str:
    """Return a query that may be one for counts and sizes alone."""
    columns = {each.split()[-1]: each for each in ("body", "id", "created_at", seed.choice(INSIDE))}
    inside = f"select {', '.join(columns.values())} from invoices where account_id = 'C1'"
    more = seed.choice(["", "", " union all " + inside.replace("nullif", "coalesce"), " order by body limit 3", " order by id limit 3"])
    source = seed.choice([f"({inside}{more}) i", "w i", "invoices i"])
    return f"with w as ({inside}) select {', '.join(seed.choices(ASKED, k=seed.randint(1, 2)))} from {source} where {seed.choice(FILTERS)}{seed.choice(GROUPS)}"


def is_only_sizes(asked: str) -> bool:
    """Tell whether a query is said to give no content."""
    return not any(one.has_content for each in touched(asked, None, TABLES) for one in each)


def test_other_content_of_the_same_size_does_not_matter_to_counts_and_sizes(server: Cluster) -> None:
    """What is said to give only counts and sizes gives the same answer whatever the content is."""
    seed = random.Random(0)
    every = [case for case, _ in CASES if case.startswith(("select", "with")) and parameters_of(case)[1] is None] + [count(seed) for _ in range(2000)]
    asked = [each.rstrip("; ") for each in every if is_only_sizes(each)]
    answers = []
    for before in ("", OTHER_CONTENT):
        lines = [f"begin; {before} select '#{place}'; select md5(string_agg(t::text, ',' order by t::text)) from ({each}) t; rollback;" for place, each in enumerate(asked)]
        answers.append(server.run("\n".join(lines), {"pgaudit.log": "none"}).split("#")[1:])
    told = [(one, other) for one, other in zip(*answers, strict=True) if "ERROR" not in one]
    assert len(told) > 60
    assert [asked[place] for place, (one, other) in enumerate(zip(*answers, strict=True)) if one != other and "ERROR" not in one] == []


ON = [
    "{0}.account_id = {1}.account_id", "{0}.account_id = {1}.account_id and {0}.account_id = 'C1'", "{0}.id = {1}.id and {1}.account_id in ('C1', 'C2')", "{0}.id = {1}.id",
    "({0}.account_id, {0}.id) = ({1}.account_id, {1}.id)", "{0}.account_id = {1}.account_id or {1}.id is null", "row({0}.account_id) = row('C1')", "true",
]  # fmt: skip
PASSED = [
    "{0}.account_id = 'C1'", "{0}.id > 'r1'", "{0}.id is null", "{0}.id is not null", "not {0}.id > 'r1'", "{0}.account_id = {1}.account_id", "{0}.account_id <> {1}.account_id",
    "true",    "({0}.id = 'r1' or {1}.id = 'r2')", "{0}.account_id in ('C1', 'C3')", "{0}.account_id is not distinct from {1}.account_id", "coalesce({0}.account_id, 'C1') = 'C1'",
    "{0}.id <> all('{{}}')", "({0}.account_id, {0}.id) in (select account_id, id from contacts where account_id = 'C1')", "{0}.id between 'r1' and 'r3'", "{0}.id like all('{{}}')",
    "{0}.id > all(select id from contacts where false)",
]  # fmt: skip


def outer_query(seed: random.Random) -> str:
    """Return a query with joins of every kind, in brackets and in lists, and conditions on either side of them."""
    sources = [f"{seed.choice(['invoices', 'contacts'])} t0"]
    for number in range(1, seed.randint(2, 4)):
        names = [f"t{seed.randrange(number)}", f"t{number}"]
        kind = seed.choice(["left join", "left join", "right join", "full join", "join", ","])
        table = f"{seed.choice(['invoices', 'contacts'])} t{number}"
        if kind == ",":
            sources.append(f", {table}")
            continue
        if seed.random() < 0.2:
            inner = f"u{number}"
            table = f"({table} {seed.choice(['left join', 'full join', 'join'])} contacts {inner} on {ON[0].format(names[1], inner)})"
        is_using = seed.random() < 0.15 and kind != ","
        sources.append(
            f" {kind} {table} " + ("using (account_id)" if is_using and number == 1 and "(" not in table else "on " + seed.choice(ON[:6]).format(*seed.sample(names, 2)))
        )
    last = [f"t{place}" for place in range(len(sources))]
    asked = " and ".join(seed.choice(PASSED).format(*seed.sample(last, 2)) for _ in range(seed.randint(1, 2)))
    return f"select {', '.join(f'{name}.account_id as {name}a, {name}.id as {name}i' for name in last)} from {''.join(sources)} where {asked}"


@pytest.mark.parametrize("number", range(4))
def test_rows_of_other_accounts_do_not_matter_to_random_outer_joins(server: Cluster, number: int) -> None:
    """A row that lacks a side of a join comes back, unless a condition takes it away: nobody sees all of that at a glance."""
    seed = random.Random(f"outer {number}")
    bound = [(each, summed(each), gone) for each in (outer_query(seed) for _ in range(1000)) if (gone := deletions(each))]
    assert len(bound) > 100
    wrong, giving, _ = unlike(server, bound)  # not every one of them names what it may
    assert (wrong, giving > 50) == ([], True)


@pytest.mark.parametrize("number", range(3))
def test_rows_of_other_accounts_do_not_matter_to_random_queries(server: Cluster, number: int) -> None:
    """Nobody thinks of every way in which joins, `or`, `not` and subqueries meet."""
    seed = random.Random(number)
    bound = [(each, summed(each), gone) for each in (query(seed) for _ in range(300)) if (gone := deletions(each))]
    assert len(bound) > 40
    wrong, giving, refused = unlike(server, bound)
    assert (wrong, giving > 20, refused) == ([], True, 0)


def test_a_log_goes_through_a_run(server: Cluster, tmp_path: Path) -> None:
    """From the server's log to the verdicts: permitted, not permitted, sizes only, and an unknown customer."""
    from tests.reading.accesses.test_pgaudit import verdicts

    statements = (
        "select * from invoices where account_id = 'C1'; select * from invoices where account_id = 'C2'; select count(*) from invoices where account_id = 'C2'; table contacts;"
    )
    body = server.logged(statements, user="amy", options=None)["jsonlog"]
    assert verdicts(tmp_path, body) == ["GRANTED", "NO_GRANT", "EXEMPT_METRICS_ONLY", "CUSTOMER_UNRESOLVED"]


def test_events_are_of_the_native_columns(server: Cluster) -> None:
    """What the reader gives fits what all other sources give."""
    events = read(server.logged("select * from invoices;"))["jsonlog"]
    empty = pgaudit.read(Body.held(b""), GIVEN)
    assert events.rows.schema == empty.rows.schema
    assert isinstance(events.rows, pa.Table)
