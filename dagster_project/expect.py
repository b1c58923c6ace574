"""Great Expectations on DuckDB, in a worker of its own: suites of expectations/ become counts. Keep out: Dagster, and any value of a row.

Great Expectations does not support DuckDB yet: `_buffer` is the one repair. It takes 4 s to import and 0.1 s a suite, most of it
outside DuckDB, so a second process judges a table while the first goes on building the next.
"""

import functools
import json
import logging
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from dagster_project.engines import catalog
from dagster_project.engines.catalog import Table
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.errors import GlasshouseError

COUNTS_ONLY = {"result_format": "BASIC", "partial_unexpected_count": 0}
# Where observed_value is a count of rows; everywhere else it can be a value, and nobody looks at it.
COUNTED = {"unexpected_rows_expectation": "unexpected", "expect_table_row_count_to_be_between": "elements", "expect_table_row_count_to_equal": "elements"}


@dataclass(frozen=True)
class Outcome:
    """What became of one expectation, in counts; None where it counts nothing. `is_error`: it could not be evaluated."""

    index: int
    type: str
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

    def begin(self, table: str) -> None:
        """Have the suite of a table judged as the table lies there now; a table without a suite is none of ours."""
        if suite_path(self._folder, catalog.tables()[table]).is_file():
            self._begun[table] = self._worker.submit(outcomes, self._home, self._folder, table)

    def outcomes(self, table: str) -> list[Outcome]:
        """Return what became of each expectation of a table's suite, in its order."""
        if table not in self._begun:
            self.begin(table)
        return self._begun.pop(table).result()


@contextmanager
def opened(home: Path, folder: Path) -> Iterator[Suites]:
    """Start the worker, which imports while the run reads, and stop it at the end."""
    worker = ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"))
    worker.submit(_source, home)
    try:
        yield Suites(home, folder, worker)
    finally:
        worker.shutdown(cancel_futures=True)


def outcomes(home: Path, folder: Path, table: str) -> list[Outcome]:
    """Judge the suite of a table over the lake of a HOME.

    Raises GlasshouseError, without its cause, where Great Expectations itself fails.
    """
    schema, name = table.split(".")
    try:
        import great_expectations as gx

        listed = expectations(suite_path(folder, catalog.tables()[table]))
        _refresh(home)
        source = _source(home)
        asset = source.add_table_asset(table, table_name=name, schema_name=schema)
        batch = asset.add_batch_definition_whole_table("whole").get_batch()
        results = batch.validate(gx.ExpectationSuite(name=table, expectations=listed), result_format=COUNTS_ONLY)
        source.delete_asset(table)
    except GlasshouseError:
        raise
    except Exception as error:  # noqa: BLE001 (the library raises what it likes, and may quote values)
        raise GlasshouseError(f"expectations of {table}: {type(error).__name__} in Great Expectations; is each type and column right?") from None
    found = sorted((_outcome(result) for result in results.results), key=lambda outcome: outcome.index)
    if len(found) != len(listed):  # an unknown type has no result, and would pass by that
        missing = sorted(set(range(len(listed))) - {outcome.index for outcome in found})
        raise GlasshouseError(f"expectations of {table}: number {missing[0] + 1} has no result; is its type spelt right?")
    return found


def _outcome(result: Any) -> Outcome:
    config, counts = result.expectation_config, result.result
    observed = {COUNTED[config.type]: counts.get("observed_value")} if config.type in COUNTED else {}
    return Outcome(
        index=config.meta["index"],
        type=config.type,
        is_met=bool(result.success),
        is_error=bool(result.exception_info.get("raised_exception", True)),
        elements=_count(observed.get("elements", counts.get("element_count"))),
        unexpected=_count(observed.get("unexpected", counts.get("unexpected_count"))),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


@functools.cache
def _engine(home: Path) -> tuple[DuckDBEngine, set[str]]:
    """Return the worker's own engine, and the tables that had no file when it last looked."""
    engine = DuckDBEngine(home)
    return engine, {name for name in catalog.tables() if not engine.lake.files(name)}


def _refresh(home: Path) -> None:
    """Show the tables that have got their first file since; the others are views that read whatever lies there."""
    engine, empty = _engine(home)
    for name in [name for name in empty if engine.lake.files(name)]:
        engine.show(catalog.tables()[name])
        empty.discard(name)


@functools.cache
def _source(home: Path) -> Any:
    """Return one datasource over the worker's engine: context and engine cost more than a suite."""
    import great_expectations as gx
    from duckdb_sqlalchemy import ConnectionWrapper
    from sqlalchemy import event

    def cursor() -> ConnectionWrapper:
        twin = _engine(home)[0].connection().cursor()
        twin.execute("set TimeZone = 'UTC'")
        return ConnectionWrapper(twin)

    logging.getLogger("great_expectations").addHandler(logging.NullHandler())
    logging.getLogger("great_expectations").propagate = False
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    source = context.data_sources.add_sql("duckdb", connection_string="duckdb:///:memory:", kwargs={"creator": cursor})  # type: ignore[call-arg]
    event.listen(source.get_execution_engine().engine, "after_cursor_execute", _buffer)
    return source


def _buffer(_connection: Any, cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    """Read a result to its end at once: Great Expectations gives the connection back before it reads the cursor."""
    from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

    if cursor.description:
        context.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(cursor, initial_buffer=cursor.fetchall())
