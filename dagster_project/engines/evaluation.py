"""Evaluates tables of sql/ over tables in memory; nothing is kept."""

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from dagster_project.engines import catalog, connections
from dagster_project.engines.catalog import Table
from dagster_project.engines.failures import explained
from dagster_project.engines.memory import Made, roomy

MEMORY_LIMIT = "500MB"  # for what is made once and all parts that are made at a time
MOST_NUMBERS = 1 << 32  # that the rows of one part can have


class Evaluation:
    """The rows of some tables of sql/ for each part of the contract `changing`; what does not depend on it is made once, from `given`.

    A given table is taken as it is; a contract that is not given is empty. The database lives as long as the evaluation and spills into a folder of its own.
    """

    def __init__(self, results: Sequence[str], given: Mapping[str, pa.Table], changing: str, spill: Path) -> None:
        tables = catalog.tables()
        needed = {name for result in results for name in closure(result, tables, given)}
        changed = {name for name in needed if changing in closure(name, tables, given)}
        self._results, self._changing = results, changing
        self._once = [table for table in tables.values() if table.name in needed - changed]
        self._each = [table for table in tables.values() if table.name in changed]
        self._schemas = {table.schema for table in (*self._once, *self._each)}
        self._parts = itertools.count()
        self._connection = connections.connect(spill, MEMORY_LIMIT, threads=1)
        for schema_name in self._schemas:
            self._connection.execute(f"create schema {schema_name}")
        wanted = {result for result in results if result not in changed}
        self._unchanged = _make(self._once, given, wanted, {read for table in self._each for read in table.reads}, self._connection)

    def of(self, part: pa.Table, number: int = 0) -> dict[str, pa.Table]:
        """Return the rows of each result for one part; several threads may call it at once, each on one core.

        Parts with different `number`s get different row numbers in sql/, so their results can be concatenated.
        """
        with self._beside() as connection:
            connection.execute(f"set variable numbered_before = {number * MOST_NUMBERS}")
            return self._unchanged | _make(self._each, {self._changing: part}, set(self._results), {table.name for table in self._once}, connection)

    @contextmanager
    def _beside(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a connection that sees what was made once; the tables that it makes are seen by no other and dropped with it."""
        name = f"part_{next(self._parts)}"
        with connections.another(self._connection) as connection:
            connection.execute(f"attach ':memory:' as {name}")
            for schema_name in self._schemas:
                connection.execute(f"create schema {name}.{schema_name}")
            connection.execute(f"set search_path = '{','.join(f'{where}.{schema_name}' for where in (name, 'memory') for schema_name in self._schemas)}'")
            try:
                yield connection
            finally:
                connection.execute(f"use memory; detach {name}")


def _make(order: Sequence[Table], given: Mapping[str, pa.Table], results: Collection[str], kept: Collection[str], connection: duckdb.DuckDBPyConnection) -> dict[str, pa.Table]:
    """Make tables in order and return the rows of `results`; a table is dropped after its last reader unless it is among `kept`."""
    reads = {table.name: () if table.name in given else table.reads for table in order}
    last_reader = {read: name for name, all_read in reads.items() for read in all_read}
    found = {}
    for table in order:
        is_made = table.name in last_reader or table.name in kept
        if is_made:
            _make_one(table, given, connection)
        if table.name in results:
            found[table.name] = _rows(table, f"from {table.name}" if is_made else table.select, connection)
        for read in (read for read in reads[table.name] if last_reader[read] == table.name and read not in kept):
            connection.execute(f"drop table {read}")
    return found


def _make_one(table: Table, given: Mapping[str, pa.Table], connection: duckdb.DuckDBPyConnection) -> None:
    """Fill a table from the given rows, else by its select."""
    if table.name not in given:
        catalog.create_empty(table, connection)
        if table.kind == "select":
            fill(table, connection)
        return
    connection.register("delivered", given[table.name])
    if table.kind == "contract":
        catalog.create_empty(table, connection)
        connection.execute(f"insert into {table.name} by name from delivered")
    else:
        connection.execute(f"create table {table.name} as from delivered")
    connection.unregister("delivered")


def _rows(table: Table, query: str, connection: duckdb.DuckDBPyConnection) -> pa.Table:
    return _run(table, connection, lambda: connection.execute(query).to_arrow_table())


def fill(table: Table, connection: duckdb.DuckDBPyConnection) -> None:
    """Run the select of a table into the empty table of its name."""
    _run(table, connection, lambda: connection.execute(f"insert into {table.name} {table.select}"))


def _run(table: Table, connection: duckdb.DuckDBPyConnection, work: Callable[[], Made]) -> Made:
    with explained(table.name, table.fault):
        return roomy(connection, work)


def closure(name: str, tables: Mapping[str, Table], given: Collection[str] = ()) -> set[str]:
    """Return a table and everything it reads, directly or not; a table that is given reads nothing."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        if (each := waiting.pop()) not in found:
            found.add(each)
            waiting += () if each in given else tables[each].reads
    return found
