"""What to do next where DuckDB or the disk fails. Keep out: their own messages, which quote values."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from dagster_project.errors import DISK, GlasshouseError

MEMORY = "this needs more memory than the machine has; run again on a larger one"


@contextmanager
def explained(place: str, otherwise: str) -> Iterator[None]:
    """Raise GlasshouseError, without its cause, where DuckDB or the disk fails.

    `place` is what could not be made, `otherwise` what to do where it is not for lack of disk space or memory.
    """
    try:
        yield
    except (duckdb.Error, OSError, ValueError) as error:
        raise GlasshouseError(f"{place}: {_advice(error) or f'{type(error).__name__}: {otherwise}'}") from None


def _advice(error: Exception) -> str | None:
    if isinstance(error, duckdb.IOException | OSError) or "max_temp_directory_size" in str(error):  # what DuckDB says where it has no room left to spill
        return DISK
    return MEMORY if isinstance(error, duckdb.OutOfMemoryException) else None
