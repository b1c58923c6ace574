"""A table of sql/ from contract tables in memory, with nothing kept."""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from dagster_project.engines import catalog
from dagster_project.engines.catalog import Table
from dagster_project.engines.failures import explained
from dagster_project.engines.memory import Made, roomy

MEMORY_LIMIT = "500MB"  # for what is made once and all parts that are made at a time


class Evaluation:
    """The rows of one table of sql/ for any part of the contract `changing`; what does not rest on it is made once, from `given`.

    A contract that is not given has no row. Its database goes with it, and spills into a folder of its own.
    """

    def __init__(self, name: str, given: Mapping[str, pa.Table], changing: str, spill: Path) -> None:
        tables = catalog.tables()
        read = closure(name, tables) - {name}
        needed = [table for table in tables.values() if table.name in read]
        self._table, self._changing = tables[name], changing
        self._once = [table for table in needed if changing not in closure(table.name, tables)]
        self._each = [table for table in needed if table not in self._once]
        self._schemas = {table.schema for table in needed}
        self._numbers = itertools.count()
        self._connection = catalog.connect(spill, MEMORY_LIMIT, threads=1)
        for schema_name in self._schemas:
            self._connection.execute(f"create schema {schema_name}")
        _make(self._once, given, {read for table in (*self._each, self._table) for read in table.reads}, self._connection)

    def of(self, part: pa.Table) -> pa.Table:
        """Return the rows for one part; several threads may ask at a time, each on one core."""
        with self._beside() as connection:
            _make(self._each, {self._changing: part}, {*(table.name for table in self._once), *self._table.reads}, connection)
            return _run(self._table, connection, lambda: connection.execute(self._table.select).to_arrow_table())

    @contextmanager
    def _beside(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a connection that sees what was made once, and makes tables that nobody else sees and that go with it."""
        name = f"part_{next(self._numbers)}"
        with catalog.another(self._connection) as connection:
            connection.execute(f"attach ':memory:' as {name}")
            for schema_name in self._schemas:
                connection.execute(f"create schema {name}.{schema_name}")
            connection.execute(f"set search_path = '{','.join(f'{where}.{schema_name}' for where in (name, 'memory') for schema_name in self._schemas)}'")
            try:
                yield connection
            finally:
                connection.execute(f"use memory; detach {name}")


def _make(order: Iterable[Table], given: Mapping[str, pa.Table], kept: Collection[str], connection: duckdb.DuckDBPyConnection) -> None:
    """Make tables; one that nothing of them reads any more gives its memory back, unless it is kept."""
    last_reader = {read: table.name for table in order for read in table.reads}
    for table in order:
        catalog.create_empty(table, connection)
        if table.kind == "contract" and (rows := given.get(table.name)) is not None:
            connection.register("delivered", rows)
            connection.execute(f"insert into {table.name} by name from delivered")
            connection.unregister("delivered")
        elif table.kind == "select":
            fill(table, connection)
        for read in (read for read in table.reads if last_reader[read] == table.name and read not in kept):
            connection.execute(f"drop table {read}")


def fill(table: Table, connection: duckdb.DuckDBPyConnection) -> None:
    """Run the select of a table into the empty table of its name."""
    _run(table, connection, lambda: connection.execute(f"insert into {table.name} {table.select}"))


def _run(table: Table, connection: duckdb.DuckDBPyConnection, work: Callable[[], Made]) -> Made:
    with explained(table.name, table.fault):
        return roomy(connection, work)


def closure(name: str, tables: Mapping[str, Table]) -> set[str]:
    """Return a table and everything it reads, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        if (each := waiting.pop()) not in found:
            found.add(each)
            waiting += tables[each].reads
    return found
