"""One run of the real jobs over the planted folder, in a process of its own: `python -m dagster_project.rehearsal PLACE PEOPLE`.

PLACE holds landing/ and settings.json; home/, tmp/ and exports/ are filled. The first people run with every fault, little memory,
compiled code and every export; the second as any run does.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import dagster as dg

from dagster_project import compiled, definitions, expect, history, resources, running
from dagster_project.cli import status_of
from dagster_project.engines import catalog
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.engines.intake.recovery import held
from dagster_project.proving.canaries import canaries
from dagster_project.proving.faults import Faults, FaultyEngine, FaultySuites, broken, broken_runs, forgiving, steps, steps_of
from dagster_project.publishing import summary
from dagster_project.settings import Settings

AS_OF = datetime(2026, 4, 1, tzinfo=UTC)
MEMORY = "96MB"
SPILLING = "64MB"
SPILLED_ROWS = 400_000


def main(place: Path, people: int) -> int:
    """Run over the canaries of one set of people; print what a run prints; return 0 where it ended well."""
    if people == 0:
        compiled.begin()
    opened = resources.open_house(place / "home", place / "landing", as_of=AS_OF, tell=lambda sentence: print(sentence, file=sys.stderr))  # noqa: T201 (a console)
    house = replace(opened, settings=Settings.model_validate_json((place / "settings.json").read_bytes()))
    with expect.started() as worker, held(house.home), closing(FaultyEngine(house.home, MEMORY)) as engine:
        suites = expect.Suites(house.home, catalog.root() / "expectations", worker)
        outcomes = _with_faults(house, suites, engine, place) if people == 0 else _run(definitions.assembled(), house, suites, engine)
    _show(house, outcomes)
    if people == 0 and all(outcome.is_success for outcome in outcomes):
        _export(place)
    return running.exit_status(outcomes)


def _run(whole: dg.Definitions, house: House, suites: expect.Suites, engine: DuckDBEngine) -> list[running.Outcome]:
    return running.run_all(whole, {"house": house, "suites": suites, "engine": engine}, list(catalog.tables().values()))


def _with_faults(house: House, suites: expect.Suites, engine: FaultyEngine, place: Path) -> list[running.Outcome]:
    """Run with every step failing before it succeeds; before that, a landing that fails in the midst, and after it each step, for good, as the console is told."""
    whole = definitions.assembled()
    faults = Faults(next(canary.text for canary in canaries(0) if canary.kind == "e-mail"))
    _show(house, _run(whole, replace(house, watch=broken(faults)), suites, engine))
    step_of = steps_of(whole)
    engine.arm(faults, step_of)
    outcomes = _run(forgiving(whole), replace(house, watch=faults.watch), FaultySuites(suites, faults, step_of), engine)
    _spill(engine, place)
    selects = [table.name for table in catalog.tables().values() if table.kind == "select"]
    with history.dagster_instance(house.home) as instance:
        broke = broken_runs(whole, instance, suites, faults.quoted)
    _show(house, broke)
    told = {
        "steps": sorted(steps(whole)),
        "steps_failed": sorted(faults.steps),
        "steps_failed_for_good": sorted({step for outcome in broke for step in outcome.failed_steps}),
        "selects": selects,
        "selects_failed": sorted(faults.selects),
    }
    (place / "faults.json").write_text(json.dumps(told), encoding="utf-8")
    return outcomes


def _spill(engine: DuckDBEngine, place: Path) -> None:
    """Hold more of the stored requests than there is memory for, and copy what DuckDB puts on the disk meanwhile."""
    connection = engine.connection()
    connection.execute(f"set memory_limit = '{SPILLING}'")
    connection.execute("set threads = 1")
    connection.execute("set preserve_insertion_order = false")
    stored = connection.sql("select count(*) from scrubbed.requests").fetchall()[0][0]
    copies = SPILLED_ROWS // max(1, stored) + 1
    connection.execute(f"create temp table spilled as select r.* from scrubbed.requests as r cross join range({copies})")
    for number, spilled in enumerate(engine.lake.root.parent.glob("spill*")):
        shutil.copytree(spilled, place / "spilled" / str(number))
    connection.execute("drop table spilled")


def _show(house: House, outcomes: list[running.Outcome]) -> None:
    """Print what the command line would: complaints, or the summary."""
    for line in running.complaints(outcomes):
        print(line, file=sys.stderr)  # noqa: T201 (a console)
    if all(outcome.is_success for outcome in outcomes):
        from rich.console import Console

        with closing(DuckDBEngine(house.home)) as engine:
            summary.show(summary.summary(engine.connection(), house.home, []), Console())


def _export(place: Path) -> None:
    """Ask for every export and run every other command that reads what was planted."""
    home, landing = str(place / "home"), str(place / "landing")
    forms = cycle(("table", "csv", "json", "parquet"))
    for table in catalog.tables().values():
        if table.is_published:
            with _into(place / "exports" / f"{table.name}.{(form := next(forms))}"):
                status_of(["query", f"from {table.name}", "--home", home, "--format", form])
    status_of(["report", "--home", home, "--month", "2026-03", "--account", "acme"])
    status_of(["decide", landing, "--as-of", AS_OF.isoformat(), "--out", str(place / "exports" / "decisions.parquet")])
    status_of(["meter", landing, "--home", home, "--as-of", AS_OF.isoformat()])
    status_of(["detect", str(place / "landing" / "request_logs" / "unknown" / "canaries.log")])
    status_of(["purge", "--home", home, "--as-of", AS_OF.isoformat()])  # what it removed could not be searched
    status_of(["verify", f"{home}/reports/2026-03"])
    status_of(["query", f"select cast('{canaries(0)[0].text}' as integer)", "--home", home])


@contextmanager
def _into(path: Path) -> Iterator[None]:
    """Send what is printed to a file, as a shell does."""
    sys.stdout.flush()
    before = os.dup(1)
    try:
        with path.open("wb") as file:
            os.dup2(file.fileno(), 1)
            yield
            sys.stdout.flush()
    finally:
        os.dup2(before, 1)
        os.close(before)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
