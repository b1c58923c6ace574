"""Which format a log is in, by its first lines."""

from dataclasses import dataclass

from dagster_project.reading.logs.formats import FORMATS
from dagster_project.reading.logs.lines import Lines, split
from dagster_project.reading.logs.reader import read

__all__ = ["FORMATS", "Detected", "detect"]

HEAD_LINES = 100


@dataclass(frozen=True)
class Detected:
    """What the first lines say.

    `format` is null where no format reads a line; `confidence` is the share of lines that it reads; `refused_lines`
    are the numbers, from 1, of those it does not.
    """

    format: str | None
    confidence: float
    refused_lines: tuple[int, ...]


def detect(head: bytes) -> Detected:
    """Return the format that reads most of the first 100 lines; of equals the more special."""
    lines = _head(split(head))
    best = Detected(None, 0.0, ())
    for entry in FORMATS:
        parsed = read(lines, entry, None)
        held = parsed.rows.num_rows + parsed.rejects.num_rows
        if parsed.rows.num_rows > best.confidence * held:
            best = Detected(entry.name, parsed.rows.num_rows / held, tuple(parsed.rejects["line_number"].to_pylist()))
        if best.confidence == 1:
            break
    return best


def _head(lines: Lines) -> Lines:
    """Return the first lines; a last one that the head cuts off is left out where there are others."""
    count = min(len(lines), HEAD_LINES)
    if 1 < count == len(lines) and lines.is_open(count - 1):
        count -= 1
    return split(lines.body[: lines.bounds[count]])
