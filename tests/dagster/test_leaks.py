"""What is kept of a run that fails: no value of a row, in any file below HOME, on the console or in the log."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from dagster._core.events import JobFailureData, StepFailureData

from dagster_project import automation, history, running
from dagster_project.dagster_errors import told
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.errors import GlasshouseError
from dagster_project.sql_assets import key
from tests.dagster.made import SOURCE, World

SECRET = "jane.doe-7f3a9@example.com"
DAY = date(2026, 3, 1)


def failing(kind: str, wrapped: Callable[[Any], Any] = told) -> dg.AssetsDefinition:
    """Return a landing asset that fails in a way that quotes the secret."""

    @dg.multi_asset(name="failing", specs=[dg.AssetSpec(key(name)) for name in (SOURCE, "scrubbed.grants", "scrubbed.run")])
    @wrapped
    def fails(engine: dg.ResourceParam[DuckDBEngine]) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
        if kind == "raised":
            raise ValueError(f"cannot read {SECRET}")
        if kind == "chained":
            try:
                engine.connection().execute(f"select cast('{SECRET}' as integer)")
            except duckdb.Error as error:
                raise RuntimeError(f"while reading {SECRET}") from error
        if kind == "duckdb":
            engine.connection().execute(f"select cast(account_id as integer) from {SOURCE}").fetchall()
        if kind == "noted":
            error = GlasshouseError("web_logs/a.log: refused")
            error.add_note(SECRET)
            raise error
        assert kind == SECRET
        yield dg.MaterializeResult(asset_key=key(SOURCE))

    return fails


def shown(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """Return what the page shows of the failures of a run."""
    data = [event.dagster_event.event_specific_data for event in instance.all_logs(run_id) if event.dagster_event and event.dagster_event.is_failure]
    return [str(each.error) for each in data if isinstance(each, StepFailureData | JobFailureData)]


def cells(path: Path) -> str:
    """Return every value of every table of an SQLite file."""
    with sqlite3.connect(path) as connection:
        names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        return "\n".join(str(row) for name in names for row in connection.execute(f'select * from "{name}"'))


def places_of(secret: str, folder: Path) -> list[str]:
    """Return the files below a folder that hold the secret, as bytes or as a value of SQLite; the lake holds it on purpose."""
    files = [path for path in folder.rglob("*") if path.is_file() and "lake" not in path.relative_to(folder).parts]
    found = [path.name for path in files if secret.encode() in path.read_bytes()]
    return found + [path.name for path in files if path.read_bytes().startswith(b"SQLite format 3") and secret in cells(path)]


@pytest.mark.parametrize("wrapped", [told, lambda step: step], ids=["told", "masked"])
@pytest.mark.parametrize("kind", ["raised", "chained", "duckdb", "noted", "asserted"])
def test_an_exception_that_quotes_a_value_leaves_no_trace_of_it(
    world: World, kind: str, wrapped: Callable[[Any], Any], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Dagster keeps the text of an exception in three databases and prints it: that would be the address of a customer's person."""
    world.land(DAY, account_id=SECRET)
    world.landing_assets = [failing(kind, wrapped)]
    outcome = world.run(automation.LANDING)
    assert not outcome.is_success
    assert places_of(SECRET, world.house.home) == []
    assert (world.house.home / "dagster" / "history" / "runs" / f"{outcome.run_id}.db").is_file()
    printed = capfd.readouterr()
    assert SECRET not in printed.out + printed.err + caplog.text + str(outcome) + " ".join(running.complaints([outcome]))


@pytest.mark.parametrize(
    ("kind", "told"),
    [("raised", "a fault of ours in failing: ValueError at no place of ours; please report it"), ("noted", "web_logs/a.log: refused")],
)
def test_an_error_still_tells_what_to_do(world: World, kind: str, told: str) -> None:
    """Redaction must not leave the operator with nothing: our own words come through, of others' the type and the place."""
    world.landing_assets = [failing(kind)]
    assert running.complaints([world.run(automation.LANDING)]) == (told,)


@pytest.mark.parametrize(
    ("kind", "told"),
    [("raised", "a fault of ours: ValueError at no place of ours; please report it"), ("noted", "web_logs/a.log: refused"), ("duckdb", "a fault of ours: ConversionException at")],
)
def test_the_page_tells_what_to_do(world: World, kind: str, told: str) -> None:
    """The page is all that a scheduled run has: an id to search for in logs, where nothing is, helps nobody."""
    world.land(DAY, account_id=SECRET)
    world.landing_assets = [failing(kind)]
    outcome = world.run(automation.LANDING)
    with history.dagster_instance(world.house.home) as instance:
        errors = shown(instance, outcome.run_id)
    assert len(errors) == 2  # of the step and of the run
    assert all(told in error and "masked" not in error for error in errors)


def test_the_page_tells_why_a_run_could_not_begin(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A landing folder that is gone in the night is found out in the morning, from the run's failure."""
    monkeypatch.setenv("GLASSHOUSE_HOME", str(world.house.home))
    monkeypatch.setenv("GLASSHOUSE_LANDING", str(world.house.home / "gone"))
    with history.dagster_instance(world.house.home) as instance:
        ran = world.definitions().resolve_job_def(automation.LANDING).execute_in_process(running.QUIET, instance, raise_on_error=False)
        errors = shown(instance, ran.run_id)
    assert not ran.success
    assert errors
    assert all("LANDING is no folder; name the folder that holds web_logs/" in error and "masked" not in error for error in errors)


def test_a_failed_check_leaves_no_value(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    """The values that break a suite are just those that must not be copied into Dagster's store."""
    world.land(DAY, account_id=SECRET)
    suite: list[dict[str, Any]] = [
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "account_id", "value_set": ["acme"]}},
        {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "account_id"}},
        {"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": "select cast(account_id as integer) from {batch}"}},
    ]
    world.suite(SOURCE, *suite)
    outcome = world.run(automation.LANDING)
    assert list(outcome.failed_checks) == [SOURCE]
    assert places_of(SECRET, world.house.home) == []
    printed = capfd.readouterr()
    assert SECRET not in printed.out + printed.err + str(outcome)


def test_the_search_finds_what_is_there(world: World) -> None:
    """A search that finds nothing proves something only if it would have found it."""
    with sqlite3.connect(world.house.home / "kept.db") as connection:
        connection.execute("create table kept (words varchar)")
        connection.execute("insert into kept values (?)", [SECRET])
    (world.house.home / "kept.txt").write_text(f"said {SECRET}.")
    assert sorted(places_of(SECRET, world.house.home)) == ["kept.db", "kept.db", "kept.txt"]


def test_the_store_says_no_compute_logs_and_no_telemetry(world: World) -> None:
    """What steps print goes to files, and Dagster reports home, unless dagster.yaml says otherwise."""
    world.run(automation.LANDING)
    written = (world.house.home / "dagster" / "dagster.yaml").read_text()
    assert "NoOpComputeLogManager" in written
    assert "enabled: false" in written
    assert list((world.house.home / "dagster").rglob("compute_logs")) == []
    assert list((world.house.home / "dagster").rglob(".telemetry")) == []
