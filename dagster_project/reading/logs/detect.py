"""Which format a log is in, by its first lines."""

from dataclasses import dataclass, replace

from dagster_project.reading.logs.carried import FIRST_LINES
from dagster_project.reading.logs.changed import read_changed
from dagster_project.reading.logs.formats import AND, FORMATS, Format
from dagster_project.reading.logs.layouts import w3c
from dagster_project.reading.logs.lines import Lines, split
from dagster_project.reading.logs.reader import are_read, read

HEAD_LINES = 100
_DISTINCT = [place for place, known in enumerate(FORMATS) if not known.parts or known.parts not in [other.parts for other in FORMATS[:place]]]
"""Places in FORMATS; of those whose fields directives name only the first, since `w3c.kind` tells them apart."""


@dataclass(frozen=True)
class Detected:
    """What the first lines of a log say of its format.

    `format` is null where no format reads a line; `confidence` is the share of lines that it reads; `refused_lines`
    are the numbers, from 1, of those it does not.
    """

    format: str | None
    confidence: float
    refused_lines: tuple[int, ...]


def detect(head: bytes) -> Detected:
    """Return the format that reads most of the first 100 lines; of equals the more special one, which stands first in FORMATS.

    Where others read whole lines that it refuses, the name joins all of them, as `combined+common`, the best first. An open last line,
    which the head may have cut, counts only where no other line is read.
    """
    lines = split(head)
    first = split(lines.body[: lines.bounds[min(len(lines), HEAD_LINES)]])
    whole = split(first.body[: first.bounds[-2]]) if len(first) > 1 and first.is_open(len(first) - 1) else first
    found = _detected(whole)
    return found if found.format or whole is first else _detected(first)


def _detected(lines: Lines) -> Detected:
    """Return the best format: those that read most of the first two lines are tried first, and each only as long as it can still be the best."""
    few = split(lines.body[: lines.bounds[min(len(lines), FIRST_LINES)]])
    promising = sorted(_DISTINCT, key=lambda place: -_share(few, FORMATS[place], 0.0)[0])
    best, best_place = Detected(None, 0.0, ()), len(FORMATS)
    for place in promising:
        if best.confidence == 1 and place > best_place:
            continue
        share, refused = _share(lines, FORMATS[place], best.confidence)
        if share > best.confidence or (share == best.confidence > 0 and place < best_place):
            best, best_place = Detected(FORMATS[place].name, share, refused), place
    if best.format and FORMATS[best_place].parts:
        return replace(best, format=w3c.kind(lines))
    return _mixed(lines, FORMATS[best_place]) if best.refused_lines else best


def _mixed(lines: Lines, known: Format) -> Detected:
    """Return a format with all that read lines which it refuses."""
    found = read_changed(lines, read(lines, known, None), known.name)
    name = AND.join((known.name, *found.others))
    found = read_changed(lines, found, name)
    return Detected(name, found.rows.num_rows / (found.rows.num_rows + len(found.reasons)), tuple(index + 1 for index in sorted(found.reasons)))


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
