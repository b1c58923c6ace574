"""A run judges accesses slice by slice: what it stores is what each select of sql/ would give, however the accesses are cut."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from dagster_project.engines import catalog, duckdb_engine, judging
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.judging import chain, given_to_chain, prerequisites, write_chain
from dagster_project.engines.slices import ROWS
from dagster_project.expect import Suites
from tests.engines.conftest import World
from tests.sampling import sampled
from tests.worlds import World as Rows
from tests.worlds import world as random_world
from tests.worlds import write_landing

TABLES = catalog.tables()
TOLD = ("flagged.access_decisions", "flagged.access_explanations", "flagged.grant_uses")  # what hold no number that a slice gives
NUMBERED = {"flagged.access_facts": "event_number", "flagged.access_views": "view_id"}
SEED = 11
TWICE_A_MEMBER: Rows = {
    "staff": [{"staff_id": "amy"}],
    "teams": [{"staff_id": "amy", "team": "t", "valid_from": f"2026-01-0{day}T00:00:00Z"} for day in (1, 2)],
    "grantors": [{"person_id": "cora", "account_id": "C1", "valid_from": "2025-01-01T00:00:00Z"}],
    "grants": [
        {"grant_id": "g1", "account_id": "C1", "granted_by": "cora", "grantee": "team:t", "recorded_at": "2026-01-01T00:00:00Z",
         "valid_from": "2026-01-01T00:00:00Z", "valid_to": "2026-02-01T00:00:00Z"},
    ],
    "access_events": [
        {"event_id": f"e{day}", "actor": "amy", "account_id": "C1", "record_class": "invoice", "action": "read", "occurred_at": f"2026-03-0{day}T00:00:00Z"}
        for day in range(1, 7)
    ],
}  # fmt: skip


def read(world: World, accesses: int, written_by: int = SEED) -> DuckDBEngine:
    """Return the engine of a HOME with all that accesses are judged by; one seed makes what is delivered, the other its files."""
    return landed(world, *random_world(Random(SEED), accesses), written_by)


def landed(world: World, made: Rows, as_of: datetime, written_by: int = SEED) -> DuckDBEngine:
    """Return the engine of a HOME with what was delivered."""
    write_landing(made, world.landing, Random(written_by))
    world.run(as_of)
    engine = DuckDBEngine(world.home)
    for name, table in TABLES.items():
        if table.kind == "select" and name in given_to_chain():
            engine.build(table)
    return engine


@pytest.fixture(scope="module")
def read_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a random world as it is then."""
    world = World(tmp_path_factory.mktemp("read") / "one")
    read(world, 300).close()
    return world


@pytest.fixture
def judged(read_world: World, tmp_path: Path) -> Iterator[DuckDBEngine]:
    """Give the engine of a copy of it."""
    with closing(DuckDBEngine(read_world.copy(tmp_path / "one").home)) as engine:
        yield engine


def sorted_rows(rows: pa.Table) -> list[str]:
    """Return rows as they can be compared, in whatever order they came."""
    return sorted(map(repr, rows.to_pylist()))


def test_what_is_stored_is_what_each_select_gives(judged: DuckDBEngine) -> None:
    """All accesses in one slice: every table is the answer of its own select over those that are stored."""
    assert chain()[0] == "flagged.access_facts"
    for name in chain():
        judged.build(TABLES[name])
        stored = judged.connection().execute(f"from {name}").to_arrow_table()
        assert sorted_rows(stored) == sorted_rows(judged.connection().execute(TABLES[name].select).to_arrow_table()), name
        assert [(field[0], field[1].lower()) for field in judged.connection().execute(f"describe {name}").fetchall()] == [
            (column.name, column.type) for column in TABLES[name].columns
        ]
    assert judged.lake.read("scrubbed.access_events").num_rows > 200


@pytest.mark.parametrize("rows", sampled([12, 7], lambda place: place == 0))
def test_cuts_change_no_verdict_and_no_number_stands_twice(rows: int, judged: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of a few accesses, cut within accounts too, say of each access what one slice of all says."""
    slices = []
    evaluate = judging.Evaluation.of
    monkeypatch.setattr(judging.Evaluation, "of", lambda self, part, number=0: (slices.append(part.num_rows), evaluate(self, part, number))[1])
    whole, cut = write_chain(judged.lake, tmp_path / "whole", ROWS), write_chain(judged.lake, tmp_path / "cut", rows)
    assert len(slices) > 20
    assert slices[0] > 200
    assert max(slices[1:]) < 30
    for name in TOLD:
        assert sorted_rows(pq.read_table(cut[name])) == sorted_rows(pq.read_table(whole[name])), name
    for name, column in NUMBERED.items():
        numbers = pq.read_table(cut[name]).column(column)
        assert pc.count_distinct(numbers).as_py() == len(numbers) == len(pq.read_table(whole[name]))


@pytest.mark.parametrize("rows", [ROWS, 2])
def test_what_is_stored_meets_its_suites(rows: int, worker: ProcessPoolExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite that asks for more than holds stops a run in which nothing is wrong: with an account judged in parts, or one who is in a team by two memberships."""
    monkeypatch.setattr(duckdb_engine, "write_chain", partial(write_chain, rows=rows))
    with closing(landed(World(tmp_path / "one"), TWICE_A_MEMBER, datetime(2026, 4, 1, tzinfo=UTC))) as engine:
        for name in chain():
            engine.build(TABLES[name])
    suites = Suites(tmp_path / "one" / "home", catalog.root() / "expectations", worker)
    assert [(name, each.index) for name in chain() for each in suites.outcomes(name) if not each.is_met] == []


@pytest.mark.parametrize(("accesses", "rows"), sampled([(90, 10), (120, 5)], lambda place: place == 0))
def test_the_order_of_files_changes_no_number(accesses: int, rows: int, worlds: Callable[[str], World], tmp_path: Path) -> None:
    """Which access is in which slice rests on the accesses alone."""
    found = []
    for name, seed in (("one", 1), ("two", 2)):
        with closing(read(worlds(name), accesses, seed)) as engine:
            found.append({table: sorted_rows(pq.read_table(path)) for table, path in write_chain(engine.lake, tmp_path / name, rows).items()})
    assert found[0] == found[1]


def test_new_files_are_judged_anew(judged: DuckDBEngine) -> None:
    """A table that waits for its turn is of files that are no longer all."""
    judged.build(TABLES["flagged.access_facts"])
    judged.lake.drop("scrubbed.access_events")
    judged.refresh()
    assert judged.build(TABLES["flagged.access_views"]) == 0


def test_nothing_waits_on_disk_when_all_are_in_place(judged: DuckDBEngine) -> None:
    """What a run spills goes with it."""
    for name in chain():
        judged.build(TABLES[name])
    judged.close()
    assert not list(judged.lake.root.parent.glob("spill*"))


def test_no_access_is_judged_before_all_that_judges_it_is_sound() -> None:
    """The tables of a slice are made at a time, from what every one of them reads."""
    assert prerequisites(TABLES["flagged.access_facts"]) >= {"flagged.grant_scopes", "flagged.known_grants", "flagged.late_accesses", "scrubbed.emergencies"}
    assert "flagged.grant_scopes" not in TABLES["flagged.access_facts"].reads
    assert prerequisites(TABLES["flagged.grant_weaknesses"]) == set(TABLES["flagged.grant_weaknesses"].reads)


def test_an_engine_beside_takes_nothing_from_a_run(judged: DuckDBEngine) -> None:
    """Dagster's sensor `chain` opens and closes one after each landing, and `glasshouse prove` does, while a run is between two tables."""
    first, second = chain()[:2]
    judged.build(TABLES[first])
    DuckDBEngine(judged.lake.root.parent).close()
    assert judged.build(TABLES[second]) > 0
