"""Seals days: counts their visitors for good, then removes their tokens (docs/privacy.md#what-is-kept-of-a-request)."""

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.engines import catalog
from dagster_project.engines.duckdb_engine import VISITORS, DuckDBEngine
from dagster_project.engines.lake import VISITS, Lake


def days_with_tokens(lake: Lake) -> list[date]:
    """Return the days that are not sealed to the end: their tokens are there, sorted."""
    return lake.days(VISITS)


def seal(engine: DuckDBEngine, days: list[date]) -> int:
    """Count the visitors of each day once, then remove the files that hold its tokens; return how many tokens that were.

    Killed between the two, the next call finishes: a day that was counted is not counted again.
    """
    pa.default_memory_pool().release_unused()  # what reading held is DuckDB's to use
    removed = 0
    for day in days:
        if not engine.lake.files(VISITORS, day):
            engine.build(catalog.tables()[VISITORS], day)
        removed += tokens_held(engine.lake, day)
        engine.lake.drop(VISITS, day)
    engine.show(catalog.tables()[VISITS])
    return removed


def tokens_held(lake: Lake, day: date) -> int:
    """Return how many rows of a day hold a token."""
    halves = (pq.read_table(path, columns=["visitor_high"], partitioning=None).column(0) for path in lake.files(VISITS, day))
    return sum(len(half) - half.null_count for half in halves)
