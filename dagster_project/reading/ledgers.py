"""The rows of ledgers as they were delivered, in the columns that are declared of them."""

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa

from dagster_project.errors import ColumnError, DamagedError, FormatError
from dagster_project.reading.cells import Column
from dagster_project.reading.compression import MOST_OPENED_BYTES, open_plain, whole
from dagster_project.reading.files import head
from dagster_project.reading.ledger_columns import LEDGERS
from dagster_project.reading.misdelivered import HEAD_BYTES, fault, header_hint, names_hint
from dagster_project.reading.rejects import REJECTS, Place, rejected
from dagster_project.reading.rows import Batch, json_batches, parquet_batches
from dagster_project.reading.separated import csv_batches

FORMATS = ("csv", "jsonl", "parquet")
COMPRESSIONS = ("gz", "gzip", "zst", "bz2", "xz")
MOST_TIMES = 100  # how many times its size a ledger may open to beyond MOST_OPENED_BYTES, since all of its rows are held
MOST_WITHOUT_ROW = 1_000_000  # refused lines: a file of more before its first object is something else, and each takes memory


@dataclass(frozen=True)
class LedgerRead:
    """A file that was read: `lines` = rows + rejects + `blank` (a CSV record counts as one line, its header as blank)."""

    rows: pa.Table  # line_number, then the declared columns
    rejects: pa.Table  # line_number, byte_offset, length, reason, shape
    lines: int
    blank: int
    unknown_columns: tuple[str, ...]
    format: str


def read(folder: str, path: Path) -> LedgerRead:
    """Read one file of a ledger.

    Raises FormatError for a file that is none of CSV, JSON Lines and Parquet, ColumnError for one without a required
    column, DamagedError for one that ends early.
    """
    return read_rows(path, partitioned(LEDGERS[folder], folder, path))


def partitioned(columns: Sequence[Column], folder: str, path: Path) -> tuple[Column, ...]:
    """Return the columns of a file; what a folder below the ledger's is named after, `purpose=marketing`, must stand in the file too."""
    parts = path.parts[:-1]
    inside = parts[len(parts) - parts[::-1].index(folder) :] if folder in parts else ()
    names = {part.partition("=")[0] for part in inside if "=" in part}
    return tuple(replace(column, is_required=True) if column.name in names else column for column in columns)


def together(folder: str, reads: Mapping[str, LedgerRead]) -> pa.Table:
    """Return the rows of all files of a ledger in the order given, each with the `input_id` it stands in."""
    tables = [read.rows.add_column(0, "input_id", pa.repeat(pa.scalar(input_id), read.rows.num_rows)) for input_id, read in reads.items()]
    columns = schema(LEDGERS[folder]).insert(0, pa.field("input_id", pa.string()))
    return pa.concat_tables([columns.empty_table(), *tables])


def read_rows(path: Path, columns: Sequence[Column], take: Callable[[pa.Table], None] | None = None) -> LedgerRead:
    """Read one file with the columns given; raises as `read` does. `take` gets the rows as they come, a batch at a time, and none are returned."""
    kind = format_of(path)
    tables, rejects, names = [schema(columns).empty_table()], [REJECTS.empty_table()], set[str]()
    keep = take or tables.append
    parsed = blank = lost = held_bytes = 0
    with _uncollected():
        for batch in _batches(path, kind, columns):
            names |= batch.names
            if names and kind != "jsonl":
                _require(path, kind, columns, names)
            rows, refused = fitting(batch, columns)
            keep(rows)
            held_bytes += 0 if take else rows.nbytes
            if held_bytes > MOST_OPENED_BYTES and held_bytes > MOST_TIMES * path.stat().st_size:
                raise DamagedError(path.name, f"it opens to more than {held_bytes >> 20} MB, over a hundred times its size; deliver it in parts", "too_large")
            parsed += rows.num_rows
            rejects.append(rejected([*batch.rejects, *refused]))
            lost += rejects[-1].num_rows
            blank += batch.blank
            if lost > MOST_WITHOUT_ROW:
                _refuse_other(path, kind, names)
    if lost:
        _refuse_other(path, kind, names)
    if names or kind != "jsonl":
        _require(path, kind, columns, names)
    unknown = tuple(sorted(names - {column.name for column in columns}))
    return LedgerRead(pa.concat_tables(tables), pa.concat_tables(rejects), parsed + lost + blank, blank, unknown, kind)


def _refuse_other(path: Path, kind: str, names: Collection[str]) -> None:
    """Raise FormatError for a file that should be JSON Lines and of which no line so far is an object with columns."""
    if kind == "jsonl" and not names:
        raise FormatError(path.name, "no line of it is a JSON object with columns; write one object a line", "format")


@contextmanager
def _uncollected() -> Iterator[None]:
    """Rows hold no cycles; looking for some among millions of them doubles the time of reading."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def format_of(path: Path) -> str:
    """Return csv, jsonl or parquet, by the name of a file; raises FormatError for any other."""
    suffixes = [suffix[1:].lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    if not suffixes or suffixes[-1] not in FORMATS:
        raise FormatError(path.name, "a ledger is .csv, .jsonl or .parquet; deliver it as one of these", "format")
    return suffixes[-1]


def _batches(path: Path, kind: str, columns: Sequence[Column]) -> Iterator[Batch]:
    if kind != "parquet" and (rule := fault(head(path, HEAD_BYTES), kind)):
        raise FormatError(path.name, rule, "format")
    with open_plain(path) as stream:
        if kind == "csv":
            yield from csv_batches(stream, columns, path.name)
        elif kind == "jsonl":
            yield from json_batches(stream, columns)
        else:
            yield from parquet_batches(stream if stream.seekable() else BytesIO(whole(stream, path.name)), columns, path.name)


def schema(columns: Sequence[Column]) -> pa.Schema:
    """Return line_number and the declared columns."""
    return pa.schema([pa.field("line_number", pa.int64()), *(pa.field(column.name, column.arrow) for column in columns)])


def _require(path: Path, kind: str, columns: Sequence[Column], names: Iterable[str]) -> None:
    """Refuse a file of which no row has a required column; where only some rows lack it, they alone are refused."""
    missing = [column.name for column in columns if column.is_required and column.name not in names]
    if not missing:
        return
    required = [column.name for column in columns if column.is_required]
    hint = header_hint(head(path, HEAD_BYTES), required) if kind == "csv" else "; ".join(names_hint(tuple(names), required))
    if any(part.startswith(f"{name}=") for part in path.parts for name in missing):
        hint = "the name of a folder is not read, so write it into the file"
    several = len(missing) > 1
    what = f"the required columns {', '.join(missing)} are" if several else f"the required column {missing[0]} is"
    raise ColumnError(path.name, f"{what} missing; {hint or ('deliver them' if several else 'deliver it')}", "column_missing")


def fitting(batch: Batch, columns: Sequence[Column]) -> tuple[pa.Table, list[tuple[Place, str]]]:
    """Return the rows that fit, and the places of the others with the reason of their first fault."""
    count = len(batch.places)
    reasons = np.zeros(count, object)
    arrays: list[pa.Array] = []
    for column in columns:
        cells = batch.cells.get(column.name)
        arrays.append(cells.values if cells else pa.nulls(count, column.arrow))
        is_bad = cells.is_bad if cells else np.zeros(count, bool)
        reasons[is_bad & (reasons == 0)] = "bad_time" if column.kind in ("instant", "stamp") else "other"
        if column.is_required and arrays[-1].null_count:
            is_missing = np.asarray(arrays[-1].is_null().to_numpy(zero_copy_only=False), bool)
            reasons[is_missing & (reasons == 0)] = "field_missing"
    rows = pa.Table.from_arrays([pa.array(batch.places.line_numbers), *arrays], schema=schema(columns))
    refused = [(batch.places[int(row)], str(reasons[row])) for row in np.flatnonzero(reasons)]
    return rows.filter(pa.array(reasons == 0)) if refused else rows, refused
