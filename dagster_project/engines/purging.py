"""Removes what may not be kept for ever: the index of refused lines, file by file; and counts the request rows that are past their time."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project.engines.lake import Lake, schema
from dagster_project.engines.sealing import REQUESTS

QUARANTINE = "ledger.quarantine"
STAFF_REQUESTS = "scrubbed.staff_requests"


def purge_quarantine(lake: Lake, before: datetime) -> int:
    """Remove the refused lines of inputs that were read before an instant; return how many.

    A file is replaced whole, or removed where nothing is left; the rows that are gone are counted in what lies there afterwards.
    """
    inputs = lake.read("ledger.inputs")
    old = inputs.filter(pc.less(inputs.column("read_at"), pa.scalar(before, inputs.schema.field("read_at").type))).column("input_id")
    held = _rows(lake.files(QUARANTINE))
    for path in lake.files(QUARANTINE):
        rows = pq.read_table(path, schema=schema(QUARANTINE), partitioning=None)
        left = rows.filter(pc.invert(pc.is_in(rows.column("input_id"), old)))
        if not left.num_rows:
            path.unlink()
        elif left.num_rows < rows.num_rows:
            with lake.replacing(path) as beside:
                pq.write_table(left, beside, compression="zstd", compression_level=1)
    return held - _rows(lake.files(QUARANTINE))


def request_rows_due(lake: Lake, as_of: datetime, request_days: int) -> dict[str, int]:
    """Return how many rows of each request table belong to days that were sealed more than `request_days` before `as_of`."""
    limit = as_of - timedelta(days=request_days)
    keys = lake.read("ledger.keys").to_pylist()
    days: list[date] = sorted({row["day"] for row in keys if row["destroyed_at"] is not None and row["destroyed_at"] < limit})
    return {table: sum(_rows(lake.files(table, day)) for day in days) for table in (REQUESTS, STAFF_REQUESTS)}


def _rows(files: list[Path]) -> int:
    return sum(pq.read_metadata(path).num_rows for path in files)
