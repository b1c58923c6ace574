"""Rows of JSON Lines and Parquet in bounded batches, each with the place it stands at; no row can spoil another."""

import json
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import chain
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.errors import ColumnError, DamagedError
from dagster_project.reading.cells import Cells, Column, from_json, typed
from dagster_project.reading.pieces import parts, runs
from dagster_project.reading.rejects import Place

BLOCK_BYTES = 4 << 20
LONGEST_ROW_BYTES = 16 << 20  # of a line; a longer one is refused, so that an archive cannot fill memory with one
PARQUET_ROWS = 1 << 17
_FIRST_ROWS, _MOST_BYTES = 64, 1 << 27
"""Rows of Parquet that are looked at first, and bytes of them, decoded, that may be held at once."""


@dataclass(frozen=True)
class Places:
    """The places of rows, kept as arrays: one by one they are asked for only of refused rows."""

    line_numbers: npt.NDArray[np.int64]
    byte_offsets: npt.NDArray[np.int64] | None = None
    raw: Callable[[int], bytes] | None = None

    def __len__(self) -> int:
        return len(self.line_numbers)

    def taken(self, rows: npt.NDArray[np.int64]) -> "Places":
        """Return the places of some rows."""
        raw, offsets = self.raw, self.byte_offsets
        return Places(self.line_numbers[rows], None if offsets is None else offsets[rows], raw and (lambda row: raw(rows[row])))

    def __getitem__(self, row: int) -> Place:
        offset = None if self.byte_offsets is None else int(self.byte_offsets[row])
        return Place(int(self.line_numbers[row]), offset, None if self.raw is None else self.raw(row))


@dataclass
class Batch:
    """Some rows of a file: the cells of declared columns that were there, and where each row stands."""

    places: Places
    names: set[str] = field(default_factory=set)
    cells: dict[str, Cells] = field(default_factory=dict)
    rejects: list[tuple[Place, str]] = field(default_factory=list)
    blank: int = 0


@dataclass(frozen=True)
class Block:
    """Whole lines of a stream; the last block, perhaps empty, holds an open last line too. `cut_bytes`: left out of its only line, which is too long."""

    body: bytes
    byte_offset: int
    is_last: bool
    cut_bytes: int = 0

    def lines(self) -> list[bytes]:
        """Return the lines without their line feeds."""
        lines = self.body.split(b"\n")
        return lines if lines[-1] else lines[:-1]

    def places(self, lines: Sequence[bytes], first_line: int) -> Places:
        """Return where its lines stand."""
        starts = np.cumsum([0, *map(len, lines)][:-1], dtype=np.int64) + np.arange(len(lines)) + self.byte_offset
        return Places(np.arange(len(lines)) + first_line, starts, lines.__getitem__)


def blocks(stream: BinaryIO, size: int = BLOCK_BYTES) -> Iterator[Block]:
    """Cut a stream behind line feeds into blocks of at most `size` bytes and PIECE_LINES, or of one longer line; a byte-order mark is passed over."""
    first = stream.read(size)
    offset = len(first) - len(first.removeprefix(BOM_UTF8))
    for body, cut_bytes in runs(chain([first[offset:]], iter(partial(stream.read, size), b"")), size, LONGEST_ROW_BYTES):
        for part, _ in parts(body):
            yield Block(part, offset, is_last=False, cut_bytes=cut_bytes)
            offset += len(part) + cut_bytes
    yield Block(b"", offset, is_last=True)


def json_batches(stream: BinaryIO, columns: Sequence[Column]) -> Iterator[Batch]:
    """Read JSON Lines: one object a line."""
    first_line = 1
    for block in blocks(stream):
        raws = block.lines()
        yield _json_batch(raws, block.places(raws, first_line), columns, is_cut=block.cut_bytes > 0)
        first_line += len(raws)


def _json_batch(raws: list[bytes], every: Places, columns: Sequence[Column], *, is_cut: bool) -> Batch:
    objects, kept, faults = _objects(raws) if not is_cut else ([], np.zeros(0, np.int64), dict.fromkeys(range(len(raws)), "too_long"))
    places = every.taken(kept)
    layouts = set(map(tuple, objects))
    batch = Batch(places, set(chain.from_iterable(layouts)), blank=len(raws) - len(kept) - len(faults))
    batch.rejects = [(every[row], reason) for row, reason in faults.items()]
    delivered = _json_columns(objects, layouts)

    @cache
    def again() -> list[dict[str, Any]]:
        return [_exact(raws[row]) for row in kept]

    def exact(name: str) -> list[Any]:
        return [row.get(name) for row in again()]

    for column in columns:
        if (name := column.name) in batch.names:
            batch.cells[name] = from_json(column, delivered(name), partial(exact, name))
    return batch


def _exact(raw: bytes) -> Any:
    """Return an object with every number as its text; as it is where it nests deeper than anybody writes."""
    try:
        return json.loads(raw, parse_int=str, parse_float=str)
    except RecursionError:
        return orjson.loads(raw)


def _json_columns(objects: list[dict[str, Any]], layouts: set[tuple[str, ...]]) -> Callable[[str], Sequence[Any]]:
    """Return how to get at a column: at once where all objects have the same keys, else object by object."""
    if len(layouts) != 1:
        return lambda name: [row.get(name) for row in objects]
    (layout,) = layouts
    columns = dict(zip(layout, zip(*map(dict.values, objects), strict=True), strict=True))
    return columns.__getitem__


def _objects(raws: Sequence[bytes]) -> tuple[list[dict[str, Any]], npt.NDArray[np.int64], dict[int, str]]:
    """Return the objects, the lines they stand on (from 0), and why other lines are refused; the rest is blank."""
    try:
        objects = [orjson.loads(raw) for raw in raws]
        if set(map(type, objects)) <= {dict}:
            return objects, np.arange(len(raws)), {}
    except orjson.JSONDecodeError:
        pass
    found: dict[int, dict[str, Any]] = {}
    faults: dict[int, str] = {}
    for row, raw in enumerate(raws):
        if not raw.strip():
            continue
        try:
            loaded = orjson.loads(raw)
        except orjson.JSONDecodeError:
            faults[row] = "json_error" if is_utf8(raw) else "bad_utf8"
            continue
        if isinstance(loaded, dict):
            found[row] = loaded
        else:
            faults[row] = "json_not_object"
    return list(found.values()), np.fromiter(found, np.int64), faults


def is_utf8(raw: bytes) -> bool:
    """Tell whether bytes are text."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def parquet_rows(store: pq.ParquetFile, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file, PARQUET_ROWS at a time, or fewer where they are as wide as the first ones tell: a page of few bytes may hold one long text for all."""
    first = next(store.iter_batches(_FIRST_ROWS, columns=columns), None)
    plain = [column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in first.columns] if first else []
    width = sum(column.nbytes for column in plain) // max(1, len(first or ()))
    yield from store.iter_batches(min(PARQUET_ROWS, max(1, _MOST_BYTES // max(1, width))), columns=columns)


def parquet_batches(source: BinaryIO, columns: Sequence[Column], place: str) -> Iterator[Batch]:
    """Read Parquet, of it only the declared columns; raises DamagedError where it is none, or cut short, ColumnError for a column that cannot be what is declared."""
    try:
        store = pq.ParquetFile(source)
        names = set(store.schema_arrow.names)
        known = [column for column in columns if column.name in names]
        _refuse_unclear(store, known)
        yield Batch(Places(np.zeros(0, np.int64)), names)
        first = 1
        for delivered in parquet_rows(store, [column.name for column in known]):
            numbers = np.arange(first, first + delivered.num_rows)
            cells = {column.name: typed(column, delivered.column(column.name)) for column in known}
            yield Batch(Places(numbers), names, cells)
            first += delivered.num_rows
    except ColumnError as error:  # it knows its column only
        raise ColumnError(place, f"column {error.place}: {error.rule}", error.code) from None
    except (pa.ArrowException, OSError):
        raise DamagedError(place, "not a whole Parquet file; deliver it again", "damaged") from None


def _refuse_unclear(store: pq.ParquetFile, columns: Sequence[Column]) -> None:
    """Raise ColumnError for a column that is there twice, and for stamps of INT96: some writers mean UTC by them, others the zone of their machine."""
    leaves = [store.schema.column(number) for number in range(len(store.schema))]
    is_int96 = {leaf.path for leaf in leaves if leaf.physical_type == "INT96"}
    for column in columns:
        if store.schema_arrow.names.count(column.name) > 1:
            raise ColumnError(column.name, "the file has it twice; write it once", "column_twice")
        if column.name in is_int96:
            rule = "INT96 says no zone; write a timestamp with a zone (Spark: spark.sql.parquet.outputTimestampType=TIMESTAMP_MICROS)"
            raise ColumnError(column.name, rule, "column_type")
