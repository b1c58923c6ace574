"""A seal or a purge that stops before any of its operations on files is finished by the next run, with the numbers of an undisturbed one."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest

from dagster_project.engines.duckdb_engine import VISITORS, DuckDBEngine
from dagster_project.publishing.purge import purge
from tests.engines.conftest import World as MadeWorld
from tests.engines.stopping import stop
from tests.sampling import sampled

World = Any
Line = Callable[..., str]
DAY = date(2026, 3, 2)
LATER = datetime(2026, 3, 10, tzinfo=UTC)
PAST = LATER + timedelta(days=8)
MEASURED = "measured.account_requests_daily"
# Each operation is stopped in one way in CI, in the other by `make test-slow`.
WAYS = sampled([("killed", 1), ("failed", 2), ("killed", 2), ("failed", 1)], lambda place: place < 2)


@dataclass(frozen=True)
class Stopping:
    """A world to be worked on, and the processes that stop in the middle."""

    processes: ForkServerContext
    root: Path
    as_of: datetime
    work: str

    def copies(self, way: str, first: int) -> Iterator[World]:
        """Yield a copy of the world for every other operation from the first, stopped before it."""
        assert self._stopped("whole", way, 0) == 0
        operations = int((self.root.parent / "whole.operations").read_text())
        assert operations > 3
        for at in range(first, operations + 1, 2):
            assert self._stopped(f"{way}-{at}", way, at) == (-9 if way == "killed" else 1), at
            yield MadeWorld(self.root.parent / f"{way}-{at}")

    def _stopped(self, name: str, way: str, at: int) -> int | None:
        root = Path(shutil.copytree(self.root, self.root.parent / name))
        process = self.processes.Process(target=stop, args=(root, self.as_of, self.work, way, at))
        process.start()
        process.join(120)
        return process.exitcode


def delivered(world: World, line: Line) -> None:
    """Read a day in two runs, so that it has two files, while its key lives."""
    for name, numbers in (("a", range(20)), ("b", range(15, 40))):
        world.put(f"web_logs/{name}.log", "".join(line(number, 2) for number in numbers) + "broken\n")
        world.run()


def counts(world: World) -> dict[str, Any]:
    """Return what must not depend on where the work stopped."""
    return {
        "visitors": sorted(map(repr, world.rows(VISITORS))),
        "measured": [(row["day"], row["requests"], row["visitor_days"], row["late_unlinked"]) for row in world.rows(MEASURED)],
        "keys": [(row["day"], row["destroyed_at"] is not None, row["rows_tokenised"]) for row in world.rows("ledger.keys")],
        "tokens": world.rows("scrubbed.visits"),
        "key files": [path.name for path in world.keys.iterdir()],
        "purges": sorted((row["table_name"], str(row["day"]), row["rows"], row["is_refused"]) for row in world.rows("ledger.purges")),
        "half files": [path.name for path in world.home.rglob(".*.parquet.*")],
    }


@pytest.mark.parametrize(("way", "first"), WAYS)
def test_a_seal_that_stopped_anywhere_is_finished_with_the_same_numbers(way: str, first: int, world: World, line: Line, processes: ForkServerContext) -> None:
    """Visitors are counted once and from all tokens, or never: neither a kill nor a full disk may change the number that is published."""
    delivered(world, line)
    for stopped in Stopping(processes, world.home.parent, LATER, "seal").copies(way, first):
        stopped.put("web_logs/late.log", line(99, 2, address="198.51.100.9"))  # it must not be counted, wherever the seal stopped
        stopped.run(LATER)
        found = counts(stopped)
        assert found["measured"] == [(DAY, 46, 40, 1)]
        assert found["keys"] == [(DAY, True, 45)]
        assert (found["tokens"], found["key files"], found["half files"]) == ([], [], [])
        assert len([row for row in found["visitors"] if "'breakdown': 'account'" in row and "'visitor_days': 40" in row]) == 1


@pytest.mark.parametrize(("way", "first"), WAYS)
def test_a_purge_that_stopped_anywhere_is_finished_and_entered_once(way: str, first: int, world: World, line: Line, processes: ForkServerContext) -> None:
    """The books of a run and the ledger of purges must hold, whether the next thing is a run or a purge."""
    delivered(world, line)
    world.run(LATER)
    for stopped in Stopping(processes, world.home.parent, PAST, "purge").copies(way, first):
        stopped.run(PAST)
        with closing(DuckDBEngine(stopped.home)) as engine:
            purge(stopped.house(PAST), engine)
        found = counts(stopped)
        assert not stopped.rows("scrubbed.requests")
        assert found["measured"] == [(DAY, 45, 40, 0)]
        assert found["purges"] == [("scrubbed.requests", str(DAY), 20, False), ("scrubbed.requests", str(DAY), 25, False)]
        assert found["half files"] == []
