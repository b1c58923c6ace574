"""Faults on purpose: every step of a run fails in the midst of its work with an exception that quotes a person, then succeeds.

What a run is given is put in place of the real thing; the steps themselves are those of every run.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from dagster_project.assets import PROOF
from dagster_project.checks import key
from dagster_project.engines import catalog
from dagster_project.engines.catalog import Table
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.lake import Lake
from dagster_project.expect import Suites

RETRIES = 4
"""No step has more faults than this."""


class Faults:
    """Which step has failed at which place; `raise_once` fails there the first time."""

    def __init__(self, quoted: str) -> None:
        self.quoted = quoted
        self.steps: set[str] = set()
        self._seen: set[tuple[str, str]] = set()
        self._watched: set[str] = set()

    def raise_once(self, step: str, place: str) -> None:
        """Fail in a step, once for each place, quoting the person, with a cause that quotes it too."""
        if self.is_first(step, place):
            try:
                int(self.quoted)
            except ValueError as error:
                raise RuntimeError(f"{place} of {step} met {self.quoted}") from error

    def is_first(self, step: str, place: str) -> bool:
        """Tell whether a step comes to a place for the first time, and remember that it did."""
        is_new = (step, place) not in self._seen
        self._seen.add((step, place))
        self.steps.add(step)
        return is_new

    def watch(self, step: str, _done: int, _total: int) -> None:
        """Fail while files are being read."""
        if (doing := step.split(maxsplit=1)[0]) not in self._watched:
            self._watched.add(doing)
            raise RuntimeError(f"{doing} met {self.quoted}")


class FaultySuites(Suites):
    """Suites whose judge fails once in each step, when the step's rows are made."""

    def __init__(self, suites: Suites, faults: Faults, step_of: Mapping[str, str]) -> None:
        self.__dict__.update(suites.__dict__)
        self._faults = faults
        self._step_of = step_of

    def begin(self, name: str) -> None:
        """Fail once, then judge."""
        self._faults.raise_once(self._step_of[name], "suite")
        super().begin(name)


class FaultyLake(Lake):
    """A lake that cannot be read once, when the warehouse is built."""

    def __init__(self, home: Path, faults: Faults) -> None:
        super().__init__(home)
        self._faults = faults

    def files(self, table: str, day: date | None = None) -> list[Path]:
        """Fail once where the last table to be published is asked for."""
        if table == "reported.promises" and day is None:
            self._faults.raise_once("house__warehouse", "lake")
        return super().files(table, day)


class FaultyEngine(DuckDBEngine):
    """An engine with little memory; each select fails once with DuckDB's own words about a person."""

    def __init__(self, home: Path, faults: Faults, memory: str) -> None:
        super().__init__(home)
        self.lake = FaultyLake(home, faults)
        self._faults = faults
        self._home = home
        super().connection().execute(f"set memory_limit = '{memory}'")

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Fail once when the report begins: only then is there a warehouse."""
        if (self._home / "warehouse.duckdb").exists():
            self._faults.raise_once("house__report", "connection")
        return super().connection()

    def build(self, table: Table, day: date | None = None) -> int:
        """Fail once in DuckDB, then build."""
        if self._faults.is_first(table.name.replace(".", "__"), "select"):
            quoted = self._faults.quoted.replace("'", "''")
            super().build(
                replace(table, select=f"select cast('{quoted}' as integer) as {table.columns[0].name}, $day as day" if table.is_daily else f"select cast('{quoted}' as integer)"),
                day,
            )
        return super().build(table, day)


def forgiving(whole: dg.Definitions) -> dg.Definitions:
    """Return the definitions with jobs that try a failed step again."""
    policy = dg.RetryPolicy(max_retries=RETRIES)
    jobs: list[Any] = [dg.define_asset_job(job.name, job.selection, executor_def=dg.in_process_executor, op_retry_policy=policy) for job in whole.jobs or ()]  # type: ignore[union-attr]
    return dg.Definitions(assets=whole.assets, jobs=jobs, resources=whole.resources)


def steps(whole: dg.Definitions) -> dict[dg.AssetKey, str]:
    """Return the step that makes each asset of the whole run; the proof is none of its own steps."""
    return {made: asset.node_def.name for asset in whole.assets or () if isinstance(asset, dg.AssetsDefinition) for made in asset.keys if made != PROOF}


def steps_of(whole: dg.Definitions) -> dict[str, str]:
    """Return the step that makes each table."""
    made_by = steps(whole)
    return {name: made_by[key(name)] for name in catalog.tables()}


def broken(faults: Faults) -> Callable[[str, int, int], None]:
    """Return a watch that fails each time: the run that it watches fails for good."""

    def watch(_step: str, _done: int, _total: int) -> None:
        raise RuntimeError(f"watching met {faults.quoted}")

    return watch
