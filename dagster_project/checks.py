"""One blocking asset check for each suite in expectations/: what a table must look like before anything is built on it."""

import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import dagster as dg

from dagster_project import expect
from dagster_project.engines.catalog import Table
from dagster_project.errors import GlasshouseError
from dagster_project.sql_assets import key

NAME = "suite"


def suite_checks(tables: Iterable[Table], folder: Path) -> list[dg.AssetChecksDefinition]:
    """Return one blocking check for each suite.

    Raises GlasshouseError for a suite that belongs to no table or is no list of expectations.
    """
    by_path = {expect.suite_path(folder, table): table for table in tables}
    found = sorted(folder.rglob("*.json"))
    if strays := [path for path in found if path not in by_path]:
        raise GlasshouseError(f"expectations/{strays[0].parent.name}/{strays[0].name}: no file of sql/ has this path")
    return [_check(by_path[path], path) for path in found]


def _check(table: Table, path: Path) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=key(table.name),
        name=NAME,
        blocking=True,
        description=f"The {len(expect.expectations(path))} expectations of expectations/{path.parent.name}/{path.name}.",
    )
    def check(suites: dg.ResourceParam[expect.Suites]) -> dg.AssetCheckResult:
        started = time.perf_counter()
        return reported(suites.outcomes(table.name), started)

    return check


def reported(found: list[expect.Outcome], started: float) -> dg.AssetCheckResult:
    """Return a check's result: how many expectations, and the counts of those that are not met."""
    broken = [outcome for outcome in found if not outcome.is_met]
    seconds = round(time.perf_counter() - started, 3)
    faults = dg.MetadataValue.json([asdict(outcome) for outcome in broken])
    return dg.AssetCheckResult(passed=not broken, metadata={"expectations": len(found), "broken": len(broken), "faults": faults, "seconds": seconds})

