"""Faults on purpose: each place fails once with a text that quotes a person, and then does its work."""

from pathlib import Path

import pytest

from dagster_project import definitions
from dagster_project.engines import catalog
from dagster_project.errors import GlasshouseError
from dagster_project.proving.faults import Faults, FaultyEngine, forgiving, steps, steps_of

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


def test_a_select_fails_in_duckdb_and_is_then_built(tmp_path: Path) -> None:
    """DuckDB's own words quote the person; the engine's error must not."""
    engine = FaultyEngine(tmp_path, Faults(QUOTED), "200MB")
    table = catalog.tables()["reported.capacity"]
    try:
        with pytest.raises(GlasshouseError) as raised:
            engine.build(table)
        assert QUOTED not in str(raised.value)
        assert "ConversionException" in str(raised.value)
        assert raised.value.__suppress_context__
        assert engine.build(table) == 0
        assert engine.connection().sql("select current_setting('memory_limit')").fetchall() == [("190.7 MiB",)]
    finally:
        engine.close()


def test_every_step_of_a_run_is_known_and_may_try_again() -> None:
    """A step that is left out of the count would never be missed."""
    whole = definitions.assembled()
    known = set(steps(whole).values())
    assert set(steps_of(whole)) == set(catalog.tables())
    forgiven = forgiving(whole)
    jobs = [forgiven.resolve_job_def(name) for name in ("landing", "days", "verdicts")]
    assert {node.name for job in jobs for node in job.nodes} == known
