"""What DuckDB may hold: little as a rule, most of the machine where a statement cannot do with less."""

from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import TypeVar

import duckdb

Made = TypeVar("Made")
MORE = "1GB"
_ROOM = Lock()  # a limit is the database's, whichever of its connections sets it


def roomy(connection: duckdb.DuckDBPyConnection, work: Callable[[], Made]) -> Made:
    """Return what some work on a connection gives.

    What cannot spill and needs more than the connection's limit is done again with a gigabyte, and then with DuckDB's own limit, 80 % of the machine; then
    the limit holds again. Raises duckdb.OutOfMemoryException where that is too little, too.
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
