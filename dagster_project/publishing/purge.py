"""Purges a HOME: seals what is due, removes what is past its retention, from the warehouse too, and opens the files again to check."""

import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project.engines import catalog
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.engines.intake.steps import seal_due
from dagster_project.engines.lake import REQUESTS, STAFF_REQUESTS
from dagster_project.engines.purging import enter, entries, remove
from dagster_project.engines.retention import Due, due, sealed_days, years_before
from dagster_project.engines.sealing import days_with_tokens
from dagster_project.errors import CheckError
from dagster_project.evidence.ledger import segments
from dagster_project.paths import replacing
from dagster_project.publishing.attest import FOLDER, opened
from dagster_project.publishing.exports import instant
from dagster_project.publishing.release import copy_of, publish_warehouse
from dagster_project.publishing.suppress import BREAKDOWNS

REPORTS = "reports"
MONTHLY = "reported.account_usage_monthly"
ROUNDS = 4  # what is removed can free what it held: an input whose last rows are gone


def purge(house: House, engine: DuckDBEngine) -> list[Due]:
    """Remove all that is past its time; return what went.

    Raises CheckError where something is still there afterwards.
    """
    seal_due(house, engine)  # no day may lose rows before its visitors are counted
    gone: list[Due] = []
    for _ in range(ROUNDS):
        planned = plan(house, engine)
        if not planned:
            break
        _build(engine, planned)
        unfinished(house.home).touch()  # until what is published is without it, too
        enter(engine.lake, entries(engine.lake, planned), house.as_of)
        for number, each in enumerate(planned):
            house.watch("purging", number, len(planned))
            _remove(house, engine, each)
        gone += planned
    if unfinished(house.home).exists():
        engine.refresh()
        withdraw(engine, house.home)
        unfinished(house.home).unlink()
    check(house, engine)
    return gone


def unfinished(home: Path) -> Path:
    """Return the file that lies in HOME from the first removal until the warehouse is built without what went."""
    return home / "lake" / "purge-unfinished"


def plan(house: House, engine: DuckDBEngine) -> list[Due]:
    """Return what is past its time, in rows that the files were found to hold."""
    return [*due(engine.lake, house.settings.retention, house.as_of), *_reports(house), *_segments(house)]


def summed(gone: Iterable[Due]) -> list[dict[str, Any]]:
    """Return what went by rule and table: rows, and of how many days, the first and the last."""
    found: dict[tuple[str, str], list[Due]] = {}
    for each in gone:
        found.setdefault((each.rule, each.table), []).append(each)
    return [_sum(rule, table, of_table) for (rule, table), of_table in found.items()]


def _sum(rule: str, table: str, gone: list[Due]) -> dict[str, Any]:
    days = sorted({each.day for each in gone if each.day is not None})
    first, last = (days[0].isoformat(), days[-1].isoformat()) if days else (None, None)
    return {"rule": rule, "table_name": table, "rows": sum(each.rows for each in gone), "days": len(days), "first_day": first, "last_day": last}


def check(house: House, engine: DuckDBEngine) -> None:
    """Open the files of HOME again. Raises CheckError with the counts where rows that are past their time are still there."""
    left = [f"{each.rows} rows of {each.table} ({each.rule})" for each in plan(house, engine)]
    left += [f"tokens of {day}, which is sealed" for day in sealed_days(engine.lake) & set(days_with_tokens(engine.lake))]
    left += [f"days of {table} in the warehouse" for table in _still_published(engine, house.home / "warehouse.duckdb")]
    if left:
        raise CheckError(f"purge: past their time and still there: {', '.join(left)}; purge again, and see who else writes into HOME")


def withdraw(engine: DuckDBEngine, home: Path) -> None:
    """Take what the lake no longer holds out of the published copies and the monthly sums, and build the warehouse anew without it."""
    for table in BREAKDOWNS:
        _withdraw_copy(engine, table)
    if engine.lake.files(MONTHLY):
        engine.build(catalog.tables()[MONTHLY])
    if (home / "warehouse.duckdb").exists():
        publish_warehouse(engine, home / "warehouse.duckdb")


def _withdraw_copy(engine: DuckDBEngine, table: str) -> None:
    path = copy_of(engine, table)
    if path.exists():
        rows = pq.read_table(path, partitioning=None)
        left = rows.filter(pc.is_in(rows.column("day"), pa.array(engine.lake.days(table), pa.date32())))
        if left.num_rows < rows.num_rows:
            with replacing(path) as beside:
                pq.write_table(left, beside, compression="zstd")


def _build(engine: DuckDBEngine, planned: Iterable[Due]) -> None:
    """Measure the days whose request rows are about to go, where a run has not done so since they were sealed."""
    going = {each.day for each in planned if each.table in {REQUESTS, STAFF_REQUESTS}}
    for table in catalog.tables().values():
        if table.is_daily and going:
            for day in going.intersection(engine.stale_days(table)):
                engine.build(table, day)


def _remove(house: House, engine: DuckDBEngine, each: Due) -> None:
    if each.table == REPORTS and each.day is not None:
        shutil.rmtree(house.home / REPORTS / f"{each.day:%Y-%m}")
    elif each.table == FOLDER:
        ledger = opened(house)
        for segment in segments(ledger.folder):
            if segment.last_at()[:10] == str(each.day):
                ledger.retire(segment, instant(house.as_of))
    else:
        remove(engine.lake, each)


def _reports(house: House) -> Iterator[Due]:
    """Yield the reports of months that ended before the ledgers' time."""
    limit = years_before(house.as_of, house.settings.retention.ledger_years).date().replace(day=1)
    for folder in sorted(path for path in (house.home / REPORTS).glob("*") if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", path.name)):
        if (month := date.fromisoformat(f"{folder.name}-01")) < limit:
            yield Due("ledger_years", REPORTS, sum(1 for _ in folder.rglob("report.html")), month)


def _segments(house: House) -> Iterator[Due]:
    """Yield the segments of the ledger that ended before the ledgers' time; the hashes of their entries stay."""
    limit = instant(years_before(house.as_of, house.settings.retention.ledger_years))
    for segment in segments(house.home / FOLDER):
        if "" < segment.last_at() < limit:
            yield Due("ledger_years", FOLDER, len(segment.lines()), date.fromisoformat(segment.last_at()[:10]))


def _still_published(engine: DuckDBEngine, warehouse: Path) -> list[str]:
    """Return the measured tables of the warehouse that show a day the lake no longer holds."""
    tables = [table for table in catalog.tables().values() if table.is_published and table.schema == "measured"]
    if not warehouse.exists():
        return []
    with closing(duckdb.connect(str(warehouse), read_only=True)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return [table.name for table in tables if not _days(connection, table) <= set(engine.lake.days(table.name))]


def _days(connection: duckdb.DuckDBPyConnection, table: catalog.Table) -> set[date]:
    day = "day" if any(column.name == "day" for column in table.columns) else "cast(hour as date)"
    return {row[0] for row in connection.table(table.name).project(f"{day} as day").distinct().fetchall()}
