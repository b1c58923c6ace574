"""What the formats of PostgreSQL's server log have in common: a line freed of its carrier, the entry that it becomes, and records of CSV."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO

from dagster_project.reading.rejects import Place

MOST_LINES_OF_A_RECORD = 100_000
_KEPT_LINES = 1_000  # that are read already: to move those ahead for each costs more
_END = "\r\n"  # what stands in it is quoted


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a log, or several that are one.

    `places`: where each stands in the file. `text`: freed of its carrier. `stamp`, `writer`: the carrier's timestamp, and the program that it names,
    with its process id if there is one. `is_whole`: no part is missing. `is_cut`: it is longer than a line may be. `is_foreign`: it was written by a program
    other than the server.
    """

    places: tuple[Place, ...]
    text: bytes
    stamp: str | None = None
    writer: str = ""
    is_whole: bool = True
    is_cut: bool = False
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


class Ahead:
    """The lines of a log that are not read yet, the next one at 0: those ahead are looked at before it is known how many of them belong together."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._coming, self._held, self._at = iter(lines), list[Line](), 0

    def __getitem__(self, place: int) -> Line:
        return self._held[self._at + place]

    def has(self, place: int = 0) -> bool:
        """Tell whether there is a line at a place."""
        while len(self._held) <= self._at + place:
            line = next(self._coming, None)
            if line is None:
                return False
            self._held.append(line)
        return True

    def next(self, count: int) -> list[Line]:
        """Return the next lines without reading them, fewer than `count` at the end of the log."""
        self.has(count - 1)
        return self._held[self._at : self._at + count]

    def read(self, count: int = 1) -> list[Line]:
        """Return the next lines, which are read then."""
        lines = self.next(count)
        self._at += count
        if self._at > _KEPT_LINES:
            del self._held[: self._at]
            self._at = 0
        return lines


def refused(line: Line, reason: str) -> Iterator[Found | None]:
    """Yield each place of a line with the reason why it is refused, None for a blank one."""
    for place in line.places:
        is_blank = place.raw is None or not place.raw.strip(b"\0 \t\r")
        yield None if is_blank else (place, "too_long" if line.is_cut else reason)


def joined(lines: Sequence[Line], between: bytes = b"") -> Line:
    """Return several lines as one, which is whole if each of them is."""
    if len(lines) == 1:
        return lines[0]
    places = tuple(place for line in lines for place in line.places)
    return replace(lines[0], places=places, text=between.join(line.text for line in lines), is_whole=all(line.is_whole for line in lines))


def record_lines(lines: Ahead) -> int | None:
    """Return how many of the next lines are a record of CSV: up to the first on which all quotes are closed. None where they stay open."""
    quotes, count = 0, 0
    while count < MOST_LINES_OF_A_RECORD and lines.has(count):
        quotes += lines[count].text.count(b'"')
        count += 1
        if quotes % 2 == 0:
            return count
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
