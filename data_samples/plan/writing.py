"""Rows to files of the landing folder: CSV, JSON Lines, Parquet and compressed text, the same bytes every time."""

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

Row = Mapping[str, object]


def csv_text(rows: Sequence[Row], header: Sequence[str] = ()) -> bytes:
    """Return CSV; an empty list is written as [], others with `;` between their values."""
    names = list(header or rows[0])
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row[name]) for name in names] for row in rows)
    return out.getvalue().encode()


def _cell(value: object) -> str:
    if isinstance(value, list | tuple):
        return ";".join(value) if value else "[]"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def json_lines(rows: Sequence[Row]) -> bytes:
    """Return JSON Lines; what is None is left out."""
    objects = [{name: value for name, value in row.items() if value is not None} for row in rows]
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in objects)


def instants(rows: Sequence[Row], names: Sequence[str]) -> pa.Table:
    """Return rows as a table, the named columns as timestamps in UTC."""
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    stamp = pa.timestamp("us", tz="UTC")
    return pa.table({name: pa.array([v and datetime.fromisoformat(str(v)) for v in values], stamp) if name in names else values for name, values in columns.items()})


def write(path: Path, content: bytes) -> None:
    """Write a file, compressed as its name says, without a time stamp in it."""
    packed = {".gz": lambda: gzip.compress(content, 9, mtime=0), ".bz2": lambda: bz2.compress(content, 9), ".xz": lambda: lzma.compress(content, preset=6)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed.get(path.suffix, lambda: content)())


def write_parquet(path: Path, row_groups: Sequence[pa.Table]) -> None:
    """Write a Parquet file with these row groups."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, row_groups[0].schema, compression="zstd", store_schema=False) as writer:
        for group in row_groups:
            writer.write_table(group, row_group_size=max(group.num_rows, 1))
