"""A statement touches exactly the accounts and records that it can, and where that is not certain it says so."""

from pathlib import Path

import pytest

from dagster_project.reading.accesses.statements.statement import touched
from dagster_project.reading.accesses.statements.tables import Touched
from dagster_project.settings import Table

TABLES = {
    "invoices": Table(record_class="invoice", account_column="account_id", record_column="id", plain_columns=("created_at",)),
    "contacts": Table(record_class="person", account_column="account_id", record_column="id"),
    "crm.people": Table(record_class="person", account_column="org", record_column="pid"),
    "lines": Table(record_class="invoice"),
}
LINES = [line for line in Path(__file__).with_suffix("").with_name("statements.txt").read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")]
CASES = [(LINES[place], LINES[place + 1].strip()) for place in range(0, len(LINES), 2)]


def written(one: Touched) -> str:
    """Return it as the table of cases writes it."""
    records = f"[{','.join(one.record_ids)}]" if one.record_ids else ""
    words = [word for word, holds in (("sizes", not one.has_content), (one.action, one.action != "read")) if holds]
    return " ".join([f"{one.table or '?'}:{one.account_id or '?'}{records}", *words])


def parameters_of(case: str) -> tuple[str, list[str] | None]:
    """Return the statement and the values of its parameters."""
    statement, _, given = case.partition(" -- ")
    return (statement, given.split(";")) if given and "$" in statement else (case, None)


@pytest.mark.parametrize(("case", "expected"), CASES, ids=[case for case, _ in CASES])
def test_a_statement_touches(case: str, expected: str) -> None:
    """An account that is guessed wrong hides an access or invents one."""
    found = touched(*parameters_of(case), TABLES)
    each = [" | ".join(map(written, one)) or "nothing" for one in found]
    assert sorted(" ; ".join(each).split(" | ")) == sorted(expected.split(" | "))


def test_there_are_enough_statements_of_each_kind() -> None:
    """The table is the specification: it says more than the code does."""
    assert len(CASES) >= 150


def test_a_statement_that_cannot_be_read_prints_nothing(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """Statements hold customers' values; no parser may print them."""
    touched("vacuum secret_of_cora; select * frm cora", None, TABLES)
    touched("refresh materialized view cora", None, TABLES)
    printed = capfd.readouterr()
    assert "cora" not in printed.out + printed.err + caplog.text


@pytest.mark.parametrize(
    ("join", "on"),
    [("join", "on t{0}.account_id = t{1}.account_id"), ("left join", "on t{0}.account_id = t{1}.account_id"), ("full join", "using (account_id)"), ("natural join", "")],
)
def test_a_chain_of_thousands_of_joins_carries_the_account_through(join: str, on: str) -> None:
    """Programs write such statements; each join more costs the same."""
    chain = " ".join(f"{join} invoices t{number} {on.format(number, number - 1)}" for number in range(1, 2000))
    (found,) = touched(f"select * from invoices t0 {chain} where {'t1999.' if ' = ' in on else ''}account_id = 'C1'", None, TABLES)
    assert [one.account_id for one in found] == ["C1"]


def test_a_prepared_statement_that_fills_a_table_is_unknown_where_nothing_else_tells_of_it() -> None:
    """`create table … as execute` reads what nobody names."""
    assert touched("create table t as execute p('C1')", None, TABLES, is_followed=False) == [(Touched(None),)]


DOUBLED = ", ".join(["c0 as (select 1 as x)", *(f"c{number} as (select a.x from c{number - 1} as a, c{number - 1} as b)" for number in range(1, 60))])


@pytest.mark.parametrize(
    "statement",
    [
        "(" * 5000,
        "select " + "+".join("1" for _ in range(20_000)),
        "select * from a where " + " or ".join(f"(x = {n} and y = 1)" for n in range(500)),
        f"with {DOUBLED} select * from c59",
    ],
)
def test_no_statement_is_too_large(statement: str) -> None:
    """Whatever is in a log ends as an access, also what no parser can hold."""
    assert touched(statement, None, TABLES)
