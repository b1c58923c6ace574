"""Which format a log is in, by its first lines."""

from dataclasses import dataclass, replace

from dagster_project.reading.logs import w3c
from dagster_project.reading.logs.formats import FORMATS, Format
from dagster_project.reading.logs.lines import Lines, split
from dagster_project.reading.logs.reader import are_read

__all__ = ["FORMATS", "Detected", "detect"]

HEAD_LINES = 100
FIRST_LINES = 2


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
    """Return the format that reads most of the first 100 lines; of equals the more special, the first of FORMATS.

    Formats are tried in the order of what they make of the first lines, each until it can no longer be the best.
    """
    lines = _head(split(head))
    few = split(lines.body[: lines.bounds[min(len(lines), FIRST_LINES)]])
    promising = sorted(range(len(FORMATS)), key=lambda place: -_share(few, FORMATS[place], 0.0)[0])
    best, best_place = Detected(None, 0.0, ()), len(FORMATS)
    for place in promising:
        share, refused = _share(lines, FORMATS[place], best.confidence)
        if share > best.confidence or (share == best.confidence > 0 and place < best_place):
            best, best_place = Detected(FORMATS[place].name, share, refused), place
    return replace(best, format=w3c.kind(lines)) if best.format and FORMATS[best_place].parts else best


def _share(lines: Lines, known: Format, least: float) -> tuple[float, tuple[int, ...]]:
    """Return the share of lines that a format reads and the numbers of the others; nothing once it must stay below `least`."""
    read, refused = 0, []
    for index, is_read in are_read(lines, known):
        if is_read is False:
            refused.append(index + 1)
            to_come = len(lines) - index - 1
            if read + to_come < least * (read + to_come + len(refused)):
                return 0.0, ()
        elif is_read:
            read += 1
    return (read / (read + len(refused)) if read else 0.0), tuple(refused)


def _head(lines: Lines) -> Lines:
    """Return the first lines; a last one that the head cuts off is left out where there are others."""
    count = min(len(lines), HEAD_LINES)
    if 1 < count == len(lines) and lines.is_open(count - 1):
        count -= 1
    return split(lines.body[: lines.bounds[count]])
