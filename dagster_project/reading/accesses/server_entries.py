"""What the forms of PostgreSQL's server log have in common: a line without what carried it, and the entry that it becomes."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from dagster_project.reading.rejects import Place


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a log, or several that are one.

    `places`: each of them as it stands in the file. `text`: without what carried it. `stamp`: the carrier's own. `writer`: who wrote it, as the carrier
    says, with the id of a process where that is told. `is_whole`: no part of it is missing. `is_foreign`: its writer wrote no server log.
    """

    places: tuple[Place, ...]
    text: bytes
    stamp: str | None = None
    writer: str = ""
    is_whole: bool = True
    is_foreign: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the server log.

    `stamp`: ISO 8601, without a zone where that is not known. `session`: the session's id, or that of its process. `statement`: what it was about.
    `is_raised`: a statement made it up, by `raise`.
    """

    place: Place
    lines: int
    stamp: str | None
    session: str
    user: str | None
    database: str | None
    application: str | None
    severity: str
    state: str | None
    message: str
    statement: str | None = None
    is_raised: bool = False


Found = Entry | tuple[Place, str]  # an entry, or a line that is refused and why


def refused(line: Line, reason: str) -> Iterator[Found | None]:
    """Yield the lines of the file that cannot be read, None for a blank one."""
    for place in line.places:
        is_blank = place.raw is None or not place.raw.strip(b"\0 \t\r")
        yield None if is_blank else (place, reason)


def cells_of(text: str) -> list[str]:
    """Return the cells of a line of CSV, none where it is no CSV."""
    csv.field_size_limit(1 << 30)
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error:
        return []
