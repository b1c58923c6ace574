"""Faults on purpose: every step fails for good when it begins, and in the midst of its work once before it succeeds, with an exception that quotes a person.

What a run is given is put in place of the real thing; the steps themselves are those of every run.
"""

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import dagster as dg
import duckdb

from dagster_project import running
from dagster_project.automation import DAYS, LANDING, PURGE, VERDICTS
from dagster_project.checks import key
from dagster_project.engines import catalog
from dagster_project.engines.catalog import Table
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.house import House, Watch
from dagster_project.engines.lake import Lake
from dagster_project.errors import GlasshouseError
from dagster_project.expect import Suites
from dagster_project.paths import quoted

SELECTS = 3
"""A step that makes many tables fails for good at this many of them; at the others the error is told and the step goes on."""
RETRIES = SELECTS + 3
"""No step has more faults than this."""
BROKEN_DAY = date(2026, 3, 2)


def fail(place: str, quoted: str) -> NoReturn:
    """Raise an exception that quotes a person, with a cause that quotes it too."""
    try:
        int(quoted)
    except ValueError as error:
        raise RuntimeError(f"{place} met {quoted}") from error
    raise RuntimeError(f"{place} met {quoted}")


class Broken:
    """Something that fails whenever it is asked for anything that a House or an engine has."""

    def __init__(self, quoted: str) -> None:
        self._quoted = quoted

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_") or not (name in House.__dataclass_fields__ or hasattr(DuckDBEngine, name) or name == "lake"):
            raise AttributeError(name)
        fail(name, self._quoted)


class Faults:
    """Which step has failed at which place; `raise_once` fails there the first time."""

    def __init__(self, quoted: str) -> None:
        self.quoted = quoted
        self.steps: set[str] = set()
        self.selects: set[str] = set()
        self._seen: set[tuple[str, str]] = set()
        self._watched: set[str] = set()
        self._selects_failed: Counter[str] = Counter()

    def raise_once(self, step: str, place: str) -> None:
        """Fail in a step, once for each place, quoting the person, with a cause that quotes it too."""
        if self.is_first(step, place):
            fail(f"{place} of {step}", self.quoted)

    def is_first(self, step: str, place: str) -> bool:
        """Tell whether a step comes to a place for the first time, and remember that it did."""
        is_new = (step, place) not in self._seen
        self._seen.add((step, place))
        self.steps.add(step)
        return is_new

    def may_fail(self, step: str) -> bool:
        """Tell whether a step may fail at one more select, and enter that it does."""
        self.steps.add(step)
        self._selects_failed[step] += 1
        return self._selects_failed[step] <= SELECTS

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

    def __init__(self, home: Path, faults: Faults, step_of: Mapping[str, str]) -> None:
        super().__init__(home)
        self._faults = faults
        self._step_of = step_of

    def files(self, table: str, day: date | None = None) -> list[Path]:
        """Fail once where the last table to be published is asked for."""
        if table == "reported.promises" and day is None:
            self._faults.raise_once(self._step_of["warehouse"], "lake")
        return super().files(table, day)


class FaultyEngine(DuckDBEngine):
    """An engine with little memory; each select fails once with DuckDB's own words about a person."""

    def __init__(self, home: Path, memory: str) -> None:
        super().__init__(home)
        self._home = home
        self._faults: Faults | None = None
        self._step_of: Mapping[str, str] = {}
        super().connection().execute(f"set memory_limit = '{memory}'")

    def arm(self, faults: Faults, step_of: Mapping[str, str]) -> None:
        """Begin to fail."""
        self.lake = FaultyLake(self._home, faults, step_of)
        self._faults, self._step_of = faults, step_of

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Fail once when the report begins: only then is there a warehouse."""
        if self._faults and (self._home / "warehouse.duckdb").exists():
            self._faults.raise_once(self._step_of["report"], "connection")
        return super().connection()

    def build(self, table: Table, day: date | None = None) -> int:
        """Fail once in DuckDB, then build."""
        if self._faults and table.name not in self._faults.selects:
            self._fail(self._faults, table, day)
        return super().build(table, day)

    def _fail(self, faults: Faults, table: Table, day: date | None) -> None:
        faults.selects.add(table.name)
        select = f"select cast({quoted(faults.quoted)} as integer) as {table.columns[0].name}"
        try:
            super().build(replace(table, parts=(f"{select}, $day as day" if table.is_daily else select,)), day)
        except GlasshouseError as error:
            if faults.may_fail(self._step_of[table.name]):
                raise
            print(error, file=sys.stderr)  # noqa: T201 (what a console would be told)


def forgiving(whole: dg.Definitions) -> dg.Definitions:
    """Return the definitions with jobs that try a failed step again."""
    policy = dg.RetryPolicy(max_retries=RETRIES)
    jobs: list[Any] = [dg.define_asset_job(job.name, job.selection, executor_def=dg.in_process_executor, op_retry_policy=policy) for job in whole.jobs or ()]  # type: ignore[union-attr]
    return dg.Definitions(assets=whole.assets, jobs=jobs, resources=whole.resources)


def broken_runs(whole: dg.Definitions, instance: dg.DagsterInstance, suites: Suites, quoted: str) -> list[running.Outcome]:
    """Run each step of a whole run and of the purge by itself, with nothing in it that works: it fails for good."""
    given = {"house": Broken(quoted), "engine": Broken(quoted), "suites": suites}
    made = {asset.node_def.name: sorted(asset.keys) for asset in whole.assets or () if isinstance(asset, dg.AssetsDefinition)}
    of_jobs = {(node.name, job == DAYS) for job in (LANDING, DAYS, VERDICTS, PURGE) for node in whole.resolve_job_def(job).nodes}
    jobs = [dg.define_asset_job(f"only_{step}", dg.AssetSelection.assets(*made[step]), executor_def=dg.in_process_executor) for step, _ in of_jobs]
    alone = dg.Definitions(assets=whole.assets, jobs=jobs, resources=whole.resources)
    return [running.run(alone, instance, given, f"only_{step}", (BROKEN_DAY, BROKEN_DAY) if is_daily else None) for step, is_daily in sorted(of_jobs)]


def steps(whole: dg.Definitions) -> set[str]:
    """Return the steps of a whole run."""
    return {node.name for job in (LANDING, DAYS, VERDICTS) for node in whole.resolve_job_def(job).nodes}


def steps_of(whole: dg.Definitions) -> dict[str, str]:
    """Return the step that makes each table, and those of `warehouse` and `report`."""
    made_by = {made: asset.node_def.name for asset in whole.assets or () if isinstance(asset, dg.AssetsDefinition) for made in asset.keys}
    others = {name: made_by[dg.AssetKey(["house", name])] for name in ("warehouse", "report")}
    return {name: made_by[key(name)] for name in catalog.tables()} | others


def broken(faults: Faults) -> Watch:
    """Return a watch that fails each time: the run that it watches fails for good."""

    def watch(_step: str, _done: int, _total: int) -> None:
        raise RuntimeError(f"watching met {faults.quoted}")

    return watch
