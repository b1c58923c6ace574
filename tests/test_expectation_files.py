"""expectations/ mirrors sql/: one suite for each table, in the forms that DuckDB can be asked, saying nothing that the table's file denies."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.engines import catalog

SUITES = sorted((catalog.root() / "expectations").rglob("*.json"))
WORKS_ON_DUCKDB = {
    "expect_column_values_to_be_between",
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_be_unique",
    "expect_column_values_to_not_be_null",
    "expect_compound_columns_to_be_unique",
    "expect_table_columns_to_match_ordered_list",
    "expect_table_row_count_to_equal",
    "unexpected_rows_expectation",
}


def expectations(path: Path) -> list[dict[str, Any]]:
    """Return the expectations of a suite."""
    listed: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["expectations"]
    return listed


def table_of(path: Path) -> catalog.Table:
    """Return the table a suite is about: the same path below sql/."""
    return catalog.tables()[f"{path.parent.name[2:]}.{path.stem}"]


def test_every_table_has_a_suite() -> None:
    """A table without a suite would be built without being checked."""
    wanted = {table.path.relative_to(catalog.root() / "sql").with_suffix("") for name, table in catalog.tables().items() if name != catalog.FINDINGS}
    assert {path.relative_to(catalog.root() / "expectations").with_suffix("") for path in SUITES} == wanted


@pytest.mark.parametrize("path", SUITES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_suite_is_plain_and_fits_its_table(path: Path) -> None:
    """Results come back out of order, so each expectation carries its index; a column that is gone must not fail in production first."""
    listed = expectations(path)
    assert json.loads(path.read_text(encoding="utf-8"))["name"] == f"{path.parent.name}.{path.stem}"
    assert [expectation["meta"]["index"] for expectation in listed] == list(range(len(listed)))
    assert 3 <= len(listed) <= 6
    columns = [column.name for column in table_of(path).columns]
    for expectation in listed:
        assert expectation["type"] in WORKS_ON_DUCKDB
        named = expectation["kwargs"].get("column_list", [expectation["kwargs"].get("column", columns[0])])
        assert set(named) <= set(columns)
        if expectation["type"] == "expect_table_columns_to_match_ordered_list":
            assert named == columns


@pytest.mark.parametrize("path", SUITES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_its_conditions_can_be_asked(path: Path) -> None:
    """A condition that DuckDB refuses would stop a run for a fault of ours; one that an empty table breaks can never pass."""
    table = table_of(path)
    columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
    with duckdb.connect() as connection:
        connection.execute(f"create table batch ({columns})")
        for expectation in expectations(path):
            query = expectation["kwargs"].get("unexpected_rows_query", "select 1 from {batch}")
            assert "{batch}" in query
            assert connection.execute(query.format(batch="batch")).fetchall() == []
