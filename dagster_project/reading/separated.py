"""Rows of CSV in bounded batches: a quote that is never closed spoils its own line and no other."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import BinaryIO, NamedTuple

import numpy as np

from dagster_project.errors import ColumnError
from dagster_project.reading.cells import Column, from_csv
from dagster_project.reading.rejects import Place
from dagster_project.reading.rows import BLOCK_BYTES, Batch, Block, Places, blocks, is_utf8

MOST_OF_A_CELL = 1 << 30
"""The module's own bound, 128 KiB, is one for the whole process: what a cell may hold is bounded by the block."""


def csv_batches(stream: BinaryIO, columns: Sequence[Column] | None, place: str, block_bytes: int = BLOCK_BYTES) -> Iterator[Batch]:
    """Read CSV with a header (RFC 4180), without `columns` each of its columns as text; raises ColumnError where there is no header or it names a column twice."""
    csv.field_size_limit(MOST_OF_A_CELL)
    header: list[str] = []
    carried, first_line = b"", 1
    for block in blocks(stream, block_bytes):
        records = _Records(block, carried, first_line, width=len(header))
        rows = list(records)
        is_first = bool(rows and not header)
        if is_first:
            header = _header(rows.pop(0).cells, place)
        yield _csv_batch(records, rows, header, columns, records.blank + is_first)
        carried, first_line = records.rest, records.next_line
    if not header:
        raise _headless(place)


def _headless(place: str) -> ColumnError:
    return ColumnError(place, "there is no header; the first line of a CSV file names its columns", "header_missing")


class _Record(NamedTuple):
    begin: int  # its first line, from 0
    end: int  # the line after its last
    cells: list[str]


class _Records:
    """The records of a block behind what was `carried` to it; `rest` is what needs the next block to end.

    A quote that is never closed, or only by one of another record, refuses its own line and no other.
    """

    def __init__(self, block: Block, carried: bytes, first_line: int, *, width: int) -> None:
        body = carried + block.body
        self._raws = BytesIO(body).readlines()  # a carriage return alone ends no line, here as wherever lines are counted
        self._texts = [raw.decode("utf-8", "replace") for raw in self._raws]
        self._width, self._block = width, block
        self.is_clean = is_utf8(body) and b"\0" not in body
        self.line_numbers = np.arange(len(self._raws)) + first_line
        self.byte_offsets = np.cumsum([0, *map(len, self._raws)][:-1], dtype=np.int64) + block.byte_offset - len(carried)
        self.blank, self.rest, self.next_line = 0, b"", first_line + len(self._raws)

    def __iter__(self) -> Iterator[_Record]:
        begin, count, opened_to = 0, len(self._raws), 0
        while begin < count:
            # The quote of a record that failed stays open in each of its lines but the last, and so does one that such a line opens: each is read alone, never on to the end again.
            first, until = begin, begin + 1 if begin < opened_to else count
            reader = csv.reader(map(self._texts.__getitem__, range(begin, until)), strict=True)
            try:
                for cells in reader:
                    end = first + reader.line_num
                    if end > begin + 1 and len(cells) != (self._width or len(cells)):
                        break
                    if len(cells) > 1 or (cells and cells[0].strip()):
                        self._width = self._width or len(cells)
                        yield _Record(begin, end, cells)
                    else:
                        self.blank += 1
                    begin = end
                if begin == until:
                    continue
            except csv.Error:
                if first + reader.line_num == count and self._is_carried(begin):
                    return
            opened_to = max(opened_to, first + reader.line_num - 1)
            yield _Record(begin, begin + 1, [])
            begin += 1

    def _is_carried(self, begin: int) -> bool:
        """Leave a record that is still open at the end of the block to the next one."""
        raw = b"".join(self._raws[begin:])
        if self._block.is_last or len(raw) > BLOCK_BYTES:
            return False
        self.rest, self.next_line = raw, int(self.line_numbers[begin])
        return True

    def raw(self, record: _Record) -> bytes:
        """Return the bytes of a record without its last line end."""
        return b"".join(self._raws[record.begin : record.end]).rstrip(b"\r\n")

    def fault(self, record: _Record) -> str | None:
        """Return why a record is refused before its cells are looked at."""
        if self._block.cut_bytes and record.end == len(self._raws):
            return "too_long"
        if not self.is_clean:
            raw = self.raw(record)
            if b"\0" in raw or not is_utf8(raw):
                return "nul" if b"\0" in raw else "bad_utf8"
        return None if len(record.cells) == self._width else "field_count"


def _header(cells: list[str], place: str) -> list[str]:
    names = [name.strip() for name in cells]
    if not names:
        raise _headless(place)  # its first line cannot be read
    if any(count > 1 for name, count in Counter(names).items() if name):
        raise ColumnError(place, "the header names a column twice; name each once", "header_missing")
    return names


def _csv_batch(records: _Records, rows: list[_Record], header: list[str], columns: Sequence[Column] | None, blank: int) -> Batch:
    faults = [records.fault(row) for row in rows]
    kept = [row for row, fault in zip(rows, faults, strict=True) if fault is None]
    begins = np.array([row.begin for row in kept], np.int64)
    places = Places(records.line_numbers[begins], records.byte_offsets[begins], lambda row: records.raw(kept[row]))
    batch = Batch(places, set(header) - {""}, blank=blank)
    for row, fault in zip(rows, faults, strict=True):
        if fault:
            where = Place(int(records.line_numbers[row.begin]), int(records.byte_offsets[row.begin]), records.raw(row))
            batch.rejects.append((where, fault))
    if kept:
        delivered = dict(zip(header, zip(*(row.cells for row in kept), strict=True), strict=True))
        batch.cells = {column.name: from_csv(column, delivered[column.name]) for column in columns or map(Column, delivered) if column.name in delivered}
    return batch
