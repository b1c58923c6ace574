"""Days: a late line touches its own day alone, and a sealed day keeps its visitors and holds no token."""

import sys
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pyarrow.parquet as pq
import pytest

from dagster_project.engines import catalog, sealing
from dagster_project.engines.duckdb_engine import DuckDBEngine

World = Any
Line = Callable[..., str]
MEASURED = "measured.account_requests_daily"
LATER = datetime(2026, 3, 10, tzinfo=UTC)


def _state(world: World) -> dict[str, tuple[int, int]]:
    """Return which file of each measured day is there, and since when."""
    return {str(path.relative_to(world.home)): (path.stat().st_ino, path.stat().st_mtime_ns) for path in (world.home / "lake/measured").rglob("*.parquet")}


def test_a_late_line_rebuilds_its_day_and_no_other(world: World, line: Line) -> None:
    """A year of days must not be measured again because one line came late."""
    for day in (1, 2):
        world.put(f"web_logs/{day}.log", "".join(line(number, day) for number in range(10)))
    world.run()
    before = _state(world)
    world.run()
    assert _state(world) == before
    world.put("web_logs/late.log", line(99, 1))
    world.run()
    changed = {name for name, state in _state(world).items() if before.get(name) != state}
    assert changed
    assert all("day=2026-03-01" in name for name in changed)


def test_a_line_for_a_sealed_day_counts_without_a_visitor(world: World, line: Line) -> None:
    """Its key is gone: the line adds to hits and to late_unlinked, and the published visitors stay."""
    world.put("web_logs/a.log", "".join(line(number, 1) for number in range(30)))
    world.run(LATER)
    visitors = world.rows("measured.visitors_daily")
    assert visitors
    world.put("web_logs/late.log", line(99, 1, address="198.51.100.9"))
    world.run(LATER)
    assert world.rows("measured.visitors_daily") == visitors
    assert [row["line_number"] for row in world.rows("scrubbed.requests") if row["is_late"]] == [1]
    assert not world.rows("scrubbed.visits")
    assert [(row["requests"], row["late_unlinked"]) for row in world.rows(MEASURED)] == [(31, 1)]


def test_visitors_are_those_that_can_be_counted_by_hand(world: World, line: Line) -> None:
    """The one number made of tokens must be exact, since nobody can count again."""
    expected: dict[date, set[str]] = defaultdict(set)
    for day in (1, 2):
        lines = []
        for number in range(200):
            address = f"198.51.100.{number * number % (40 + day)}"
            lines.append(line(number, day, address))
            expected[date(2026, 3, day)].add(address)
        world.put(f"web_logs/{day}.log", "".join(lines[:120]))
        world.put(f"web_logs/{day}-more.log", "".join(lines[100:]).replace("Mar/2026:00", "Mar/2026:01"))
    world.run(LATER)
    found = {row["day"]: row["visitor_days"] for row in world.rows("measured.visitors_daily") if row["breakdown"] == "account"}
    assert found == {day: len(addresses) for day, addresses in expected.items()}


def test_a_day_past_its_time_is_sealed_in_the_run_that_reads_it(world: World, line: Line) -> None:
    """An old log must leave no token behind, in no file, and its key nowhere."""
    world.put("web_logs/old.log", "".join(line(number, 1) for number in range(30)))
    world.run(LATER)
    assert not world.rows("scrubbed.visits")
    assert [(row["destroyed_at"], row["rows_tokenised"]) for row in world.rows("ledger.keys")] == [(LATER, 30)]
    assert not list(world.keys.glob("*.key"))


def test_sealing_leaves_no_byte_of_a_token(world: World, line: Line) -> None:
    """Tokens of a day that is over are gone from every file below HOME, and its key from the key directory."""
    world.put("web_logs/a.log", "".join(line(number, 2) for number in range(30)))
    world.run()
    tokens = {(row["visitor_high"], row["visitor_low"]) for row in world.rows("scrubbed.visits")}
    assert len(tokens) == 30
    assert _holding(world, tokens)
    assert len(list(world.keys.glob("*.key"))) == 1
    world.run(LATER)
    assert not _holding(world, tokens)
    assert not list(world.keys.glob("*.key"))
    assert [row["rows_tokenised"] for row in world.rows("ledger.keys")] == [30]


def _holding(world: World, tokens: set[tuple[int, int]]) -> list[str]:
    """Return the files that hold half a token, in their bytes or in a cell of a table."""
    found = []
    forms = {form for token in tokens for half in token for form in (half.to_bytes(8, sys.byteorder, signed=True), str(half).encode())}
    for path in (path for path in world.home.rglob("*") if path.is_file()):
        cells = repr(pq.read_table(path, partitioning=None).to_pylist()).encode() if path.suffix == ".parquet" else b""
        body = path.read_bytes()
        if any(form in body or form in cells for form in forms):
            found.append(path.name)
    return found


@pytest.mark.parametrize("stop", ["counted", "half removed"])
def test_a_seal_that_was_killed_is_finished_with_the_same_count(stop: str, world: World, line: Line) -> None:
    """A day is counted once: what is left of its tokens after a kill would count too few."""
    world.put("web_logs/a.log", "".join(line(number, 2) for number in range(30)))
    world.put("web_logs/b.log", "".join(line(number, 2) for number in range(30, 60)))
    world.run()
    engine = DuckDBEngine(world.home)
    engine.build(catalog.tables()["measured.visitors_daily"], date(2026, 3, 2))
    if stop == "half removed":
        engine.lake.files(sealing.VISITS)[0].unlink()
    engine.close()
    counted = world.rows("measured.visitors_daily")
    world.run(LATER)
    assert world.rows("measured.visitors_daily") == counted
    assert not world.rows("scrubbed.visits")
    assert [(row["destroyed_at"], row["rows_tokenised"]) for row in world.rows("ledger.keys")] == [(LATER, 60)]
