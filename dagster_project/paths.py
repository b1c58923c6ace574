"""How a path is written in SQL and as text, and how a file is replaced; a reader sees the old one or the new one, never half."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HALVES = ".*.half*"  # files that are being written, or that a killed run left, with what DuckDB lays beside its own


def quoted(text: str | Path) -> str:
    """Return a path, a pattern of paths or any other text as a literal of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def as_text(path: str | Path) -> str:
    r"""Return a path that can be stored as UTF-8: bytes of a name that are none stand as their escapes, `\xe9`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a path beside the target and move what is written there into its place; an error leaves the target as it was."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}.half")
    try:
        yield beside
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    beside.replace(target)
