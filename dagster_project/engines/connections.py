"""Connections to DuckDB, all with the same limits: nothing is fetched, nothing is drawn, instants are in UTC."""

import os
from pathlib import Path
from uuid import uuid4

import duckdb

CORES = os.cpu_count() or 1  # more threads hold more memory, and spill
# No extension is fetched, and no file is kept in memory that was read once.
CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_file_cache": "false",
    "threads": CORES,
}
MEMORY_LIMIT = "220MB"  # of a connection: a run is to fit beside others on a small machine


def connect(spill: Path, memory_limit: str = MEMORY_LIMIT, threads: int = CORES, database: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Return a connection to a database in memory, or in a file.

    Beyond `memory_limit` it spills into a folder of its own beside `spill`, whose name begins with that of `spill`: DuckDB names its files there alike in every
    process, so two that share a folder overwrite each other's rows and crash.
    """
    own = spill.with_name(f"{spill.name}-{uuid4().hex}")
    config = CLOSED | {"temp_directory": str(own), "memory_limit": memory_limit, "threads": threads}
    return another(duckdb.connect(str(database or ":memory:"), config=config))


def another(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Return one more connection to the same database, for another thread."""
    connection = connection.cursor()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    return connection
