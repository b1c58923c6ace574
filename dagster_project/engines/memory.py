"""How much memory DuckDB may use: little as a rule, most of the machine where a statement cannot do with less."""

from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import TypeVar

import duckdb

Made = TypeVar("Made")
MORE = "1GB"
_ROOM = Lock()  # a limit is the database's, whichever of its connections sets it


def roomy(connection: duckdb.DuckDBPyConnection, work: Callable[[], Made]) -> Made:
    """Return the result of some work on a connection.

    Work that runs out of memory is done again with a limit of a gigabyte, then with DuckDB's own limit, 80 % of the machine's memory; afterwards the
    connection's limit holds again. Raises duckdb.OutOfMemoryException where even that is too little.
    """
    with suppress(duckdb.OutOfMemoryException):
        return work()
    with _ROOM:
        limit = _limit(connection)
        with duckdb.connect() as fresh:
            most = _limit(fresh)
        try:
            connection.execute(f"set memory_limit = '{MORE}'")
            with suppress(duckdb.OutOfMemoryException):
                return work()
            connection.execute(f"set memory_limit = '{most}'")
            return work()
        finally:
            connection.execute(f"set memory_limit = '{limit}'")


def _limit(connection: duckdb.DuckDBPyConnection) -> str:
    return str(connection.execute("select current_setting('memory_limit')").fetchall()[0][0])
