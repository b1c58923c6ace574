"""Every expectation can fail: each suite is judged over rows that break all it says, and over none."""

import json
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project import expect
from dagster_project.engines import catalog
from dagster_project.engines.catalog import Table

Row = dict[str, str]  # a value in SQL by column; the other columns are null

SUITES = catalog.root() / "expectations"
# By table and place in its suite: a row that breaks what the suite says in SQL.
PLANTED: dict[str, dict[str, Row]] = json.loads(Path(__file__).with_name("planted_faults.json").read_text(encoding="utf-8"))
NAMES = [name for name, table in catalog.tables().items() if expect.suite_path(SUITES, table).is_file()]
SOME = {
    "varchar": "'x'", "varchar[]": "['x']", "blob": "'x'::blob", "boolean": "true", "date": "date '2026-03-01'",
    "timestamptz": "timestamptz '2026-03-01 00:00:00+00'", "timestamp with time zone": "timestamptz '2026-03-01 00:00:00+00'",
}  # fmt: skip


def faulty(expectation: dict[str, Any], table: Table) -> list[Row]:
    """Return rows that an expectation must reject: without any value where the order of columns or the number of rows breaks it."""
    asked = expectation["kwargs"]
    if columns := key_of(expectation):
        types = {column.name: column.type for column in table.columns}
        return [{column: SOME.get(types[column], "1") for column in columns}] * 2
    match expectation["type"]:
        case "expect_column_values_to_be_in_set":
            return [{asked["column"]: unlike(asked["value_set"])}]
        case "expect_column_values_to_be_between":
            return [{asked["column"]: str(asked["min_value"] - 1 if "min_value" in asked else asked["max_value"] + 1)}]
        case "unexpected_rows_expectation":
            return [PLANTED[table.name][str(expectation["meta"]["index"])]]
    return [{}]


def key_of(expectation: dict[str, Any]) -> list[str]:
    """Return the columns that may not be the same in two rows, however the suite says it."""
    asked = expectation["kwargs"]
    if by := re.search(r"group by (.+) having", asked.get("unexpected_rows_query", "")):
        return by.group(1).split(", ")
    is_key = expectation["type"].endswith("_to_be_unique")
    return asked.get("column_list") or [asked["column"]] if is_key else []


def unlike(values: list[Any]) -> str:
    """Return a value of the same type that is none of these."""
    if isinstance(values[0], bool):
        return str(not values[0])
    return "'none of them'" if isinstance(values[0], str) else str(max(values) + 1)


def store(rows: list[Row], table: Table, home: Path) -> None:
    """Write rows as the table's file, the last column first."""
    columns = list(reversed(table.columns))
    selects = [", ".join(f'cast({row.get(column.name, "null")} as {column.type}) as "{column.name}"' for column in columns) for row in rows]
    target = home / "lake" / table.schema / table.name.split(".")[1] / "part.parquet"
    target.parent.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"copy ({' union all '.join(f'select {each}' for each in selects)}) to '{target}' (format parquet)")


@pytest.mark.parametrize("name", NAMES)
def test_each_expectation_rejects_its_fault(name: str, tmp_path: Path, worker: ProcessPoolExecutor) -> None:
    """An expectation that nothing can break guards nothing, and looks as green as one that does."""
    table = catalog.tables()[name]
    listed = expect.expectations(expect.suite_path(SUITES, table))
    store([row for expectation in listed for row in faulty(expectation, table)], table, tmp_path)
    found = expect.Suites(tmp_path, SUITES, worker).outcomes(name)
    assert len(found) == len(listed)
    assert [(each.index, each.type) for each in found if each.is_met or each.is_error] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_row_breaks_nothing(name: str, tmp_path: Path, worker: ProcessPoolExecutor) -> None:
    """A house without a folder of the landing has tables without rows: no run may stop at them. Only a run itself is one row."""
    found = expect.Suites(tmp_path, SUITES, worker).outcomes(name)
    assert {each.type for each in found if not each.is_met} <= {"expect_table_row_count_to_equal"}


def test_a_fault_is_planted_for_every_rule() -> None:
    """A fault left over from a rule that is gone would make its place look guarded."""
    rules = {
        (name, str(expectation["meta"]["index"]))
        for name in NAMES
        for expectation in expect.expectations(expect.suite_path(SUITES, catalog.tables()[name]))
        if " where " in expectation["kwargs"].get("unexpected_rows_query", "")
    }
    assert {(name, index) for name, faults in PLANTED.items() for index in faults} == rules
