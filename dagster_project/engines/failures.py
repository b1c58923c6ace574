"""What to do next where a table cannot be built. Keep out: DuckDB's own words, which quote values."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from dagster_project.engines.catalog import Table
from dagster_project.errors import GlasshouseError

DISK = "a disk is full or cannot be read; make room where HOME and the folder for temporary files lie, and run again"
MEMORY = "this needs more memory than the machine has; run again on a larger one"


@contextmanager
def explained(table: Table) -> Iterator[None]:
    """Raise GlasshouseError, without its cause, where DuckDB or the disk fails a table."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        raise GlasshouseError(f"{table.name}: {_advice(table, error)}") from None


def _advice(table: Table, error: Exception) -> str:
    if isinstance(error, duckdb.IOException | OSError) or "max_temp_directory_size" in str(error):  # what DuckDB says where it has no room left to spill
        return DISK
    if isinstance(error, duckdb.OutOfMemoryException):
        return MEMORY
    return f"{type(error).__name__} in {table.file}; please report it"
