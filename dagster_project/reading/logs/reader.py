"""Lines of a known format to rows: many at once where they are written plainly, every other one alone; what nothing reads is refused."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dagster_project.compiled import pays
from dagster_project.reading.logs import remaining
from dagster_project.reading.logs.carried import readings, stamp, stamps_of
from dagster_project.reading.logs.formats import Format, Parts
from dagster_project.reading.logs.layouts.layout import Layout
from dagster_project.reading.logs.lines import Lines
from dagster_project.reading.logs.matching import columns
from dagster_project.reading.logs.promising import FEWEST_LINES, Candidates, Indexes
from dagster_project.reading.logs.records import json_columns, json_lines
from dagster_project.reading.logs.records.json_names import Names
from dagster_project.reading.logs.records.notations import JSON, Records
from dagster_project.reading.logs.values.distinct import joined
from dagster_project.reading.logs.values.row import NO_REQUEST, READ, Refused, Row, instant_us
from dagster_project.reading.logs.values.typed import CODED_ROWS
from dagster_project.reading.pieces import LONGEST_LINE_BYTES

NO_MATCH = ("no_match", "json_error", "field_count")
COMMENT = "#"


@dataclass(frozen=True)
class Found:
    """What is in a piece: `rows` as typed.CODED_ROWS, and why each other line is refused, by its index from 0.

    A blank line or a comment is in neither. `others`: the formats that read lines which the format of the file refuses.
    """

    rows: pa.Table
    reasons: dict[int, str]
    others: tuple[str, ...] = ()


def read(lines: Lines, known: Format, header: bytes | None, *, is_begin: bool = True) -> Found:
    """Return the rows (line_number from 1) and the refused lines of a piece; only where a file begins (`is_begin`) may rotation have cut the first."""
    runs = _runs(lines, known, header)
    plain = _plain(lines, known, runs)
    taken = _taken(lines, plain)
    rows: list[Row] = []
    reasons: dict[int, str] = {}
    for start, stop, layouts in runs:
        left = np.flatnonzero(~taken[start:stop]) + start
        promising = _promising(lines, left, known)
        for index in left.tolist():
            match _read_line(lines, index, known, layouts if index in promising else ()):
                case str(reason):
                    reasons[index] = _reason(lines, index, reason, is_first=is_begin and index == 0)
                case tuple(row):
                    rows.append((index + 1, *row))
    return Found(_table(plain, rows), reasons)


def _plain(lines: Lines, known: Format, runs: Parts) -> list[pa.Table]:
    """Return the rows of lines that are written plainly, of runs that are long enough for columns."""
    plain: list[pa.Table] = []
    is_json = known.records is not None and known.records.notation is JSON
    many = [(start, stop, layouts) for start, stop, layouts in runs if stop - start >= FEWEST_LINES and (pays(stop - start) if layouts else is_json)]
    plain += [columns.rows(lines, layouts[0], start, stop) for start, stop, layouts in many if layouts]
    if known.records and len(lines) >= FEWEST_LINES and (not known.layouts or _is_object(lines.text(0))):
        plain.append(_plain_records(lines, known.records))
    taken = _taken(lines, plain)
    for start, stop, layouts in many if not known.parts else ():
        plain += remaining.rows(lines, np.flatnonzero(~taken[start:stop]) + start, known, layouts)
    return plain


def _plain_records(lines: Lines, records: Records) -> pa.Table:
    """Return the rows of records that are written plainly."""
    if not (pairs := records.notation.pairs):
        return json_columns.rows(lines, records.names)
    return json_columns.rows_of_pairs(_pairs(lines, pairs, records.names), records.names, stamps_of(lines))


def _taken(lines: Lines, tables: Iterable[pa.Table]) -> npt.NDArray[np.bool_]:
    """Tell of which lines there are rows."""
    taken = np.zeros(len(lines), bool)
    for table in tables:
        taken[table["line_number"].to_numpy() - 1] = True
    return taken


def are_read(lines: Lines, known: Format) -> Iterator[tuple[int, bool | None]]:
    """Yield the index of each line, from 0, and whether the format reads it, null for a blank line or a comment: all that detection needs."""
    for start, stop, layouts in _runs(lines, known, None):
        promising = _promising(lines, np.arange(start, stop), known)
        for index in range(start, stop):
            found = _read_line(lines, index, known, layouts if index in promising else ())
            yield index, None if found is None else not isinstance(found, str)


def _promising(lines: Lines, indexes: Indexes, known: Format) -> set[int]:
    """Return those of some lines that a layout of the format may match."""
    return set((Candidates(lines, indexes).of(known) if known.layouts else indexes).tolist())


def _runs(lines: Lines, known: Format, header: bytes | None) -> Parts:
    return known.parts(lines, header) if known.parts else [(0, len(lines), known.layouts)]


def _read_line(lines: Lines, index: int, known: Format, layouts: tuple[Layout, ...]) -> Row | str | None:
    """Return the values of one line, or the reason to refuse it; null for a blank line or a comment."""
    try:
        return _row(lines, index, known, layouts)
    except Refused as refused:
        if str(refused) in NO_MATCH and lines.text(index).lstrip().startswith(COMMENT):
            return None
        is_remark = known.remarks and any(map(known.remarks.match, readings(lines.text(index))))
        return NO_REQUEST if is_remark else str(refused)


def _row(lines: Lines, index: int, known: Format, layouts: tuple[Layout, ...]) -> Row | None:
    """Return the values of one line, null where it is blank; raises Refused."""
    if len(lines.raw(index)) > LONGEST_LINE_BYTES:
        raise Refused("too_long")
    line = lines.text(index)
    if not line.strip():
        if b"\0" in lines.raw(index):
            raise Refused("nul")
        return None
    refused: Refused | None = None
    for text in readings(line) if layouts or known.records else ():
        if known.records and (known.records.notation is not JSON or _is_object(text)):
            try:
                return _recorded(line, text, known.records)
            except Refused as refusal:
                refused = refused or refusal
                continue
        try:
            row = next((row for layout in layouts if (row := layout.row(text)) is not None), None)
        except Refused as refusal:
            refused = refused or refusal
            continue
        if row is not None:
            return row if row[0] is not None else _stamped(line, row)
    if known.records and not known.layouts and not refused:
        return json_lines.read(line, known.records.names)
    raise refused or Refused("field_count" if known.parts else "no_match")


def _recorded(line: str, text: str, records: Records) -> Row:
    """Return the values of the record that a line holds; one without a time has that of the header or object around it."""
    read, names = records.notation.read, records.names
    try:
        return read(text, names, None)
    except Refused as refusal:
        if str(refusal) != "field_missing":
            raise
        return read(text, names, stamp(line) or "")


def _stamped(line: str, row: Row) -> Row:
    """Return the values of a line whose format has no time with the time of the header or object around it."""
    said = stamp(line)
    return row if said is None else (instant_us({"time": said}), *row[1:])


def _pairs(lines: Lines, pairs: Callable[[str, Names], dict[str, object]], names: Names) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the lines that hold pairs, by their numbers from 1, each in the first way that it can be read."""
    for index in range(len(lines)):
        for text in readings(lines.text(index)) if len(lines.raw(index)) <= LONGEST_LINE_BYTES else ():
            with suppress(Refused):
                yield index + 1, pairs(text, names)
                break


def _is_object(line: str) -> bool:
    return line.lstrip()[:1] == "{"


def _reason(lines: Lines, index: int, reason: str, *, is_first: bool) -> str:
    """Return the reason to refuse a line; where nothing matches it, whether it is damaged or was cut off by rotation."""
    if reason not in NO_MATCH:
        return reason
    raw = lines.raw(index)
    if b"\0" in raw:
        return "nul"
    if "\ufffd" in lines.text(index) and b"\xef\xbf\xbd" not in raw:
        return "bad_utf8"
    if lines.is_open(index):
        return "truncated_last"
    return "truncated_first" if is_first and len(lines) > 1 else reason


def _table(plain: list[pa.Table], rows: list[Row]) -> pa.Table:
    """Return the rows that were read by columns and those that were read one at a time, in the order of their lines."""
    if rows:
        cells = [pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), READ.types, strict=True)]
        coded = [column.dictionary_encode() if pa.types.is_string(column.type) else column for column in cells]
        plain = [*plain, pa.table(coded, schema=CODED_ROWS)]
    return joined(plain or [CODED_ROWS.empty_table()])
