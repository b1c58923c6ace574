"""What HOME remembers of findings from run to run: the reviews it was given, and when each finding appeared, changed or went."""

from datetime import datetime

import polars as pl
import pyarrow as pa

from dagster_project.engines.lake import FIRST_SEEN, REVIEWS, schema


def remembered(taken: pa.Table, delivered: pa.Table, as_of: datetime) -> pa.Table:
    """Return the rows of ledger.reviews: those of earlier runs, even if removed from reviews/ since, and new ones, taken at `as_of`.

    A review by somebody who is not on the staff never counts, so it is not remembered.
    """
    before, now = _frame(taken).drop_nulls("reviewed_by_staff_id"), _frame(delivered).unique(maintain_order=True)
    new = now.join(before, on=now.columns, how="anti", nulls_equal=True, maintain_order="left").with_columns(taken_at=_at(as_of))
    return pl.concat([before, new]).to_arrow().cast(schema(REVIEWS))


def seen(before: pa.Table, found: pa.Table, as_of: datetime) -> pa.Table:
    """Return the rows of ledger.first_seen once a run as of `as_of` has found `found` (finding_id, code, first_seen_at).

    A run for an earlier instant than the last one can only add findings: one that it misses, or sees differently, has not changed.
    """
    known, now = _frame(before), _frame(found).rename({"code": "code_now", "first_seen_at": "first_now"})
    is_news = known.filter(pl.col("seen_at") > as_of).is_empty()
    every = known.join(now, on="finding_id", how="full", coalesce=True, maintain_order="left_right")
    is_known, is_found = pl.col("code").is_not_null(), pl.col("code_now").is_not_null() & (pl.lit(is_news) | pl.col("code").is_null())
    has_changed = is_known & is_found & (pl.col("is_gone") | (pl.col("code") != pl.col("code_now")))
    told = every.select(
        "finding_id",
        pl.coalesce("first_seen_at", "first_now"),
        pl.when(is_found).then("code_now").otherwise("code").alias("code"),
        pl.when(is_found).then(_at(as_of)).otherwise("seen_at").alias("seen_at"),
        pl.when(is_found).then(pl.lit(value=False)).when(pl.lit(is_news)).then(pl.lit(value=True)).otherwise("is_gone").alias("is_gone"),
        pl.when(has_changed).then(_at(as_of)).otherwise("changed_at").alias("changed_at"),
    )
    return told.to_arrow().cast(schema(FIRST_SEEN))


def _at(instant: datetime) -> pl.Expr:
    return pl.lit(instant, pl.Datetime("us", "UTC"))


def _frame(rows: pa.Table) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(rows))
