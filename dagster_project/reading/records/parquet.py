"""How many records an account holds in Parquet stores and how large they are: from footers and the account column alone (CR-4)."""

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project.errors import StoreError

TAIL_BYTES = 8  # length of the footer, four bytes, and the mark
MARK = b"PAR1"
_TEXT, _COUNT = pa.string(), pa.int64()
RECORDS = pa.schema(
    {
        "day": pa.date32(), "store": _TEXT, "record_class": _TEXT, "account_id": _TEXT, "records": _COUNT,
        "bytes": _COUNT, "stored_bytes": _COUNT, "largest_record_bytes": _COUNT, "method": _TEXT, "is_partial": pa.bool_(),
    }
)  # fmt: skip
METERING = pa.schema(
    {
        "day": pa.date32(), "store": _TEXT, "record_class": _TEXT, "files": _COUNT, "footer_bytes": _COUNT,
        "account_column_bytes": _COUNT, "content_bytes": _COUNT, "columns": pa.list_(_TEXT),
        "allowed_columns": pa.list_(_TEXT),
    }
)  # fmt: skip
Kind = Literal["footer", "account_column"]


@dataclass(frozen=True)
class Measured:
    """What a store holds, which bytes were touched to know it, and the files that could not be measured."""

    records: pa.Table
    metering: pa.Table
    faults: tuple[StoreError, ...]


@dataclass
class _Total:
    records: int = 0
    bytes: int = 0
    stored_bytes: int = 0
    is_exact: bool = True

    def add(self, records: int, size: int, stored: int, *, is_exact: bool) -> None:
        self.records += records
        self.bytes += size
        self.stored_bytes += stored
        self.is_exact &= is_exact


@dataclass
class _Touched:
    """Bytes read of each kind, counted at the file handle, and the columns they belong to; what is left is content."""

    every_byte: int = 0
    bytes: Counter[Kind] = field(default_factory=Counter)
    columns: set[str] = field(default_factory=set)
    files: int = 0


def measure(paths: Sequence[Path], record_class: str, account_column: str, day: date, store: str | None = None) -> Measured:
    """Measure the files of one store; `store` names it, by default its class and the number 1, never its path.

    A file that is cut short, is no Parquet or has no account column becomes a StoreError in `faults`; the others are
    measured all the same, and the rows say that they are a part.
    """
    name = store or f"{record_class}-1"
    totals: dict[str | None, _Total] = {}
    touched, faults = _Touched(), list[StoreError]()
    for path in sorted(paths):
        try:
            groups = list(_groups(path, account_column, touched))
        except StoreError as fault:
            faults.append(fault)
            continue
        for group in groups:
            _add(totals, group)
    metering = [day, name, record_class, touched.files, touched.bytes["footer"], touched.bytes["account_column"],
                touched.every_byte - touched.bytes.total(), sorted(touched.columns), [account_column]]  # fmt: skip
    return Measured(_rows(totals, day, name, record_class, is_partial=bool(faults)), _table([metering], METERING), tuple(faults))


@dataclass(frozen=True)
class _Group:
    """A row group: records by account, and the sizes of all of it."""

    accounts: dict[str | None, int]
    bytes: int
    stored_bytes: int


def _groups(path: Path, account_column: str, touched: _Touched) -> Iterator[_Group]:
    try:
        with _Handle(path, touched) as handle:
            footer = handle.footer()
            column = _column_index(footer, account_column, path.name)
            for number in range(footer.num_row_groups):
                group = footer.row_group(number)
                chunks = [group.column(index) for index in range(group.num_columns)]
                accounts = _sole(chunks[column], group.num_rows)
                if accounts is None:
                    accounts = handle.accounts(footer, number, column)
                if sum(accounts.values()) != group.num_rows:
                    raise StoreError(path.name, "the footer and the account column disagree on the number of records", "damaged")
                sizes = (sum(getattr(chunk, size) for chunk in chunks) for size in ("total_uncompressed_size", "total_compressed_size"))
                yield _Group(accounts, *sizes)
    except (pa.ArrowException, OSError, ValueError, OverflowError):
        raise StoreError(path.name, "not a whole Parquet file that can be read; deliver it again", "damaged") from None


def _column_index(footer: pq.FileMetaData, account_column: str, place: str) -> int:
    """Return which column of the footer names the account; it must name one for each record."""
    for index in range(footer.num_columns):
        column = footer.schema.column(index)
        if column.path == account_column and column.max_repetition_level == 0:
            return index
    raise StoreError(place, f"there is no column {account_column}; name the account column in [stores]", "column_missing")


def _sole(chunk: pq.ColumnChunkMetaData, rows: int) -> dict[str | None, int] | None:
    """Return the one account of a row group where its statistics say that there is but one; of no rows, none."""
    if not rows:
        return {}
    statistics = chunk.statistics
    if statistics is None or not statistics.has_min_max or not statistics.has_null_count or statistics.null_count:
        return None
    if statistics.min != statistics.max or statistics.logical_type.type not in ("NONE", "STRING", "INT"):
        return None
    return {_text(pa.array([statistics.min]))[0]: rows}


def _text(values: pa.Array) -> list[str | None]:
    """Return account ids as text; an empty one names none."""
    plain = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
    return [text or None for text in plain.cast(pa.string()).to_pylist()]


class _Handle:
    """A Parquet file of which only the footer and one column can be read; every byte that is read is counted by kind."""

    def __init__(self, path: Path, touched: _Touched) -> None:
        self._path, self._touched = path, touched
        self._file = path.open("rb", buffering=0)
        self._size, self._footer_at = self._file.seek(0, io.SEEK_END), 0
        self._touched.files += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def footer(self) -> pq.FileMetaData:
        """Read the last eight bytes, then the footer that they measure."""
        tail = self._read(max(self._size - TAIL_BYTES, 0), TAIL_BYTES, "footer")
        length = int.from_bytes(tail[:4], "little")
        if tail[4:] != MARK or length + TAIL_BYTES + len(MARK) > self._size:
            raise StoreError(self._path.name, "no Parquet footer at the end of the file; deliver it again", "damaged")
        self._footer_at = self._size - TAIL_BYTES - length
        return pq.read_metadata(io.BytesIO(MARK + self._read(self._footer_at, length, "footer") + tail))

    def accounts(self, footer: pq.FileMetaData, group: int, column: int) -> dict[str | None, int]:
        """Read the account column of a row group and return its records by account."""
        chunks = [footer.row_group(group).column(index) for index in range(footer.num_columns)]
        begin, end = _range(chunks[column])
        others = (_range(chunk) for index, chunk in enumerate(chunks) if index != column)
        if begin < len(MARK) or end > self._footer_at or any(begin < stop and start < end for start, stop in others):
            raise StoreError(self._path.name, "the footer puts the account column where it cannot be", "damaged")
        name = chunks[column].path_in_schema
        self._touched.columns.add(name)
        window = pa.PythonFile(_Window(self._size, begin, self._read(begin, end - begin, "account_column")), mode="r")
        store = pq.ParquetFile(window, metadata=footer, read_dictionary=[name], pre_buffer=False)
        values = store.read_row_group(group, columns=[name], use_threads=False)
        while any(pa.types.is_struct(kind) for kind in values.schema.types):
            values = values.flatten()
        found = pc.value_counts(values.column(0).combine_chunks())
        counts = Counter[str | None]()
        for account, records in zip(_text(found.field("values")), found.field("counts").to_pylist(), strict=True):
            counts[account] += records
        return dict(counts)

    def _read(self, begin: int, length: int, kind: Kind) -> bytes:
        self._file.seek(begin)
        parts, left = [], length
        while left and (part := self._file.read(left)):
            parts.append(part)
            left -= len(part)
            self._touched.every_byte += len(part)
        self._touched.bytes[kind] += length - left
        if left:
            raise StoreError(self._path.name, "the file ends early; deliver it again", "damaged")
        return b"".join(parts)


def _range(chunk: pq.ColumnChunkMetaData) -> tuple[int, int]:
    begin = chunk.data_page_offset
    if chunk.has_dictionary_page and chunk.dictionary_page_offset is not None:
        begin = min(begin, chunk.dictionary_page_offset)
    return begin, begin + chunk.total_compressed_size


class _Window(io.RawIOBase):
    """A file of which one range of bytes is in memory; the rest is not there, whoever asks for it."""

    def __init__(self, size: int, begin: int, body: bytes) -> None:
        super().__init__()
        self._size, self._begin, self._body, self._at = size, begin, body, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        begin = self._at - self._begin
        end = len(self._body) if size < 0 else begin + size
        if begin < 0 or end > len(self._body):
            raise OSError("outside the account column")
        self._at += end - begin
        return self._body[begin:end]


def _add(totals: dict[str | None, _Total], group: _Group) -> None:
    """Share the sizes of a row group among its accounts by their records; the shares add up to the whole."""
    is_exact, before = len(group.accounts) == 1, 0
    rows = sum(group.accounts.values())
    for account in sorted(group.accounts, key=lambda account: (account is not None, account or "")):
        after = before + group.accounts[account]
        size, stored = (whole * after // rows - whole * before // rows for whole in (group.bytes, group.stored_bytes))
        totals.setdefault(account, _Total()).add(after - before, size, stored, is_exact=is_exact)
        before = after


def _rows(totals: dict[str | None, _Total], day: date, store: str, record_class: str, *, is_partial: bool) -> pa.Table:
    return _table(
        [
            [day, store, record_class, account, total.records, total.bytes, total.stored_bytes, None,
             "exact" if total.is_exact else "apportioned", is_partial]
            for account, total in sorted(totals.items(), key=lambda item: (item[0] is not None, item[0] or ""))
        ],
        RECORDS,
    )  # fmt: skip


def _table(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(values, kind) for values, kind in zip(columns, schema.types, strict=True)], schema=schema)
