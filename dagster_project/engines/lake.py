"""HOME/lake: Parquet files by table and day, each written beside and moved into place.

A partition is replaced whole, never updated; a file that no ledger entry names is swept away before anything is read.
"""

import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.engines import catalog
from dagster_project.errors import GlasshouseError
from dagster_project.paths import replacing

INPUTS, RUNS, KEYS, FIRST_SEEN, REVIEWS, PURGES = "ledger.inputs", "ledger.runs", "ledger.keys", "ledger.first_seen", "ledger.reviews", "ledger.purges"
REQUESTS, STAFF_REQUESTS, VISITS, EVENTS = "scrubbed.requests", "scrubbed.staff_requests", "scrubbed.visits", "scrubbed.access_events"
TOKENS = ("visitor_high", "visitor_low")
ARROW_TYPES: dict[str, pa.DataType] = {
    "varchar": pa.string(),
    "blob": pa.binary(),
    "boolean": pa.bool_(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "varchar[]": pa.list_(pa.string()),
}
BUILT_FROM = b"glasshouse.built_from"


def schema(table: str) -> pa.Schema:
    """Return the Arrow schema of a contract of sql/1_*."""
    contract = catalog.tables()[table]
    return pa.schema([pa.field(column.name, ARROW_TYPES[column.type]) for column in contract.columns])


def stored(table: str) -> dict[str, Any]:
    """Return how Parquet stores a contract table.

    Request lines are many and read soon: numbers as differences, packed by LZ4, take half of the time that zstd takes and no more room; statistics cost more than they save.
    """
    contract = schema(table)
    texts = [field.name for field in contract if field.type == pa.string()]
    common = {"use_dictionary": texts, "store_schema": False}
    if table not in (REQUESTS, VISITS):
        return common | {"compression": "zstd", "compression_level": 1}
    numbers = [field.name for field in contract if pa.types.is_integer(field.type) and field.name not in TOKENS]
    return common | {"compression": "lz4", "column_encoding": dict.fromkeys(numbers, "DELTA_BINARY_PACKED"), "write_statistics": False}


def conform(table: str, rows: pa.Table) -> pa.Table:
    """Return the rows with exactly the contract's columns and types; columns that it does not name are dropped.

    Texts may be dictionary-encoded, which is how Parquet stores them; a dictionary keeps only what its rows hold. Raises GlasshouseError where a column is missing or does not fit.
    """
    wanted = schema(table)
    try:
        return pa.table([_conformed(rows.column(field.name), field.type) for field in wanted], names=wanted.names)
    except (KeyError, pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        raise GlasshouseError(f"{table}: rows do not fit the contract in sql/; a reader broke it") from None


def _conformed(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray | pa.Array:
    if not pa.types.is_dictionary(column.type) or column.type.value_type != wanted:
        return column.cast(wanted)
    whole = column.unify_dictionaries().combine_chunks()
    is_held = np.zeros(len(whole.dictionary), np.bool_)
    is_held[whole.indices.drop_null().to_numpy()] = True
    if is_held.all():
        return whole
    places = pa.array(np.cumsum(is_held, dtype=np.int32) - 1)
    return pa.DictionaryArray.from_arrays(places.take(whole.indices), whole.dictionary.filter(pa.array(is_held)))


class Lake:
    """The tables of one HOME as files."""

    def __init__(self, home: Path) -> None:
        self.root = home / "lake"

    def folder(self, table: str, day: date | None = None) -> Path:
        """Return the folder of a table, or of one of its days."""
        folder = self.root.joinpath(*table.split("."))
        return folder if day is None else folder / f"day={day.isoformat()}"

    def files(self, table: str, day: date | None = None) -> list[Path]:
        """Return the files of a table, or of one of its days, sorted."""
        folder = self.folder(table, day)
        return sorted(path for path in folder.rglob("*.parquet") if not path.name.startswith("."))

    def has_files(self, table: str) -> bool:
        """Tell whether a table has any file."""
        names = (name for _, _, names in os.walk(self.folder(table)) for name in names)
        return any(name.endswith(".parquet") and not name.startswith(".") for name in names)

    def days(self, table: str) -> list[date]:
        """Return the days a table has files of, sorted."""
        folders = (path for path in self.folder(table).glob("day=*") if any(path.glob("[!.]*.parquet")))
        return sorted(date.fromisoformat(path.name.removeprefix("day=")) for path in folders)

    def read(self, table: str) -> pa.Table:
        """Return all rows of a contract table, none where it has no file."""
        parts = [pq.read_table(path, schema=schema(table), partitioning=None) for path in self.files(table)]
        return pa.concat_tables(parts) if parts else schema(table).empty_table()

    def write(self, table: str, rows: pa.Table, name: str, day: date | None = None) -> Path:
        """Write rows of a contract table as one file, in place of a file of the same name."""
        conformed = conform(table, rows)
        with replacing(self.folder(table, day) / f"{name}.parquet") as beside:
            pq.write_table(conformed, beside, **stored(table))
        return self.folder(table, day) / f"{name}.parquet"

    def write_days(self, table: str, rows: pa.Table, name: str) -> int:
        """Write rows by their `day`, one file each; return how many files."""
        days = rows.column("day").unique().to_pylist()
        for day in days:
            of_day = rows if len(days) == 1 else rows.filter(pa.compute.equal(rows.column("day"), pa.scalar(day, pa.date32())))
            self.write(table, of_day, name, day)
        return len(days)

    def remove(self, table: str, input_id: str) -> None:
        """Remove the files of one input."""
        for path in self.folder(table).rglob(f"{input_id}-*.parquet"):
            path.unlink()

    def drop(self, table: str, day: date | None = None) -> None:
        """Remove a table, or one of its days."""
        shutil.rmtree(self.folder(table, day), ignore_errors=True)


def built_from(path: Path) -> str | None:
    """Return the fingerprint of what a built file was made from; None where there is no such file."""
    if not path.exists():
        return None
    marks: dict[bytes, bytes] = pq.read_metadata(path).metadata or {}
    return marks.get(BUILT_FROM, b"").decode()
