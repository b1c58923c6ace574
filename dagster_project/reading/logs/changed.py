"""Lines that the format of their file refuses, read by other formats: a server's log format may change in mid-file.

Which of them reads a line depends on that line alone, so a log says the same however it is cut or put together.
"""

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa

from dagster_project.reading.logs.formats import AND, FORMATS, Format, named
from dagster_project.reading.logs.lines import Lines
from dagster_project.reading.logs.promising import Candidates, Indexes
from dagster_project.reading.logs.reader import Found, read
from dagster_project.reading.logs.values.distinct import joined
from dagster_project.reading.logs.values.row import NO_REQUEST
from dagster_project.reading.logs.values.typed import CODED_ROWS

_OTHER_FORM = ("no_match", "json_error", "field_count", "field_missing", "truncated_first", "truncated_last", "nul", "bad_utf8", NO_REQUEST)
"""Reasons to refuse a line that leave open whether it is a whole line of another format; any other reason means that its form was recognised."""
_BAD_FIELD = ("bad_time", "bad_size", "bad_status")
"""Reasons to refuse a line of which a more special format may know better what stands there."""


def read_changed(lines: Lines, found: Found, name: str, client_headers: tuple[str, ...] = (), *, is_begin: bool = True) -> Found:
    """Return what was found, and with it the refused lines that any format reads but W3C's, whose fields stand elsewhere.

    `name` is that of a detected format. The first line of a file (`is_begin`) and an open last one may be half a line: only a more special format,
    or one that others of its first lines are in, takes no half for a line of its own.
    """
    own, *told = name.split(AND)
    places = {known.name: place for place, known in enumerate(FORMATS) if not known.parts or known.name == own}
    of_halves = {*told, *(other for other, place in places.items() if place < places[own])}
    halves = [*([0] if is_begin else []), *([len(lines) - 1] if lines.is_open(len(lines) - 1) else [])]
    others = [named(other, client_headers) for other in places if other != own]
    special = [other for other in others if places[other.name] < places[own]]
    return read_others(lines, read_others(lines, found, others, halves, of_halves), special, reasons=_BAD_FIELD)


def read_others(  # noqa: PLR0913, PLR0917 (what is known of a piece)
    lines: Lines, found: Found, others: Sequence[Format], halves: Sequence[int] = (), of_halves: Collection[str] = (), reasons: Collection[str] = _OTHER_FORM
) -> Found:
    """Return what was found, and with it the lines refused for one of the reasons that other formats read, each by the first of them that does.

    Lines that may be cut (`halves`, from 0) are read by some of the formats only (`of_halves`).
    """
    left = np.array([index for index, reason in found.reasons.items() if reason in reasons], np.int64)
    objects = left[np.frombuffer(lines.body, np.uint8)[lines.bounds[left]] == ord("{")]
    if others and others[0].records:
        found, left = _taken(lines, found, others[0], left, objects)
    candidates = Candidates(lines, left)
    for other in others if len(left) else ():
        asked = np.intersect1d(candidates.of(other), left, assume_unique=True)
        found, left = _taken(lines, found, other, left, asked if other.name in of_halves else asked[~np.isin(asked, halves)])
    return found


def _taken(lines: Lines, found: Found, other: Format, left: Indexes, asked: Indexes) -> tuple[Found, Indexes]:
    """Return what was found with those of the lines asked of that a format reads, and the lines that are left."""
    rows = read(lines.alone(*asked.tolist()), other, None).rows if len(asked) else CODED_ROWS.empty_table()
    if not rows.num_rows:
        return found, left
    taken = asked[rows["line_number"].to_numpy() - 1]
    rows = joined([found.rows, rows.set_column(0, CODED_ROWS.field(0), pa.array(taken + 1))])
    left = np.setdiff1d(left, taken, assume_unique=True)
    is_taken = set(taken.tolist())
    reasons = {index: reason for index, reason in found.reasons.items() if index not in is_taken}
    return Found(rows, reasons, tuple(dict.fromkeys((*found.others, other.name)))), left
