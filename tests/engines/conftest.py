"""A landing folder and a HOME, the steps of a run on them, and their rows in a form that two runs can be compared by."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from dagster_project.engines import catalog
from dagster_project.engines.duckdb_engine import VISITORS, DuckDBEngine
from dagster_project.engines.house import House, untold, unwatched
from dagster_project.engines.intake import steps
from dagster_project.engines.lake import Lake
from dagster_project.settings import Settings

AS_OF = datetime(2026, 3, 3, tzinfo=UTC)
TAKEN = ("scrubbed.requests", "scrubbed.staff_requests", "scrubbed.access_events")
# What a run draws at random, and what only says where a line stood.
RANDOM = {"visitor_high", "visitor_low", "key_id", "kcv", "route_id"}
PLACE = {"input_id"}


class World:
    """LANDING and HOME of one test."""

    def __init__(self, root: Path) -> None:
        self.landing = root / "landing"
        self.home = root / "home"
        self.keys = root / "keys"
        self.told: list[str] = []
        self.landing.mkdir(parents=True, exist_ok=True)

    def copy(self, root: Path) -> "World":
        """Return a world that begins as this one is, to be changed."""
        shutil.copytree(self.landing.parent, root)
        return World(root)

    @property
    def lake(self) -> Lake:
        """The tables of HOME."""
        return Lake(self.home)

    def put(self, name: str, content: bytes | str) -> Path:
        """Write a file of the landing folder."""
        path = self.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def house(self, as_of: datetime = AS_OF, watch: Callable[[str, int, int], None] = unwatched, *, should_rebuild: bool = False) -> House:
        """Return what a run is given."""
        tell = self.told.append if self.told is not None else untold
        return House(self.home, self.landing, Settings(), self.landing, as_of, self.keys, b"k" * 32, should_rebuild, watch, tell)

    def run(self, as_of: datetime = AS_OF, watch: Callable[[str, int, int], None] = unwatched, *, should_rebuild: bool = False) -> None:
        """Do what the landing job does, without Dagster."""
        house = self.house(as_of, watch, should_rebuild=should_rebuild)
        engine = DuckDBEngine(self.home)
        try:
            for step in (lambda: steps.take_ledgers(house), lambda: steps.take_requests(house, engine), lambda: steps.take_accesses(house)):
                step()
            steps.seal_due(house, engine)
            steps.close_books(house, engine)
            for name, table in catalog.tables().items():
                if table.kind == "select" and table.is_daily and name != VISITORS:
                    for day in engine.stale_days(table):
                        engine.build(table, day)
                    engine.accept(table)
        finally:
            engine.close()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return all rows of a table, of any layer."""
        return [row for path in self.lake.files(table) for row in pq.read_table(path, partitioning=None).to_pylist()]

    def inputs(self) -> dict[str, dict[str, Any]]:
        """Return the ledger of inputs by file name, with the advice of refused ones."""
        names = {row["input_id"]: row for row in self.rows("ledger.input_files")}
        return {names[row["input_id"]]["file_name"]: row | {"advice": names[row["input_id"]]["advice"]} for row in self.rows("ledger.inputs")}

    def content(self, *, places: bool = True) -> dict[str, list[str]]:
        """Return every row of every table as text, in order, with routes by their text; `places=False` leaves out which input a row came from."""
        routes = {row["route_id"]: row["route"] for row in self.rows("scrubbed.routes")}
        left_out = RANDOM if places else RANDOM | PLACE
        told: dict[str, list[str]] = {}
        for name in catalog.tables():
            if name in ("ledger.input_files", "scrubbed.routes", "ledger.runs") or (not places and name == "ledger.inputs"):
                continue
            rows = [row | {"route": routes.get(row.get("route_id"))} for row in self.rows(name)]
            told[name] = sorted(repr({key: value for key, value in row.items() if key not in left_out}) for row in rows)
        return told


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Give processes that begin with everything imported and made ready, to be stopped in the middle of their work."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.engines.drive", "tests.engines.stopping", "tests.engines.warm"])
    return context


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give an empty landing folder and HOME."""
    return World(tmp_path / "one")


@pytest.fixture
def worlds(tmp_path: Path) -> Callable[[str], World]:
    """Give as many landing folders and HOMEs as a test compares."""
    return lambda name: World(tmp_path / name)


def _line(number: int, day: int = 2, address: str = "", path: str = "") -> str:
    """Return a line of a combined log; addresses and paths repeat, times do not."""
    address = address or f"192.0.2.{number % 40}"
    clock = f"{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}"
    path = path or f"/{number}"  # a template whoever asks for it, so that runs can be compared
    return f'{address} - - [{day:02d}/Mar/2026:{clock} +0000] "GET {path} HTTP/1.1" 200 {number} "-" "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"\n'


@pytest.fixture(scope="session")
def line() -> Callable[..., str]:
    """Give a maker of log lines: number, day of March 2026, address, path."""
    return _line


def _event(number: int) -> str:
    return f'{{"event_id":"e{number}","actor":"ada","occurred_at":"2026-03-02T10:00:{number % 60:02d}Z","account_id":"acme"}}\n'


@pytest.fixture(scope="session")
def event() -> Callable[[int], str]:
    """Give a maker of native access events in JSON Lines."""
    return _event
