"""A small house: a few rows in the lake, the tables built from them, and suites of the tests' own."""

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from dagster_project import automation, checks, dagster_resources, expect, history, running
from dagster_project.checks import Results, key
from dagster_project.engines import catalog
from dagster_project.engines.catalog import Table
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.engines.lake import Lake, schema
from dagster_project.sql_assets import sql_assets

SOURCE = "scrubbed.requests"
SMALL = (
    SOURCE, "scrubbed.grants", "scrubbed.run", "measured.account_requests_daily", "measured.card_number_lines",
    "flagged.known_grants", "flagged.grant_scopes", "reported.account_usage_monthly",
)  # fmt: skip
REQUEST: dict[str, Any] = {
    "input_id": "0" * 32, "line_number": 1, "folder": "web_logs", "site": "web", "account_id": "acme", "is_late": False, "is_bot": False,
    "is_hostile": False, "method": "GET", "route_id": 1, "protocol": "1.1", "host": None, "status": 200, "bytes_sent": 10, "duration_ms": None, "referrer": "none",
    "browser": "Firefox", "os": "Linux", "device_class": "desktop", "ip_version": 4, "client_class": "public", "client_source": "peer", "other_query_names": 0, "card_numbers": 0,
}  # fmt: skip


@dataclass
class World:
    """One HOME with what the tests put there."""

    house: House
    suites_folder: Path
    tables: list[Table]
    worker: ProcessPoolExecutor
    landing_assets: list[dg.AssetsDefinition] = field(default_factory=list)

    @property
    def lake(self) -> Lake:
        """Return the lake of HOME."""
        return Lake(self.house.home)

    def land(self, *days: date, name: str = "a", **values: object) -> None:
        """Put one request on each day, as the input of that name."""
        for day in days:
            row = {**REQUEST, "day": day, "occurred_at": datetime(day.year, day.month, day.day, 12, tzinfo=UTC), **values}
            self.lake.write(SOURCE, pa.Table.from_pylist([row], schema=schema(SOURCE)), f"{name}-0", day)

    def suite(self, table: str, *expectations: dict[str, Any]) -> None:
        """Write the suite of a table."""
        path = expect.suite_path(self.suites_folder, catalog.tables()[table])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"expectations": expectations}))

    def definitions(self) -> dg.Definitions:
        """Return definitions over the small set of tables, with landing assets that find their rows already there."""
        contracts = [table for table in self.tables if table.kind == "contract"]
        landed = self.landing_assets or [_found(contracts, self.suites_folder)]
        keys = [each for asset in landed for each in asset.keys]
        last = [key(table.name) for table in self.tables if table.layer == 4]
        jobs = automation.jobs(self.tables, keys, {automation.PURGE: [dg.AssetKey(["purged"])]}, {automation.SEAL: keys, automation.REPORT: last})
        return dg.Definitions(
            assets=[*landed, *sql_assets(self.tables, self.suites_folder), _purged],
            jobs=list(jobs.values()),
            sensors=automation.sensors(jobs, self.tables),
            schedules=automation.schedules(jobs),
            resources=dagster_resources.RESOURCES,
        )

    def given(self) -> dict[str, Any]:
        """Return what a run is given, with an engine that sees the rows landed so far."""
        return {"house": self.house, "suites": expect.Suites(self.house.home, self.suites_folder, self.worker), "engine": DuckDBEngine(self.house.home)}

    def run(self, job: str, days: tuple[date, date] | None = None) -> running.Outcome:
        """Run a job as the command line does."""
        with history.dagster_instance(self.house.home) as instance:
            return running.run(self.definitions(), instance, self.given(), job, days)


@dg.asset(key=["purged"])
def _purged() -> None:
    """Stand for the purge, which is no part of a whole run."""


def _found(contracts: Sequence[Table], suites_folder: Path) -> dg.AssetsDefinition:
    checked = checks.specs(contracts, suites_folder)

    @dg.multi_asset(name="landed", specs=[dg.AssetSpec(key(table.name)) for table in contracts], check_specs=checked)
    def landed(suites: dg.ResourceParam[expect.Suites]) -> Results:
        yield from checks.results([dg.MaterializeResult(asset_key=key(table.name)) for table in contracts], suites, checked)

    return landed
