"""What the formats of PostgreSQL's server log have in common: a line freed of its carrier, the entry that it becomes, and records of CSV."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO

from dagster_project.reading.rejects import Place

MOST_LINES_OF_A_RECORD = 100_000
_END = "\r\n"  # what stands in it is quoted


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a log, or several that are one.

    `places`: where each stands in the file. `text`: freed of its carrier. `stamp`, `writer`: the carrier's timestamp, and the program that it names,
    with its process id if there is one. `is_whole`: no part is missing. `is_foreign`: it was written by a program other than the server.
    """

    places: tuple[Place, ...]
    text: bytes
    stamp: str | None = None
    writer: str = ""
    is_whole: bool = True
    is_foreign: bool = False

    @property
    def place(self) -> Place:
        """Return where the line begins in the file, with the text that is left of it."""
        first = self.places[0]
        return Place(first.line_number, first.byte_offset, self.text)


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the server log.

    `stamp`: ISO 8601, without a zone where none is known. `session`: the session's id, else its process id. `statement`: the statement that caused the
    message. `is_raised`: the message was written by a statement, with `raise`.
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


Found = Entry | tuple[Place, str]  # an entry, or a refused line with the reason


def refused(line: Line, reason: str) -> Iterator[Found | None]:
    """Yield each place of a line with the reason why it is refused, None for a blank one."""
    for place in line.places:
        is_blank = place.raw is None or not place.raw.strip(b"\0 \t\r")
        yield None if is_blank else (place, reason)


def joined(lines: Sequence[Line], between: bytes = b"") -> Line:
    """Return several lines as one, which is whole if each of them is."""
    if len(lines) == 1:
        return lines[0]
    places = tuple(place for line in lines for place in line.places)
    return replace(lines[0], places=places, text=between.join(line.text for line in lines), is_whole=all(line.is_whole for line in lines))


def record_end(lines: Sequence[Line], start: int) -> int | None:
    """Return the index behind a record of CSV that begins on a line: that of the first line on which all quotes are closed. None where they stay open."""
    quotes = 0
    for at in range(start, min(len(lines), start + MOST_LINES_OF_A_RECORD)):
        quotes += lines[at].text.count(b'"')
        if quotes % 2 == 0:
            return at + 1
    return None


def cells_of(text: str) -> list[str]:
    """Return the cells of a line of CSV, none where it is no CSV."""
    csv.field_size_limit(1 << 30)
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error:
        return []


def csv_of(cells: Sequence[str]) -> str:
    """Return cells as a line of CSV without its end."""
    written = StringIO()
    csv.writer(written, lineterminator=_END).writerow(cells)
    return written.getvalue().removesuffix(_END)
