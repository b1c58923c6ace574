"""A run that is killed at any instant leaves nothing half-visible, and the next run ends where an undisturbed one does."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dagster_project.engines import catalog
from dagster_project.engines.intake.recovery import held
from dagster_project.errors import UsageError

World = Any
Line = Callable[..., str]
AS_OF = datetime(2026, 3, 3, 12, tzinfo=UTC)
DRIVE = Path(__file__).with_name("drive.py")
KILLED = 9
INSTANTS = (1, 20, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40)


def _prepared(world: World, line: Line, event: Callable[[int], str], *, is_second: bool = False) -> World:
    """Fill a landing folder: a day past its time, a day that still takes visitors, events, a line that is refused."""
    late = range(60, 90) if is_second else range(60)
    name = "b" if is_second else "a"
    for day in (1, 2, 3):
        world.put(f"web_logs/{name}{day}.log", "".join(line(number, day) for number in late) + "broken\n")
    world.put(f"access_events/{name}.jsonl", "".join(map(event, late)))
    world.put("staff/staff.csv", "staff_id\nada\n")
    return world


def _drive(world: World, move: int, *more: str) -> int:
    """Return the exit status of a run that ends at a move of a file."""
    environment = {**os.environ, "PYTHONPATH": str(catalog.root())}
    return subprocess.run([sys.executable, str(DRIVE), str(world.home.parent), str(move), *more], env=environment, check=False, capture_output=True).returncode


@pytest.mark.parametrize("move", INSTANTS)
def test_a_killed_run_is_finished_by_the_next(move: int, worlds: Callable[[str], World], line: Line, event: Callable[[int], str]) -> None:
    """Power fails when it will: no line may count twice, none be lost, and no visitor either."""
    undisturbed, killed = (_prepared(worlds(name), line, event) for name in ("undisturbed", "killed"))
    undisturbed.run(AS_OF)
    assert _drive(killed, move, "behind") in (KILLED, 0)
    killed.run(AS_OF)
    assert killed.content() == undisturbed.content()
    assert not list(killed.home.rglob(".*.parquet.*"))
