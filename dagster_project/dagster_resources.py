"""A run's world, its engine and the process that judges, as Dagster is given them."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project import expect
from dagster_project.dagster_errors import told_outside
from dagster_project.engines import catalog
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.house import House, untold
from dagster_project.engines.intake.recovery import held
from dagster_project.errors import UsageError
from dagster_project.history import refuse_other_store
from dagster_project.resources import house_of_environment, now, redacted

PATIENCE_S = 3600  # how long a scheduled run waits for the one that holds HOME: a night must not be lost to a `seal` of seconds
LOOK_AGAIN_S = 0.5


@dg.resource(description="The run's world, from GLASSHOUSE_HOME and GLASSHOUSE_LANDING unless the command line gives it.")
@told_outside
def house(context: dg.InitResourceContext) -> Iterator[House]:
    """Yield the run's world, with exceptions redacted and HOME held while the run lasts; a sensor, which is no run, only looks."""
    with redacted(), ExitStack() as stack:
        given = house_of_environment()
        if context.run is not None:
            if context.instance:
                refuse_other_store(context.instance, given.home)
            _hold(stack, given.home, context.log.warning if context.log else untold)
            given = replace(given, as_of=now())  # what it waited for may have read more
        yield given


def _hold(stack: ExitStack, home: Path, tell: Callable[[str], object]) -> None:
    """Hold HOME as the command line does, once whoever holds it has ended, and tell that it waits; raises UsageError where that takes too long."""
    until, is_waiting = time.monotonic() + PATIENCE_S, False
    while True:
        try:
            stack.enter_context(held(home))
        except UsageError:
            if not is_waiting:
                tell(f"another run is at work in this HOME; this one waits for it, up to {PATIENCE_S // 60} minutes")
            is_waiting = True
            if time.monotonic() >= until:
                raise
            time.sleep(LOOK_AGAIN_S)
        else:
            return


@dg.resource(required_resource_keys={"house"}, description="DuckDB over the lake, one for each run.")
@told_outside
def engine(context: dg.InitResourceContext) -> Iterator[DuckDBEngine]:
    """Yield the run's engine and close it after the run."""
    opened = DuckDBEngine(context.resources.house.home)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def opened_suites(home: Path) -> Iterator[expect.Suites]:
    """Start the process that judges tables, and stop it at the end."""
    with expect.started() as worker:
        yield expect.Suites(home, catalog.root() / "expectations", worker)


@dg.resource(required_resource_keys={"house"}, description="Great Expectations in a process of its own, one for each run.")
@told_outside
def suites(context: dg.InitResourceContext) -> Iterator[expect.Suites]:
    """Yield the run's suites and stop their process after the run."""
    with opened_suites(context.resources.house.home) as opened:
        yield opened


RESOURCES: dict[str, Any] = {"house": house, "engine": engine, "suites": suites}
