"""Faults on purpose: each place fails once with a text that quotes a person, and then does its work."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dagster_project import definitions, expect, running
from dagster_project.engines import catalog
from dagster_project.errors import GlasshouseError
from dagster_project.history import dagster_instance
from dagster_project.proving.faults import SELECTS, Faults, FaultyEngine, broken_runs, forgiving, steps, steps_of

QUOTED = "jane.doeringer@example.com"


def test_each_place_of_each_step_fails_once() -> None:
    """A fault that came again would stop the run; one that never came would prove nothing."""
    faults = Faults(QUOTED)
    for step, place in (("a", "x"), ("a", "y"), ("b", "x")):
        with pytest.raises(RuntimeError, match=QUOTED) as raised:
            faults.raise_once(step, place)
        assert QUOTED in str(raised.value.__cause__)
        faults.raise_once(step, place)
    assert faults.steps == {"a", "b"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FaultyEngine]:
    """Give an engine over an empty lake."""
    opened = FaultyEngine(tmp_path, "200MB")
    yield opened
    opened.close()


def test_a_select_fails_in_duckdb_and_is_then_built(engine: FaultyEngine) -> None:
    """DuckDB's own words quote the person; the engine's error must not."""
    faults, table = Faults(QUOTED), catalog.tables()["reported.capacity"]
    engine.arm(faults, {table.name: "verdicts"})
    with pytest.raises(GlasshouseError) as raised:
        engine.build(table)
    assert QUOTED not in str(raised.value)
    assert "ConversionException" in str(raised.value)
    assert raised.value.__suppress_context__
    assert engine.build(table) == 0
    assert (faults.steps, faults.selects) == ({"verdicts"}, {"reported.capacity"})
    assert engine.connection().sql("select current_setting('memory_limit')").fetchall() == [("190.7 MiB",)]


def test_a_step_of_many_tables_fails_at_some_and_tells_of_all(engine: FaultyEngine, capsys: pytest.CaptureFixture[str]) -> None:
    """Each failure builds the tables of a step again: sixty of them would take minutes and show nothing more."""
    faults = Faults(QUOTED)
    tables = [table for table in catalog.tables().values() if table.kind == "select" and not table.is_daily and not table.reads][: SELECTS + 2]
    tables += [table for table in catalog.tables().values() if table.kind == "select" and not table.is_daily and table not in tables][: SELECTS + 2 - len(tables)]
    engine.arm(faults, {table.name: "all" for table in tables})
    failed = 0
    for table in tables:
        try:
            engine.build(table)
        except GlasshouseError:
            failed += 1
    assert (failed, len(faults.selects)) == (SELECTS, SELECTS + 2)
    told = capsys.readouterr().err
    assert told.count("ConversionException") == 2
    assert QUOTED not in told


def test_an_engine_that_is_not_armed_does_its_work(engine: FaultyEngine) -> None:
    """The run without faults has little memory too."""
    assert engine.build(catalog.tables()["reported.capacity"]) == 0


def test_every_step_meets_a_fault_in_its_midst() -> None:
    """A step that nothing makes fail tells nothing of what its failure would show."""
    whole = definitions.assembled()
    of, tables = steps_of(whole), catalog.tables().values()
    judged = {of[table.name] for table in tables if expect.suite_path(definitions.EXPECTATIONS, table).is_file()}
    selects = {of[table.name] for table in tables if table.kind == "select"}
    assert steps(whole) <= judged | selects | {of["warehouse"], of["report"]}


def test_every_step_fails_for_good_and_no_word_of_it_is_kept(tmp_path: Path) -> None:
    """A step that is not tried again is told otherwise than one that is: by an event of its own, on the console and in the history."""
    whole = definitions.assembled()
    with expect.started() as worker, dagster_instance(tmp_path) as instance:
        outcomes = broken_runs(whole, instance, expect.Suites(tmp_path, definitions.EXPECTATIONS, worker), QUOTED)
    assert {step for outcome in outcomes for step in outcome.failed_steps} == {*steps(whole), "purge"}
    assert not any(outcome.is_success for outcome in outcomes)
    told = running.complaints(outcomes)
    assert len(told) == len(outcomes)
    assert QUOTED not in str(told)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and QUOTED.encode() in path.read_bytes()]


def test_every_step_of_a_run_is_known_and_may_try_again() -> None:
    """A step that is left out of the count would never be missed."""
    whole = definitions.assembled()
    assert set(steps_of(whole)) == {*catalog.tables(), "warehouse", "report"}
    assert steps(whole) <= set(steps_of(whole).values())
    assert steps(forgiving(whole)) == steps(whole)
