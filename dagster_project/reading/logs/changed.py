"""Lines that the format of their file refuses, read by other formats: a server's log format may change in mid-file.

Which of them reads a line depends on that line alone, so a log says the same however it is cut or put together.
"""

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa

from dagster_project.reading.logs.formats import AND, FORMATS, Format, named
from dagster_project.reading.logs.lines import Lines, split
from dagster_project.reading.logs.promising import Candidates, Indexes
from dagster_project.reading.logs.reader import Found, are_read, read
from dagster_project.reading.logs.values.distinct import joined
from dagster_project.reading.logs.values.row import NO_REQUEST
from dagster_project.reading.logs.values.typed import CODED_ROWS

_OTHER_FORM = ("no_match", "json_error", "field_count", "field_missing", "truncated_first", "truncated_last", "nul", "bad_utf8", NO_REQUEST)
"""Reasons to refuse a line that leave open whether it is a whole line of another format; any other reason means that its form was recognised."""
_BAD_FIELD = ("bad_time", "bad_size", "bad_status")
"""Reasons to refuse a line of which a more special format may know better what stands there."""


def read_changed(lines: Lines, found: Found, name: str, client_headers: tuple[str, ...] = (), *, is_begin: bool = True) -> Found:
    """Return what was found, and with it the refused lines that any format reads but W3C's, whose fields stand elsewhere.

    `name` is that of a detected format. The first line of a file (`is_begin`) may lack its begin, an open last one its end: only a more special format,
    or one that others of its first lines are in, takes no half for a line of its own, and of a first line one that reads no end of such a line.
    """
    own, *told = name.split(AND)
    places = {known.name: place for place, known in enumerate(FORMATS) if not known.parts or known.name == own}
    of_halves = {*told, *(other for other, place in places.items() if place < places[own])}
    halves = [*([0] if is_begin else []), *([len(lines) - 1] if lines.is_open(len(lines) - 1) else [])]

    def may_be_half(index: int, other: str) -> bool:
        return other not in of_halves and (index > 0 or lines.is_open(0) or _reads_ends(other, own))

    others = [named(other, client_headers) for other in places if other != own]
    special = [other for other in others if places[other.name] < places[own]]
    return read_others(lines, read_others(lines, found, others, halves, may_be_half), special, reasons=_BAD_FIELD)


@lru_cache(maxsize=256)
def _reads_ends(other: str, own: str) -> bool:
    """Tell whether a format reads what is left of a line of another format, which refuses it, when its begin is cut off."""
    example = named(own).example
    ends = split("".join(f"{example[begin:]}\n" for begin in range(1, len(example))).encode())
    return any(is_other and not is_own for (_, is_other), (_, is_own) in zip(are_read(ends, named(other)), are_read(ends, named(own)), strict=True))


def read_others(  # noqa: PLR0913, PLR0917 (what is known of a piece)
    lines: Lines,
    found: Found,
    others: Sequence[Format],
    halves: Sequence[int] = (),
    may_be_half: Callable[[int, str], bool] = lambda _index, _other: True,
    reasons: Collection[str] = _OTHER_FORM,
) -> Found:
    """Return what was found, and with it the lines refused for one of the reasons that other formats read, each by the first of them that does.

    Lines that may be cut (`halves`, from 0) are not read by a format that may take them for whole ones.
    """
    left = np.array([index for index, reason in found.reasons.items() if reason in reasons], np.int64)
    objects = left[np.frombuffer(lines.body, np.uint8)[lines.bounds[left]] == ord("{")]
    if others and others[0].records:
        found, left = _taken(lines, found, others[0], left, objects)
    candidates = Candidates(lines, left)
    for other in others if len(left) else ():
        asked = np.intersect1d(candidates.of(other), left, assume_unique=True)
        cut = [half for half in halves if half in asked and may_be_half(half, other.name)]
        found, left = _taken(lines, found, other, left, np.setdiff1d(asked, cut, assume_unique=True))
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
