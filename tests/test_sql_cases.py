"""Runs each file of sql/ on small tables: tests/sql/<same path>/<case>/ holds the inputs as CSV beside expect.csv.

A case names only the columns that matter: a missing or empty cell is null, or where the contract forbids null false, 0 or ''; `a;b` is a
list, `[]` the empty one. An input that has no CSV is run on its own inputs. expect.csv is compared in the columns it has, in any order.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.engines import catalog

CASES = Path(__file__).parent / "sql"
RUN = {"as_of": "2026-04-30T00:00:00Z", "dark_access_within_s": "60", "k_visitors": "10", "min_seats": "5"}
DEFAULTS: dict[str, Any] = {"BOOLEAN": False, "VARCHAR": "", "VARCHAR[]": [], **dict.fromkeys(("SMALLINT", "INTEGER", "BIGINT", "DOUBLE"), 0)}

Rows = list[dict[str, str]]


def cases() -> list[Path]:
    """Return every case folder, sorted."""
    return sorted(path.parent for path in CASES.rglob("expect.csv"))


def rows_of(path: Path) -> tuple[list[str], Rows]:
    """Return the header and the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        return list(reader.fieldnames or []), list(reader)


def value(cell: str | None, kind: str, default: Any) -> Any:
    """Return a cell as DuckDB takes it; a text that is empty, not missing, is written ''."""
    if not cell:
        return default
    if cell == "''":
        return ""
    if kind == "VARCHAR[]":
        return [] if cell == "[]" else cell.split(";")
    return cell.encode() if kind == "BLOB" else cell


def load(connection: duckdb.DuckDBPyConnection, table: str, rows: Rows) -> None:
    """Insert rows into a table that exists."""
    described = connection.execute(f"describe {table}").fetchall()
    unknown = {name for row in rows for name in row} - {name for name, *_ in described}
    assert not unknown, f"{table} has no column {sorted(unknown)}"
    holes = ", ".join(f"cast(? as {kind})" for _, kind, *_ in described)
    for row in rows:
        cells = [value(row.get(name), kind, DEFAULTS.get(kind) if null == "NO" else None) for name, kind, null, *_ in described]
        connection.execute(f"insert into {table} values ({holes})", cells)


def needed(reads: tuple[str, ...], given: set[str]) -> Iterator[str]:
    """Yield the tables that must exist, down to the ones a case gives and the contracts."""
    for name in reads:
        if name not in given:
            yield from needed(catalog.tables()[name].reads, given)
        yield name


def create(connection: duckdb.DuckDBPyConnection, name: str, case: Path, day: str) -> None:
    """Create one input: as its contract says, from the case's CSV, or by running its file."""
    table, path = catalog.tables()[name], case / f"{name}.csv"
    connection.execute(f"create schema if not exists {table.schema}")
    if table.kind == "contract":
        catalog.create_empty(table, connection)
    elif path.exists():
        connection.execute(f"create table {name} ({', '.join(f'{column.name} {column.type}' for column in table.columns)})")
    else:
        connection.execute(f"create table {name} as {table.select}", {"day": day} if table.is_daily else None)
    if path.exists():
        load(connection, name, rows_of(path)[1])
    elif name == "scrubbed.run":
        load(connection, name, [RUN])


def answer(case: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Run the file under test into a table named `answer`."""
    connection.execute("set TimeZone = 'UTC'")
    day_file = case / "day.txt"
    day = day_file.read_text().strip() if day_file.exists() else "2026-03-10"
    layer, name = case.parts[-3:-1]
    if layer == "adhoc":
        select = catalog.questions("adhoc")[name]
        reads = tuple(sorted({read.split(" AS ")[0] for read in connection.get_table_names(select, qualified=True)}))
    else:
        table = catalog.tables()[f"{layer[2:]}.{name}"]
        select, reads = table.select, table.reads
    given = {path.stem for path in case.glob("*.csv")} - {"expect"}
    tables = dict.fromkeys(needed(reads, given))
    unused = given - set(tables)
    assert not unused, f"{name} does not read {sorted(unused)}"
    for read in tables:
        create(connection, read, case, day)
    connection.execute(f"create table answer as {select}", {"day": day} if "$day" in select else None)


@pytest.mark.parametrize("case", cases(), ids=lambda case: "/".join(case.parts[-3:]))
def test_gives_the_expected_rows(case: Path) -> None:
    """The promises are decided in SQL alone: each file must judge both sides of each boundary as its case says."""
    header, expected = rows_of(case / "expect.csv")
    with duckdb.connect() as connection:
        answer(case, connection)
        listed = ", ".join(header)
        connection.execute(f"create table expect as select {listed} from answer limit 0")
        load(connection, "expect", expected)
        found, wanted = (sorted(map(repr, connection.execute(f"select {listed} from {table}").fetchall())) for table in ("answer", "expect"))
        assert found == wanted
        if case.parts[-3] == "3_flagged" and catalog.tables()[f"flagged.{case.parts[-2]}"].is_control:
            for finding_id, summary in connection.execute("select finding_id, summary from answer").fetchall():
                assert re.fullmatch("[0-9a-f]{32}", finding_id)
                assert summary.endswith(".")
            assert connection.execute("select count(distinct finding_id) = count(*) from answer").fetchall() == [(True,)]
