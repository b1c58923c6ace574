"""What several test modules share: one process that judges, one run of the demo, and at the end of a run the seeds of its random worlds."""

import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import duckdb
import pytest

from dagster_project import checks, compiled, expect, history
from dagster_project.cli import status_of
from tests.worlds import DRAWN

started = expect.started  # as it is, before `_one_worker` puts another in its place


@pytest.fixture(scope="session")
def worker() -> Iterator[ProcessPoolExecutor]:
    """Give every test the same process with Great Expectations in it: it takes seconds to start."""
    with started() as worker:
        yield worker


@pytest.fixture(scope="session", autouse=True)
def _one_worker(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let commands that a test runs in this process take that one, too; the demo, and those in a process of their own (`prove`, Ctrl-C), start and stop one as they do."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(expect, "started", lambda: nullcontext(request.getfixturevalue("worker")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _compiled() -> Iterator[None]:
    """Have compiled code read whatever it may, as in a process that has read many rows; commands in a process of their own begin without."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(compiled, "FEWEST_ROWS", 0)
        yield


@pytest.fixture(scope="module")
def unjudged() -> Iterator[None]:
    """Have runs judge no suite and keep no event in Dagster's store: two thirds of what a small run costs, and not what tests of several runs ask.

    Suites are judged on the demo, on odd rows and on planted faults; Dagster's store is filled by the demo and by runs of files with telling names.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(checks, "specs", lambda tables, folder: [])
        patched.setattr(expect.Suites, "begin", lambda _, name: None)
        patched.setattr(expect.Suites, "outcomes", lambda _, name: [])
        patched.setattr(history.HeldEventLog, "store_event", lambda _, event: None)
        yield


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run the demo once for all workers, with a process of its own that judges and keys in a folder of its own, and give its HOME."""
    folder = (tmp_path_factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else tmp_path_factory.getbasetemp()) / "demo"
    folder.mkdir(exist_ok=True)
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
    try:
        with (folder / "lock").open("w") as lock, pytest.MonkeyPatch.context() as patched:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "made").exists():
                patched.setattr(expect, "started", started)
                assert status_of(["demo", "--home", str(folder / "home")]) == 0
                (folder / "made").touch()
        yield folder / "home"
    finally:
        os.environ.pop("XDG_STATE_HOME") if before is None else os.environ.update({"XDG_STATE_HOME": before})


@pytest.fixture
def demo_warehouse(demo_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give the demo's warehouse, as an analyst opens it."""
    with duckdb.connect(str(demo_home / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the seeds of the random worlds that were judged, so that any of them can be made again."""
    for module, (seeds, accesses) in DRAWN.items():
        judged = {report.nodeid for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome) if f"/{module}.py" in report.nodeid}
        if judged:
            terminalreporter.write_line(f"{module}: {len(judged)} tests, seeds {seeds[0]} to {seeds[-1]}, {accesses} accesses each")
