"""One asset for each select in sql/: its key, columns, documentation and inputs all come from the file."""

import time
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import dagster as dg

from dagster_project import checks
from dagster_project.checks import Results, key
from dagster_project.dagster_errors import told
from dagster_project.engines import catalog
from dagster_project.engines.catalog import Table
from dagster_project.engines.duckdb_engine import VISITORS, DuckDBEngine
from dagster_project.expect import Suites

EXPECTATIONS = catalog.root() / "expectations"
# The web is younger than this; days ahead of the clock are added by whoever launches a run (running.run).
DAYS = dg.DailyPartitionsDefinition(start_date="1990-01-01", end_offset=1)


def group(table: Table) -> str:
    """Return the group of a table in the graph: the folder of its file."""
    return f"{table.layer}_{table.schema}"


def described(table: Table) -> dict[str, object]:
    """Return Dagster's metadata of a table: its columns and what they mean."""
    columns = [dg.TableColumn(column.name, column.type, column.meaning) for column in table.columns]
    return {"dagster/column_schema": dg.TableSchema(columns=columns), "dagster/table_name": table.name}


def sql_assets(tables: Iterable[Table], suites_folder: Path = EXPECTATIONS) -> list[dg.AssetsDefinition]:
    """Return one asset for each select, checked by the suite of its name; one step makes the daily ones, another the rest."""
    selects = [table for table in tables if table.kind == "select"]
    steps = {"daily_tables": [table for table in selects if table.is_daily], "whole_tables": [table for table in selects if not table.is_daily]}
    return [_step(name, made, suites_folder) for name, made in steps.items() if made]


def _step(name: str, tables: list[Table], suites_folder: Path) -> dg.AssetsDefinition:
    checked = checks.specs(tables, suites_folder)

    @dg.multi_asset(name=name, specs=[_spec(table) for table in tables], check_specs=checked, can_subset=True, backfill_policy=dg.BackfillPolicy.single_run())
    @told
    def build(context: dg.AssetExecutionContext, engine: dg.ResourceParam[DuckDBEngine], suites: dg.ResourceParam[Suites]) -> Results:
        days = context.partition_key_range if context.has_partition_key_range else None
        asked = {*context.selected_asset_keys, *(check.asset_key for check in context.selected_asset_check_keys)}

        def made(table: Table) -> list[dg.MaterializeResult]:  # type: ignore[type-arg]
            return [_built(table, engine, days)] if key(table.name) in context.selected_asset_keys else []

        yield from checks.in_order([table for table in tables if key(table.name) in asked], made, engine.accept, suites, checked)

    return build


def _built(table: Table, engine: DuckDBEngine, between: dg.PartitionKeyRange | None) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Build a table whole, or of a daily one the stale days: of a range, or without one all of them."""
    started = time.perf_counter()
    if not table.is_daily:
        return counted(engine.build(table), started, key(table.name))
    first, last = (date.fromisoformat(between.start), date.fromisoformat(between.end)) if between else (date.min, date.max)
    built = [engine.build(table, day) for day in engine.stale_days(table) if first <= day <= last]
    # Dagster tells each day of the range the same: a row count would pass for that of the day.
    return dg.MaterializeResult(asset_key=key(table.name), metadata={"rows_built": sum(built), "days_built": len(built), "seconds": seconds_since(started)})


def _spec(table: Table) -> dg.AssetSpec:
    return dg.AssetSpec(
        key(table.name),
        deps=[dep(catalog.tables()[read], table.is_daily) for read in table.reads],
        description=table.comment,
        group_name=group(table),
        kinds={"sql", "duckdb"},
        metadata=described(table),
        partitions_def=DAYS if table.is_daily else None,
    )


def dep(read: Table, is_daily: bool = False) -> dg.AssetDep:
    """Return a dependency on a table, for a table that is daily itself or not.

    One that is not reads every day; Dagster is told of the last, since it would list each day since 1990 at every step.
    """
    is_by_day = read.is_daily and read.name != VISITORS
    return dg.AssetDep(key(read.name), partition_mapping=dg.LastPartitionMapping() if is_by_day and not is_daily else None)


def counted(rows: int, started: float, asset_key: dg.AssetKey | None = None) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Return all that an asset may tell of what it made: its rows, and seconds since `started` (a reading of perf_counter)."""
    return dg.MaterializeResult(asset_key=asset_key, metadata={"dagster/row_count": rows, "seconds": seconds_since(started)})


def seconds_since(started: float) -> float:
    """Return the seconds since a reading of perf_counter, to the millisecond."""
    return round(time.perf_counter() - started, 3)
