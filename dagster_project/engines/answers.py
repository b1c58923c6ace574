"""The rows of a select, fetched only once DuckDB has all of them.

Fetched while the select still runs, rows pass through a buffer of 1 MB; where it is full and the plan joins or unites steps that are read twice, DuckDB 1.5.6
waits for ever and ignores interrupts. A temporary table spills as any other does.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count

import duckdb
import pyarrow as pa

from dagster_project.engines.memory import roomy

_numbers = count()


def answer(connection: duckdb.DuckDBPyConnection, select: str, given: Mapping[str, object]) -> pa.Table:
    """Return the rows of a select, run with those of the given parameters that it names; raises duckdb.Error."""
    with _kept(connection, select, given) as kept:
        return connection.execute(f"from {kept}").to_arrow_table()


def batches(connection: duckdb.DuckDBPyConnection, select: str, given: Mapping[str, object], rows: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a select in batches of `rows`; the connection must not be used for anything else meanwhile. Raises duckdb.Error."""
    with _kept(connection, select, given) as kept:
        yield from connection.execute(f"from {kept}").to_arrow_reader(rows)


@contextmanager
def _kept(connection: duckdb.DuckDBPyConnection, select: str, given: Mapping[str, object]) -> Iterator[str]:
    name = f"answer_{next(_numbers)}"
    named = {parameter: value for parameter, value in given.items() if f"${parameter}" in select}
    roomy(connection, lambda: connection.execute(f"create temp table {name} as {select}", named))
    try:
        yield name
    finally:
        connection.execute(f"drop table {name}")
