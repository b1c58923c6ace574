"""What makes a run safe to kill and to repeat: one run at a time in HOME, and nothing left of a run that never ended."""

import fcntl
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.compute as pc

from dagster_project.engines import catalog
from dagster_project.engines.lake import INPUTS, Lake
from dagster_project.errors import UsageError
from dagster_project.paths import HALVES


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Lock HOME while a run writes into it; the system releases the lock when the process ends, however it ends.

    What a killed run spilled or left half written is removed first: what DuckDB spilled may hold tokens.

    Raises UsageError where another run holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError("another run is at work in this HOME; wait until it has ended, or name another HOME") from None
        for spilled in home.glob("spill*"):
            shutil.rmtree(spilled, ignore_errors=True)
        for half in (*home.glob(HALVES), *(home / "reports").rglob(HALVES)):
            half.unlink()
        yield


def sweep(lake: Lake) -> None:
    """Remove what a killed run left: half-written files, and whole ones that no entry in the ledger of inputs stands for."""
    for path in lake.root.rglob(HALVES):
        path.unlink()
    runs = {path.stem for path in lake.files(INPUTS)}
    inputs = lake.read(INPUTS)
    read = set(inputs.filter(pc.equal(inputs.column("status"), "read")).column("input_id").to_pylist())
    known = {
        "with its run": runs,  # the kind of run comes first in the name, as in the ledger of inputs
        "with its run of requests": {name.removeprefix("requests-") for name in runs if name.startswith("requests-")},
        "with its input": read,  # with a number behind it
    }
    for table in catalog.tables().values():
        if table.swept in known:
            _keep(lake, table, known[table.swept])


def _keep(lake: Lake, table: catalog.Table, names: Collection[str]) -> None:
    for path in lake.files(table.name):
        if (path.stem.split("-")[0] if table.swept == "with its input" else path.stem) not in names:
            path.unlink()
    for folder in lake.folder(table.name).glob("day=*"):
        if not any(folder.iterdir()):
            folder.rmdir()
