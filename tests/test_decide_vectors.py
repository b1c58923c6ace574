"""The engine against worked cases of the rules (docs/verdicts.md)."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from dagster_project.engines.decide import decide
from dagster_project.settings import Settings
from tests.worlds import world_of, write_landing

VECTORS = [json.loads(line) for line in (Path(__file__).parent / "vectors" / "decisions.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_engine_agrees_with_each_worked_case(vector: dict[str, Any], tmp_path: Path) -> None:
    """The cases are how the rules were agreed on: an engine that differs from one of them judges by other rules."""
    made, as_of = world_of(vector)
    write_landing(made, tmp_path, Random(0))
    rows = decide(tmp_path, as_of, Settings()).to_pylist()
    assert [(row["outcome"], row["code"]) for row in rows] == [tuple(vector["expect"])], vector["desc"]
