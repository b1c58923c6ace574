"""The analysts' database: built beside the old one and moved into its place, so no reader waits and none sees half."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.engines import connections
from dagster_project.engines.failures import explained
from dagster_project.paths import quoted, replacing

FORMAT = 1  # of the warehouse: raised where what analysts wrote for it would no longer run
FORMAT_NAME = "warehouse_format"  # the macro in the file that returns it
MEMORY_LIMIT = "1GB"  # to sort ten million decisions in: with twice as much it takes as long


@dataclass(frozen=True)
class Published:
    """A table of the warehouse: `schema.table`, what it is, its columns (name, type, comment) and the Parquet files that hold it."""

    name: str
    comment: str
    columns: tuple[tuple[str, str, str], ...]
    files: tuple[Path, ...]


def publish(tables: Iterable[Published], target: Path) -> dict[str, int]:
    """Build the database and put it at `target`, read-only; return the rows of each table.

    Rows stand in the order of their columns, so that the same rows are always the same table.
    Raises GlasshouseError naming the table that could not be built; the old database then stays as it was.
    """
    with explained(target.name, "a fault in publishing/warehouse.py; please report it"), replacing(target) as beside:
        with connections.connect(target.with_name("spill"), MEMORY_LIMIT, database=beside) as connection:
            connection.begin()  # one for all: each statement of its own would wait for the disk
            connection.execute(f"create macro {FORMAT_NAME}() as {FORMAT}")
            rows = {table.name: _build(connection, table) for table in tables}
            connection.commit()
        beside.chmod(0o444)
    return rows


def _build(connection: duckdb.DuckDBPyConnection, table: Published) -> int:
    """Create, fill and document one table; return its rows."""
    with explained(table.name, "its files do not hold the columns of its contract; run with --rebuild"):
        connection.execute(f"create schema if not exists {_quoted(table.name.split('.')[0])}")
        connection.execute(f"create table {_relation(table)} ({', '.join(f'{_quoted(name)} {kind}' for name, kind, _ in table.columns)})")
        if table.files:
            connection.execute(f"insert into {_relation(table)} {_rows(table)}", [[str(file) for file in table.files]])
        connection.execute(";\n".join(_comments(table)))
        counted = connection.sql(f"select count(*) from {_relation(table)}").fetchall()
    return int(counted[0][0])


def _rows(table: Published) -> str:
    columns = ", ".join(_quoted(name) for name, _, _ in table.columns)
    order = ", ".join(f"{_quoted(name)} nulls first" for name, _, _ in table.columns)
    return f"select {columns} from read_parquet($1, hive_partitioning = false) order by {order}"


def _comments(table: Published) -> list[str]:
    columns = [f"comment on column {_relation(table)}.{_quoted(name)} is {quoted(comment)}" for name, _, comment in table.columns]
    return [f"comment on table {_relation(table)} is {quoted(table.comment)}", *columns]


def _relation(table: Published) -> str:
    schema, name = table.name.split(".")
    return f"{_quoted(schema)}.{_quoted(name)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
