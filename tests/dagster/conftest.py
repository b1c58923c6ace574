"""A house for each test."""

from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from dagster_project import resources
from dagster_project.engines import catalog
from tests.dagster.made import SMALL, World


@pytest.fixture
def world(tmp_path: Path, worker: ProcessPoolExecutor) -> World:
    """Give a HOME with one request."""
    house = resources.open_house(tmp_path / "home", as_of=datetime(2026, 3, 10, tzinfo=UTC), environment={"XDG_STATE_HOME": str(tmp_path / "state")})
    small = [table for table in catalog.tables().values() if table.name in SMALL]
    made = World(house, tmp_path / "expectations", small, worker)
    made.land(date(2026, 3, 1))
    return made
