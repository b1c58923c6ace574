"""Suites of expectations/ become counts, in a worker of its own. Keep out: Dagster, and any value of a row.

Great Expectations (judge.py) takes 1.5 s to import and 30 ms a suite, most of it outside DuckDB, so a second process judges a
table while the first goes on building the next.
"""

import atexit
import functools
import gc
import json
import logging
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import duckdb

from dagster_project.engines import catalog, connections
from dagster_project.engines.catalog import Table
from dagster_project.engines.lake import Lake
from dagster_project.errors import GlasshouseError
from dagster_project.paths import quoted

# Where observed_value is a count of rows; everywhere else it can be a value, and nobody looks at it.
COUNTED = {"unexpected_rows_expectation": "unexpected", "expect_table_row_count_to_be_between": "elements", "expect_table_row_count_to_equal": "elements"}
MEMORY_LIMIT = "500MB"  # of the worker: what the library asks is not asked again with more, as engines/memory.py does
# A second of imports for expectations on distributions, which would need values.
UNUSED = ("altair", "scipy.stats")


@dataclass(frozen=True)
class Outcome:
    """What became of one expectation, in counts; None where it counts nothing, or all of its suite is met.

    `rule`: what it asks in words, where its `meta` says it. `is_error`: it could not be evaluated.
    """

    index: int
    type: str
    rule: str | None
    is_met: bool
    is_error: bool
    elements: int | None
    unexpected: int | None


def suite_path(folder: Path, table: Table) -> Path:
    """Return where the suite of a table lies: the path of its SQL below another root."""
    schema, name = table.name.split(".")
    return folder / f"{table.layer}_{schema}" / f"{name}.json"


def expectations(path: Path) -> list[dict[str, Any]]:
    """Return the expectations of a suite, each knowing its place: results come back in another order."""
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))["expectations"]
        return [{**expectation, "meta": {**expectation.get("meta", {}), "index": index}} for index, expectation in enumerate(listed)]
    except (OSError, ValueError, KeyError, TypeError):
        raise GlasshouseError(f"expectations/{path.parent.name}/{path.name}: write an object with a list of `expectations`") from None


class Suites:
    """The suites of one run: `begin` when a table is built, `outcomes` when they are needed."""

    def __init__(self, home: Path, folder: Path, worker: ProcessPoolExecutor) -> None:
        self._home = home
        self._folder = folder
        self._worker = worker
        self._begun: dict[str, Future[list[Outcome]]] = {}

    def begin(self, name: str) -> None:
        """Have the suite of a table judged as the table lies there now; a table without a suite is none of ours."""
        table = catalog.tables()[name]
        path = suite_path(self._folder, table)
        if path.is_file():
            self._begun[name] = self._worker.submit(outcomes, self._home, path, table)

    def outcomes(self, name: str) -> list[Outcome]:
        """Return what became of each expectation of a table's suite, in its order; none where it has no suite."""
        if name not in self._begun:
            self.begin(name)
        begun = self._begun.pop(name, None)
        return begun.result() if begun else []


@contextmanager
def started() -> Iterator[ProcessPoolExecutor]:
    """Start the worker, which imports while the run does so itself and reads, and stop it at the end."""
    worker = ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"), initializer=_bound)
    worker.submit(_judge)
    try:
        yield worker
    finally:
        worker.shutdown(cancel_futures=True)


@contextmanager
def importing() -> Iterator[None]:
    """Look for no garbage while modules are imported: they make hundreds of thousands of objects, and these stay."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
    if not gc.get_freeze_count():  # else nothing of this size is imported any more
        gc.freeze()


def _bound() -> None:
    """Leave Ctrl-C to the run, which stops this process itself, and end with a run that was killed: nobody else would ever stop it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_the_run, daemon=True).start()


def _end_with_the_run() -> None:
    if run := parent_process():
        run.join()
        os._exit(1)


def outcomes(home: Path, path: Path, table: Table) -> list[Outcome]:
    """Judge a suite over the files of its table in a HOME; only in the worker.

    Raises GlasshouseError, without its cause, where Great Expectations itself fails.
    """
    listed = expectations(path)
    try:
        connection = _connection(home)
        _show(table, home, connection)
        results = _judge().results(connection, table.name, listed)
    except Exception as error:  # noqa: BLE001 (the library raises what it likes, and may quote values)
        raise GlasshouseError(f"expectations of {table.name}: {type(error).__name__} in Great Expectations; is each type and column right?") from None
    found = sorted((_outcome(result) for result in results), key=lambda outcome: outcome.index)
    if len(found) != len(listed):  # an unknown type has no result, and would pass by that
        missing = sorted(set(range(len(listed))) - {outcome.index for outcome in found})
        raise GlasshouseError(f"expectations of {table.name}: number {missing[0] + 1} has no result; is its type spelt right?")
    return found


def _outcome(result: Any) -> Outcome:
    config, counts = result.expectation_config, result.result
    observed = {COUNTED[config.type]: counts.get("observed_value")} if config.type in COUNTED else {}
    return Outcome(
        index=config.meta["index"],
        type=config.type,
        rule=config.meta.get("rule"),
        is_met=bool(result.success),
        is_error=bool(result.exception_info.get("raised_exception", True)),
        elements=_count(observed.get("elements", counts.get("element_count"))),
        unexpected=_count(observed.get("unexpected", counts.get("unexpected_count"))),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


@functools.cache
def _judge() -> Any:
    """Import Great Expectations in half its time, keep it silent (it logs errors with their values), and let the worker end without tidying up."""
    logging.getLogger("great_expectations").addHandler(logging.NullHandler())
    logging.getLogger("great_expectations").propagate = False
    for name in UNUSED:
        sys.modules.setdefault(name, ModuleType(name))
    with importing():
        from dagster_project import judge

    atexit.register(os._exit, 0)
    return judge


@functools.lru_cache(maxsize=1)  # the next HOME's takes the place of the last one's
def _connection(home: Path) -> duckdb.DuckDBPyConnection:
    """Return the worker's own connection."""
    connection = connections.connect(home / "spill", MEMORY_LIMIT)
    spilled = connection.execute("select current_setting('temp_directory')").fetchall()[0][0]
    atexit.register(shutil.rmtree, spilled, ignore_errors=True)  # the worker ends without DuckDB's own tidying up
    return connection


def _show(table: Table, home: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Make a view of a table's files with the columns they really have; without files it has the table's columns and no row."""
    lake = Lake(home)
    files = quoted(lake.folder(table.name) / "**" / "[!.]*.parquet")
    columns = ", ".join(f'null::{column.type} as "{column.name}"' for column in table.columns)
    rows = f"from read_parquet({files}, hive_partitioning = false)" if lake.has_files(table.name) else f"select {columns} limit 0"
    connection.execute(f"create schema if not exists {table.schema}")
    connection.execute(f"create or replace view {table.name} as {rows}")
