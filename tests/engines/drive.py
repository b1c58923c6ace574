"""Does one run of the landing job in a process that ends itself, as if killed, just before a file of the lake is moved into place or a folder of it removed."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.engines.intake import steps
from dagster_project.settings import Settings

KILLED = 9


def drive(root: Path, target: str, count: int, should_rebuild: bool) -> None:
    """Run until something whose path below the lake begins with `target` is to be moved into place or removed: the `count`th time."""
    changes = 0
    place = {"os.rename": 1, "shutil.rmtree": 0}

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal changes
        if event in place and str(arguments[place[event]]).startswith(f"{root}/home/lake/{target}"):
            changes += 1
            if changes == count:
                os._exit(KILLED)

    sys.addaudithook(watch)
    house = House(root / "home", root / "landing", Settings(), root, datetime(2026, 3, 3, 12, tzinfo=UTC), root / "keys", b"k" * 32, should_rebuild)
    engine = DuckDBEngine(house.home)
    steps.take_ledgers(house)
    steps.take_requests(house, engine)
    steps.take_accesses(house)
    steps.seal_due(house, engine)
    steps.close_books(house, engine)
