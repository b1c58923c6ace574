"""Does one run of the landing job in a process of its own, which ends itself, as if killed, at the n-th move of a file into place."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.engines.intake import steps
from dagster_project.settings import Settings


def main(root: Path, last_move: int, *, is_before: bool, should_rebuild: bool) -> None:
    """Run until so many files were written: `is_before` ends before the last of them is moved into place, else right behind it."""
    moves = 0

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal moves
        if event == "os.rename" and str(arguments[0]).startswith(str(root)):
            if moves == last_move - (1 if is_before else 0):
                os._exit(9)
            moves += 1

    sys.addaudithook(count)
    house = House(root / "home", root / "landing", Settings(), root, datetime(2026, 3, 3, 12, tzinfo=UTC), root / "keys", b"k" * 32, should_rebuild)
    engine = DuckDBEngine(house.home)
    steps.take_ledgers(house)
    steps.take_requests(house, engine)
    steps.take_accesses(house)
    steps.seal_due(house, engine)
    steps.close_books(house, engine)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), is_before=sys.argv[3] == "before", should_rebuild=sys.argv[4:] == ["rebuild"])
