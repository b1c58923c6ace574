"""The one place where assets, checks, jobs, sensors, schedules and resources meet."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import dagster as dg

from dagster_project import assets, automation, running
from dagster_project.checks import key, refuse_strays
from dagster_project.dagster_resources import RESOURCES
from dagster_project.engines import catalog
from dagster_project.engines.duckdb_engine import VISITORS, DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.expect import Suites
from dagster_project.publishing.run_file import enter
from dagster_project.publishing.summary import summary
from dagster_project.resources import now
from dagster_project.sql_assets import EXPECTATIONS, sql_assets

SEALED = [key("ledger.keys"), key(VISITORS)]


@dataclass(frozen=True)
class Ran:
    """How a whole run ended: its faults, a line each, and without any what the tables of HOME now say."""

    faults: tuple[str, ...]
    exit_status: int
    summary: dict[str, Any]


@dg.definitions
def defs() -> dg.Definitions:
    """Return everything Dagster shows and runs; made when asked for, so that importing costs nothing."""
    return assembled()


def assembled() -> dg.Definitions:
    """Return everything Dagster shows and runs."""
    tables = list(catalog.tables().values())
    refuse_strays(tables, EXPECTATIONS)
    landing, verdicts, purge = assets.landing_assets(), assets.verdict_assets(), assets.retention_assets()
    by_python = {made for asset in [*landing, *verdicts, *purge] for made in asset.keys}
    apart = {automation.PURGE: [made for asset in purge for made in asset.keys], automation.PROOF: [assets.PROOF], automation.REPORT: [assets.OVER]}
    jobs = automation.jobs(tables, [made for asset in landing for made in asset.keys], apart, {automation.SEAL: SEALED})
    return dg.Definitions(
        assets=[*landing, *sql_assets(table for table in tables if key(table.name) not in by_python), *verdicts, *purge, assets.proof_asset(), assets.monthly_asset()],
        jobs=list(jobs.values()),
        sensors=automation.sensors(jobs, tables),
        schedules=automation.schedules(jobs),
        resources=RESOURCES,
        executor=dg.in_process_executor,  # also of what is launched by hand: steps in processes of their own would wait for each other
    )


def run_everything(house: House, worker: ProcessPoolExecutor) -> Ran:
    """Run landing, days and verdicts in this process, as the schedule does with Dagster's daemon; the worker judges suites."""
    started_at = now()
    suites = Suites(house.home, EXPECTATIONS, worker)
    engine = DuckDBEngine(house.home)
    try:
        outcomes = running.run_all(assembled(), {"house": house, "suites": suites, "engine": engine}, list(catalog.tables().values()))
        enter(house, started_at, now(), [{"job": outcome.job, "dagster_run_id": outcome.run_id, "is_success": outcome.is_success} for outcome in outcomes])
        if any(outcome.is_stopped for outcome in outcomes):
            raise KeyboardInterrupt
        if any(not outcome.is_success for outcome in outcomes):
            return Ran(running.complaints(outcomes), running.exit_status(outcomes), {})
        engine.refresh()
        reports = sorted(path.parent.name for path in (house.home / "reports").glob("*/report.html"))
        return Ran((), 0, summary(engine.connection(), house.home, reports))
    finally:
        engine.close()
