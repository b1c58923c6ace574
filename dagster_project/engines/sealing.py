"""Seals days: counts visitors for good, drops their tokens by rewriting the files, and tells which keys may go (privacy-rules.md 1.7)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.engines import catalog
from dagster_project.engines.duckdb_engine import VISITORS, DuckDBEngine
from dagster_project.engines.lake import Lake, stored, texts

REQUESTS = "scrubbed.requests"
BATCH_ROWS = 1 << 17
WRITERS = 2


def days_with_tokens(lake: Lake) -> list[date]:
    """Return the days whose files still hold tokens, sorted."""
    return [day for day in lake.days(REQUESTS) if tokens_held(lake, day)]


def seal(engine: DuckDBEngine, days: list[date]) -> int:
    """Count the visitors of each day once, then rewrite its files without tokens; return the rows rewritten.

    Killed between the two, the next call finishes: a day that was counted is not counted again.
    """
    pa.default_memory_pool().release_unused()  # what reading held is DuckDB's to use
    table = catalog.tables()[VISITORS]
    rewritten = 0
    with ThreadPoolExecutor(WRITERS) as writers:
        for day in days:
            if not engine.lake.files(VISITORS, day):
                engine.build(table, day)
            rewritten += sum(writers.map(partial(_drop_tokens, engine.lake), engine.lake.files(REQUESTS, day)))
    engine.show(catalog.tables()[REQUESTS])
    return rewritten


def tokens_held(lake: Lake, day: date) -> int:
    """Return how many rows of a day hold a token."""
    return sum(map(_tokens, lake.files(REQUESTS, day)))


def _tokens(path: Path) -> int:
    """Return how many rows of a file hold a token, told by its footer; a group that does not say counts whole."""
    footer = pq.read_metadata(path)
    place = footer.schema.names.index("visitor")
    groups = [footer.row_group(group) for group in range(footer.num_row_groups)]
    told = [(group.num_rows, group.column(place).statistics) for group in groups]
    return sum(rows - (statistics.null_count if statistics is not None and statistics.has_null_count else 0) for rows, statistics in told)


def _drop_tokens(lake: Lake, path: Path) -> int:
    """Rewrite a file a batch at a time, its tokens left out and its texts kept as the codes they are stored in; return its rows."""
    if not _tokens(path):
        return 0
    with pq.ParquetFile(path, read_dictionary=texts(REQUESTS)) as source, lake.replacing(path) as beside:
        with pq.ParquetWriter(beside, source.schema_arrow, **stored(REQUESTS)) as target:
            for batch in source.iter_batches(BATCH_ROWS):
                without = pa.nulls(batch.num_rows, pa.binary())
                target.write_batch(batch.set_column(batch.schema.get_field_index("visitor"), "visitor", without))
        return int(source.metadata.num_rows)
