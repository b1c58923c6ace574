"""What makes a run safe to kill and to repeat: one run at a time in HOME, and nothing left of a run that never ended."""

import fcntl
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.compute as pc

from dagster_project.engines.lake import Lake
from dagster_project.errors import UsageError
from dagster_project.paths import HALVES

INPUTS = "ledger.inputs"
# Their files are named after the run that wrote them, kind first, as those of the ledger of inputs.
OF_RUNS = ("ledger.input_files", "ledger.quarantine", "ledger.non_accesses", "ledger.attestations")
# Only request logs have them, and their names go without the kind.
OF_REQUEST_RUNS = ("scrubbed.routes", "scrubbed.vocabulary")
# Their files are named after an input that the same run read.
OF_INPUTS = ("scrubbed.requests", "scrubbed.visits", "scrubbed.staff_requests", "scrubbed.access_events")


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Hold HOME while a run writes into it; the system lets go of it when the process ends, however it ends.

    What a run that was killed had spilled or half written goes first: what DuckDB spilled may hold tokens.

    Raises UsageError where another run holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError("another run is at work in this HOME; wait until it has ended, or name another HOME") from None
        shutil.rmtree(home / "spill", ignore_errors=True)
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
    for table in OF_RUNS:
        _keep(lake, table, runs)
    for table in OF_REQUEST_RUNS:
        _keep(lake, table, {name.removeprefix("requests-") for name in runs if name.startswith("requests-")})
    for table in OF_INPUTS:
        lake.sweep(table, read)
        for folder in lake.folder(table).glob("day=*"):
            if not any(folder.iterdir()):
                folder.rmdir()


def _keep(lake: Lake, table: str, names: Collection[str]) -> None:
    for path in lake.files(table):
        if path.stem not in names:
            path.unlink()
