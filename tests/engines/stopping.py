"""Seals or purges a HOME in a process of its own that stops just before one of its operations on files: killed for good, or by an error."""

import os
import signal
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.engines.intake.steps import seal_due
from dagster_project.publishing.purge import purge
from dagster_project.settings import Settings

CHANGING = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate", "shutil.rmtree"}
WRITING = os.O_WRONLY | os.O_RDWR
WORK: dict[str, Any] = {"seal": seal_due, "purge": purge}


class StoppedError(Exception):
    """What a full disk or a pulled plug looks like from inside."""


def stop(root: Path, as_of: datetime, work: str, way: str, at: int) -> None:
    """Do the work until its operation number `at`, from 1, on what lies below `root`; without such a number leave the count in `root`/operations."""
    done = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal done
        if not _changes(event, arguments) or not str(arguments[0]).startswith(f"{root}/"):
            return
        done += 1
        if done == at and way == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if done == at:
            raise StoppedError

    house = House(root / "home", root / "landing", Settings(), root / "landing", as_of, root / "keys", b"k" * 32)
    with closing(DuckDBEngine(house.home)) as engine:
        sys.addaudithook(watch)
        try:
            WORK[work](house, engine)
        except StoppedError:
            os._exit(1)
    (root.parent / f"{root.name}.operations").write_text(str(done))


def _changes(event: str, arguments: tuple[Any, ...]) -> bool:
    return event in CHANGING or (event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & WRITING))
