"""The benchmarks are run by hand, so what they use may move away unseen."""

from importlib import import_module
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
OTHERS = {"chdb_job"}  # needs chDB, which is no dependency


@pytest.mark.parametrize("name", sorted({path.stem for path in BENCHMARKS.glob("[!_]*.py")} - OTHERS))
def test_a_benchmark_finds_what_it_measures(name: str) -> None:
    """A name that was moved must be noticed before somebody wants to measure."""
    assert import_module(f"benchmarks.{name}").__doc__
