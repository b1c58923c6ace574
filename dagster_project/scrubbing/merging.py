"""Rows of one key made one: which stand, which were there before, and which contradict what was said."""

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

PLACE = ("input_id", "line_number")


@dataclass(frozen=True)
class Merged:
    """`rows` stand; `duplicates` and `refused` are places (input_id, line_number). The rest was taken up by `rows`."""

    rows: pl.DataFrame
    duplicates: pl.DataFrame
    refused: pl.DataFrame


def distinct(rows: pl.DataFrame) -> Merged:
    """Keep the first of identical rows."""
    content = [name for name in rows.columns if name not in PLACE]
    is_first = rows.select(pl.struct(content).is_first_distinct()).to_series() if len(rows) else pl.Series([], dtype=pl.Boolean)
    return Merged(rows.filter(is_first), _places(rows.filter(~is_first)), _places(rows.clear()))


def adding(rows: pl.DataFrame, key: str, added: Collection[str]) -> Merged:
    """Let one later row of a key add what stands in `added`, once; any other difference refuses the later row.

    The first of the columns `added` is the one that must be there for something to be added.
    """
    unlike = distinct(rows)
    is_sole = pl.len().over(key) == 1
    sole, several = unlike.rows.filter(is_sole), unlike.rows.filter(~is_sole)
    if not len(several):
        return unlike
    stays, is_refused = _versions(several, key, added)
    return Merged(pl.concat([sole, several.filter(stays)]), unlike.duplicates, _places(several.filter(is_refused)))


def filling(rows: pl.DataFrame, key: str) -> Merged:
    """Take of each column the last that was delivered for a key."""
    unlike = distinct(rows)
    columns = [pl.col(name).drop_nulls().last() for name in rows.columns if name != key]
    merged = unlike.rows.group_by(key, maintain_order=True).agg(columns).select(rows.columns)
    return Merged(merged, unlike.duplicates, unlike.refused)


def _versions(rows: pl.DataFrame, key: str, added: Collection[str]) -> tuple[pl.Series, pl.Series]:
    """Return which version of a key stays, and which are refused; rows are in the order in which they were delivered."""
    base = [name for name in rows.columns if name not in (*PLACE, *added)]
    adds = pl.col(next(iter(added))).is_not_null() if added else pl.lit(value=False)
    agrees = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).first().over(key)) for name in base)
    marked = rows.select(
        pl.col(key),
        is_first=pl.int_range(pl.len()).over(key) == 0,
        may_add=agrees & adds & ~pl.all_horizontal(adds.first().over(key)),
    )
    marked = marked.with_columns(is_added=pl.col("may_add") & (pl.col("may_add").cum_sum().over(key) == 1))
    is_amended = pl.col("is_added").any().over(key)
    found = marked.select(
        stays=pl.col("is_added") | (pl.col("is_first") & ~is_amended),
        is_refused=~pl.col("is_first") & ~pl.col("is_added"),
    )
    return found["stays"], found["is_refused"]


def _places(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(PLACE)
