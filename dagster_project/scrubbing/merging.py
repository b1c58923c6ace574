"""Rows of one key made one: which stand, which were there before, and which contradict what was said."""

from collections.abc import Sequence
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


def adding(rows: pl.DataFrame, key: Sequence[str], added: Sequence[str] = ()) -> Merged:
    """Let one later row of a key, one or several columns, add what stands in `added`, once; any other difference refuses the later row.

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


def agreement(rows: pl.DataFrame, key: Sequence[str], columns: Sequence[str]) -> tuple[pl.Series, pl.Series]:
    """Return which rows are the first of their key, and which agree with it in the columns given."""
    numbered = rows.select(key).with_row_index("place")
    first = numbered.select(pl.col("place").first().over(key)).to_series()
    firsts = rows.select(columns)[first]
    alike = pl.Series([True]).new_from_index(0, len(rows))
    for name in columns:
        alike &= rows[name].eq_missing(firsts[name])
    return numbered["place"] == first, alike


def _versions(rows: pl.DataFrame, key: Sequence[str], added: Sequence[str]) -> tuple[pl.Series, pl.Series]:
    """Return which version of a key stays, and which are refused; rows are in the order in which they were delivered."""
    base = [name for name in rows.columns if name not in (*PLACE, *added)]
    is_first, agrees = agreement(rows, key, base)
    adds = rows[added[0]].is_not_null() if added else pl.repeat(value=False, n=len(rows), eager=True)
    marked = rows.select(*key, is_first=is_first, adds=adds, may_add=agrees & adds & ~is_first)
    is_open = ~(pl.col("is_first") & pl.col("adds")).any().over(key)
    marked = marked.with_columns(is_added=pl.col("may_add") & is_open & (pl.col("may_add").cum_sum().over(key) == 1))
    is_amended = pl.col("is_added").any().over(key)
    found = marked.select(
        stays=pl.col("is_added") | (pl.col("is_first") & ~is_amended),
        is_refused=~pl.col("is_first") & ~pl.col("is_added"),
    )
    return found["stays"], found["is_refused"]


def _places(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(PLACE)
