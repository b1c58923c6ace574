"""A run that is killed at any instant leaves nothing half-visible, and the next run ends where an undisturbed one does."""

from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest

from dagster_project.engines.intake.recovery import held
from dagster_project.errors import UsageError
from tests.engines.conftest import World as MadeWorld
from tests.engines.drive import KILLED, drive
from tests.sampling import sampled

World = Any
Line = Callable[..., str]
AS_OF = datetime(2026, 3, 3, 12, tzinfo=UTC)
Kill = Callable[..., None]
INSTANTS = [
    ("ledger/inputs/ledgers-current", 1),
    ("scrubbed/requests/day=2026-03-02", 1),
    ("scrubbed/routes", 1),
    ("ledger/keys", 2),  # the rows are written, the inputs do not count yet
    ("ledger/quarantine/requests", 1),
    ("ledger/inputs/requests-", 2),
    ("scrubbed/access_events", 1),
    ("ledger/inputs/accesses-", 2),
    ("measured/visitors_daily", 1),
    ("scrubbed/visits/day=2026-03-01", 2),  # visitors are counted, tokens still there
    ("ledger/keys", 3),  # the key is destroyed, which no ledger says yet
    ("ledger/runs", 1),
]


def _put(world: World, line: Line, event: Callable[[int], str], name: str, numbers: range) -> None:
    """Deliver a day past its time, days that still take visitors, events, and lines that are refused."""
    for day in (1, 2, 3):
        world.put(f"web_logs/{name}{day}.log", "".join(line(number, day) for number in numbers) + "broken\n")
    world.put(f"access_events/{name}.jsonl", "".join(map(event, numbers)))
    world.put("staff/staff.csv", "staff_id\nada\n")


@pytest.fixture
def kill(processes: ForkServerContext) -> Kill:
    """Give what runs a world in a process of its own and kills it there at an instant."""

    def killed(world: World, target: str, count: int, *, should_rebuild: bool = False) -> None:
        process = processes.Process(target=drive, args=(world.home.parent, target, count, should_rebuild))
        process.start()
        process.join(120)
        assert process.exitcode == KILLED

    return killed


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, line: Line, event: Callable[[int], str]) -> World:
    """Give a world on which nothing happened, as it is after its run."""
    world = MadeWorld(tmp_path_factory.mktemp("undisturbed") / "one")
    _put(world, line, event, "a", range(60))
    world.run(AS_OF)
    return world


@pytest.fixture(scope="module")
def with_a_late_line(undisturbed: World, tmp_path_factory: pytest.TempPathFactory, line: Line) -> World:
    """Give a copy of it that ran again, on a line of a day that was sealed by then."""
    world = undisturbed.copy(tmp_path_factory.mktemp("late") / "one")
    world.put("web_logs/late.log", line(99, 1))
    world.run(AS_OF)
    return world


@pytest.mark.parametrize(("target", "count"), sampled(INSTANTS, lambda place: place % 2 == 0))
def test_a_killed_run_is_finished_by_the_next(target: str, count: int, world: World, undisturbed: World, kill: Kill, line: Line, event: Callable[[int], str]) -> None:
    """Power fails when it will: no line may count twice, none be lost, and no visitor either."""
    _put(world, line, event, "a", range(60))
    kill(world, target, count)
    world.run(AS_OF)
    assert world.content() == undisturbed.content()
    assert not list(world.home.rglob(".*.parquet.*"))


@pytest.mark.parametrize(("target", "count"), [("ledger/keys", 2), ("ledger/inputs/requests-", 2)])
def test_what_earlier_runs_read_survives_a_kill(target: str, count: int, undisturbed: World, tmp_path: Path, kill: Kill, line: Line, event: Callable[[int], str]) -> None:
    """A later delivery that is cut short must not touch the rows, keys and visitors that counted before, even if it never comes again."""
    again, killed = undisturbed.copy(tmp_path / "undisturbed"), undisturbed.copy(tmp_path / "killed")
    _put(killed, line, event, "b", range(60, 90))
    kill(killed, target, count)
    for path in killed.landing.rglob("b*"):
        path.unlink()
    killed.run(AS_OF)
    again.run(AS_OF)
    assert killed.content() == again.content()


@pytest.mark.parametrize(("target", "count"), [("", 1), ("rebuilding", 1), ("scrubbed/run", 1), ("ledger/inputs/requests-", 2), ("ledger/inputs/accesses-", 2)])
def test_a_rebuild_that_was_killed_loses_nothing(target: str, count: int, with_a_late_line: World, tmp_path: Path, kill: Kill) -> None:
    """Whoever runs again, with --rebuild or without, gets what was there before."""
    world = with_a_late_line.copy(tmp_path / "one")
    before = world.content()
    kill(world, target, count, should_rebuild=True)
    world.run(AS_OF)
    assert world.content() == before


def test_a_rebuild_reads_everything_again_to_the_same_rows(with_a_late_line: World, tmp_path: Path) -> None:
    """Sealed days keep their published visitors, lines that came in time stay so, and late ones stay late."""
    world = with_a_late_line.copy(tmp_path / "one")
    before = world.content()
    stored = {path: path.stat().st_ino for path in world.lake.files("scrubbed.requests")}
    world.run(AS_OF, should_rebuild=True)
    assert world.content() == before
    assert stored != {path: path.stat().st_ino for path in world.lake.files("scrubbed.requests")}
    assert [row["line_number"] for row in world.rows("scrubbed.requests") if row["is_late"]] == [1]


def test_a_rebuild_of_a_log_that_grew_keeps_its_lines_in_time(world: World, line: Line) -> None:
    """Read at once, a log is one input and no longer the two it was read as; its older day is sealed by now."""
    first = "".join(line(number, 1) for number in range(20))
    world.put("web_logs/a.log", first)
    world.run(datetime(2026, 3, 1, 12, tzinfo=UTC))
    world.put("web_logs/a.log", first + "".join(line(number, 2) for number in range(20)))
    world.run(AS_OF)
    before = world.content(places=False)["scrubbed.requests"]
    world.run(AS_OF, should_rebuild=True)
    assert world.content(places=False)["scrubbed.requests"] == before


def test_two_runs_do_not_mix(world: World) -> None:
    """The second run would sweep away what the first is writing; it stops and says why."""
    with held(world.home), pytest.raises(UsageError, match="another run is at work"), held(world.home):
        pass
    with held(world.home):
        assert world.home.is_dir()


def test_what_a_killed_run_had_half_written_goes_before_anything_is_done(world: World) -> None:
    """Half a warehouse has the size of a whole one, and no later run writes to its name."""
    halves = [world.home / ".warehouse.duckdb.7.half", world.home / ".warehouse.duckdb.7.half.wal", world.home / "reports" / "2026-03" / ".report.html.7.half"]
    for half in halves:
        half.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(b"half")
    with held(world.home):
        assert not [half for half in halves if half.exists()]


def test_what_a_killed_run_spilled_goes_before_anything_is_done(world: World) -> None:
    """DuckDB removes its temporary files only when it ends itself; until then tokens could lie there past the seal of their day."""
    spilled = world.home / "spill-0f3c" / "duckdb_temp_storage_DEFAULT-0.tmp"
    spilled.parent.mkdir(parents=True)
    spilled.write_bytes(b"tokens")
    with held(world.home):
        assert not spilled.exists()
