"""The published copy of the suppressed tables: no cell that rests on few visitors, and none that can be computed from sums.

Everything else in this project transforms tables in SQL; this is the one exception, because what may be shown depends on what is shown beside it.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import polars as pl

from dagster_project.settings import Thresholds

BASE = 5  # every count of a suppressed table is rounded to it
_BYTES = "bytes_sent"
REACH = BASE // 2  # so the true count lies this far from the published one, at most

RELEASES = pl.Schema(
    {
        "table_name": pl.String,
        "day": pl.Date,
        "account_id": pl.String,
        "cells": pl.Int64,
        "suppressed": pl.Int64,
        "fewest_visitors": pl.Int64,
        "recoverable": pl.Int64,
        "cells_sha256": pl.String,
    }
)


@dataclass(frozen=True)
class Breakdown:
    """How a suppressed table adds up: each `block` of a group (account, site, day) has a sum that is published exactly elsewhere."""

    dimensions: tuple[str, ...]
    measures: tuple[str, ...]
    block: pl.Expr
    has_accounts: bool = True

    @property
    def group(self) -> list[str]:
        """Return the columns of a group."""
        return ["account_id", "site", "day"] if self.has_accounts else ["site", "day"]


_STATUS = pl.col("status_class")
BREAKDOWNS = {
    # measured.account_requests_daily publishes client_errors, server_errors and requests: three sums, so three blocks.
    "measured.account_routes_daily": Breakdown(
        ("method", "route", "status_class"), ("requests", "bytes_sent"), pl.when(_STATUS.is_in(["4xx", "5xx"])).then(_STATUS).otherwise(pl.lit("rest"))
    ),
    # … and bot_requests.
    "measured.account_clients_daily": Breakdown(("browser", "os", "device_class"), ("requests",), pl.col("device_class").eq_missing("bot")),
    "measured.site_pages_daily": Breakdown(("route",), ("requests",), pl.lit("all"), has_accounts=False),
    "measured.site_referrers_daily": Breakdown(("referrer",), ("requests",), pl.lit("all"), has_accounts=False),
}


@dataclass(frozen=True)
class Release:
    """The published copy of one table, and a row of `ledger.releases` for each day and account of it."""

    published: pl.DataFrame
    ledger: pl.DataFrame


def suppress(table: str, cells: pl.DataFrame, totals: pl.DataFrame, thresholds: Thresholds, sealed: Collection[date]) -> Release:
    """Return what may leave the house of one table of `BREAKDOWNS`.

    cells: the lake's rows (visitor_days exact). totals: measured.account_requests_daily, for the seats rule. sealed: days whose visitors are counted for good.
    A hidden cell stays as a row without values (`is_suppressed`); a group that hiding cannot protect is left out whole, so that not even its keys show.
    The rules are those of docs/privacy.md#small-numbers.
    """
    breakdown = BREAKDOWNS[table]
    ordered = [*breakdown.group, *breakdown.dimensions]
    working = (
        cells.filter(pl.col("day").is_in(pl.Series(sorted(sealed), dtype=pl.Date).implode()))
        .join(_seated(totals, breakdown, thresholds.min_seats), on=breakdown.group, how="left", nulls_equal=True)
        .with_columns(
            is_withheld=pl.col("is_seated").is_null(),
            # Zero visitors (bots alone) are as telling as few: a cell is shown for k visitors or not at all.
            is_hidden=pl.col("visitor_days").fill_null(0) < thresholds.k_visitors,
            block=breakdown.block,
        )
        .sort(ordered, nulls_last=False)
    )
    guarded = _guarded(working, breakdown, thresholds.k_visitors)
    published = _published(guarded, breakdown, cells.columns)
    return Release(published, _ledger(table, guarded, published, breakdown, thresholds.k_visitors))


def _seated(totals: pl.DataFrame, breakdown: Breakdown, min_seats: int) -> pl.DataFrame:
    """Return the groups whose behaviour may be shown: enough visitors that day. A site's group has those of all its accounts."""
    visitors = totals.group_by(breakdown.group).agg(pl.col("visitor_days").sum())
    return visitors.filter(pl.col("visitor_days") >= min_seats).select(*breakdown.group, is_seated=pl.lit(True))


def _guarded(working: pl.DataFrame, breakdown: Breakdown, k: int) -> pl.DataFrame:
    """Hide one more cell, the one with the fewest requests, in every sum that gives a hidden cell away, until none does or none would help."""
    while True:
        attacked = attack(working, breakdown, k)
        candidates = attacked.filter("is_exposed", ~pl.col("is_hidden"), ~pl.col("is_withheld"))
        unprotected = candidates.filter("is_block_exposed")
        in_blocks = _cheapest(unprotected, [*breakdown.group, "block"], breakdown)
        # Bytes are summed over all blocks: only where no block asks for a cell of its own; a cell without any would hide none.
        weighty = candidates.filter(pl.col(_BYTES) > 0) if _BYTES in breakdown.measures else candidates
        in_groups = _cheapest(weighty, breakdown.group, breakdown).join(in_blocks, on=breakdown.group, how="anti", nulls_equal=True)
        if in_blocks.is_empty() and in_groups.is_empty():
            break
        more = pl.concat([in_blocks, in_groups]).select(*breakdown.group, *breakdown.dimensions, is_next=pl.lit(True))
        working = (
            working.join(more, on=[*breakdown.group, *breakdown.dimensions], how="left", nulls_equal=True, maintain_order="left")
            .with_columns(is_hidden=pl.col("is_hidden") | pl.col("is_next").fill_null(False))
            .drop("is_next")
        )
    return attacked.with_columns(is_withheld=pl.col("is_withheld") | pl.col("is_exposed"))


def _cheapest(candidates: pl.DataFrame, within: list[str], breakdown: Breakdown) -> pl.DataFrame:
    return candidates.sort([*within, "requests", *breakdown.dimensions], nulls_last=False).unique(within, keep="first", maintain_order=True)


def attack(working: pl.DataFrame, breakdown: Breakdown, k: int) -> pl.DataFrame:
    """Mark the cells of every sum whose hidden cells can be told to within less than k, from what is published alone.

    A shown cell lies within REACH of its published value and has at least as many requests as visitors; a hidden one is at least 1 request
    or 0 bytes; and they add up to a sum that is known exactly. For a single sum those bounds are what a linear programme finds: the tests compare both.
    """
    by_block = [*breakdown.group, "block"]
    visitors = pl.max_horizontal(_rounded("visitor_days") - REACH, k)
    marked = working.with_columns(is_block_exposed=_is_narrow("requests", 1, visitors, by_block, k))
    exposed = pl.col("is_block_exposed")
    if _BYTES in breakdown.measures:
        # Where nothing was sent at all, as in logs that tell no sizes, that is known of every cell, and tells of nobody.
        exposed = exposed | (_is_narrow(_BYTES, 0, pl.lit(0), breakdown.group, k) & (pl.col(_BYTES).sum().over(breakdown.group) > 0))
    return marked.with_columns(is_exposed=exposed & ~pl.col("is_withheld"))


def _is_narrow(measure: str, least_hidden: int, least_shown: pl.Expr, within: list[str], k: int) -> pl.Expr:
    """Tell whether the hidden cells of a sum have a range of less than k, or one of them stands alone."""
    at_least = pl.when("is_hidden").then(0).otherwise(pl.max_horizontal(_rounded(measure) - REACH, least_shown)).sum()
    at_most = pl.when("is_hidden").then(0).otherwise(_rounded(measure) + REACH).sum()
    total, hidden = pl.col(measure).sum(), pl.col("is_hidden").sum()
    most = total - at_least - least_hidden * (hidden - 1)
    fewest = pl.when(hidden == 1).then(pl.max_horizontal(total - at_most, least_hidden)).otherwise(least_hidden)
    return ((hidden > 0) & ((most - fewest < k) | (hidden == 1))).over(within)


def _rounded(measure: str) -> pl.Expr:
    return (pl.col(measure) + REACH) // BASE * BASE


def _published(guarded: pl.DataFrame, breakdown: Breakdown, columns: list[str]) -> pl.DataFrame:
    counts = [*breakdown.measures, "visitor_days"]
    return (
        guarded.filter(~pl.col("is_withheld"))
        .with_columns(pl.when("is_hidden").then(None).otherwise(_rounded(count)).alias(count) for count in counts)
        .with_columns(is_suppressed=pl.col("is_hidden"))
        .select(columns)
    )


def _ledger(table: str, guarded: pl.DataFrame, published: pl.DataFrame, breakdown: Breakdown, k: int) -> pl.DataFrame:
    """Say for each day and account what was hidden, and attack once more what is shown: `recoverable` must be 0."""
    if not breakdown.has_accounts:
        guarded = guarded.with_columns(account_id=pl.lit(None, pl.String))
        published = published.with_columns(account_id=pl.lit(None, pl.String))
    keys = ["day", "account_id"]
    is_shown = ~pl.col("is_hidden") & ~pl.col("is_withheld")
    again = attack(guarded, breakdown, k).filter(pl.col("is_hidden"))
    counted = guarded.group_by(keys).agg(
        cells=pl.len().cast(pl.Int64),
        suppressed=(~is_shown).sum().cast(pl.Int64),
        fewest_visitors=pl.col("visitor_days").filter(is_shown).min().cast(pl.Int64),
    )
    recoverable = again.group_by(keys).agg(recoverable=pl.col("is_exposed").sum().cast(pl.Int64))
    return (
        counted.join(recoverable, on=keys, how="left", nulls_equal=True)
        .join(_hashes(published, keys), on=keys, how="left", nulls_equal=True)
        .with_columns(pl.lit(table).alias("table_name"), pl.col("recoverable").fill_null(0), pl.col("cells_sha256").fill_null(hashlib.sha256(b"").hexdigest()))
        .select(RELEASES.names())
        .sort(keys, nulls_last=False)
    )


def _hashes(published: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Hash the cells of each key as lines of JSON: the same cells have the same hash, whatever the file they stand in."""
    lines = published.write_ndjson().splitlines(keepends=True)
    joined = published.select(keys).with_columns(cells=pl.Series(lines, dtype=pl.String)).group_by(keys, maintain_order=True).agg(pl.col("cells").str.join())
    hashes = pl.Series([hashlib.sha256(cells.encode()).hexdigest() for cells in joined["cells"]], dtype=pl.String)
    return joined.select(keys).with_columns(cells_sha256=hashes)
