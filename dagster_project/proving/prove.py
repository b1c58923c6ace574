"""The proof, whole: rehearse in two worlds of their own, search all that was written, compare, attack; and look through HOME itself."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project import __version__, resources
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.house import House, Watch
from dagster_project.engines.lake import INPUTS, Lake
from dagster_project.engines.scanning import scan
from dagster_project.errors import GlasshouseError, UsageError
from dagster_project.proving.attacks import CellAttack, TokenAttack, attack_cells, attack_tokens
from dagster_project.proving.canaries import FILE_NAME, FILE_NAMES, KINDS, SITE_NAMES, Canary, canaries
from dagster_project.proving.interference import Compared, compare
from dagster_project.proving.planting import MORE_SITES, SOUND_LINES, Planted, plant, settings
from dagster_project.proving.self_test import PLAIN, unseen
from dagster_project.proving.sinks import SORTS, Found, Leak, search
from dagster_project.proving.traces import Traces, traces
from dagster_project.publishing.proofs import Proof, Tried

LONGEST_S = 1800
WRITTEN = ("home", "state", "user", "tmp", "exports", "spilled", "console")
"""Everything below the place of a rehearsal but what was put there to be read."""
FILE_NAMES_STAND_IN = ("home/lake/ledger/input_files/", "console/")
"""A file can be named after a customer: its name may stand in HOME's private ledger and on the console, nowhere else."""
STAGES = 5
Row = dict[str, Any]


@dataclass(frozen=True)
class Rehearsed:
    """What came of the rehearsal: what was planted, how much of it was read, what was found, which steps failed on purpose."""

    planted: Planted
    parsed: Mapping[str, int]
    found: Found
    steps: int
    steps_failed: int
    selects: int
    selects_failed: int
    spilled_bytes: int
    compared: Compared


@dataclass(frozen=True)
class Proven:
    """A proof and the figures behind it."""

    proof: Proof
    rehearsed: Rehearsed
    scanned: list[Row]
    tokens: TokenAttack
    cells: CellAttack
    seconds: float

    @property
    def leaks(self) -> list[Leak]:
        """Return the leaks, sorted."""
        return sorted(self.rehearsed.found.leaks)

    def told(self) -> Row:
        """Return the proof with its figures as one object."""
        planted, found, read = self.rehearsed.planted, self.rehearsed.found, self.rehearsed.parsed
        formats = [
            {"format": name, "places": planted.places[name], "left_out": planted.left_out[name], "lines": lines, "lines_read": read.get(name, 0)}
            for name, lines in planted.lines.items()
        ]
        return {
            **asdict(self.proof),
            "held": self.proof.held,
            "seconds": self.seconds,
            "planted": formats,
            "canary_lines": sum(planted.lines.values()),
            "ledger_rows": planted.rows,
            "searched": dict(sorted(found.files.items())),
            "bytes_searched": found.bytes,
            "leaks": len(self.leaks),
            "leaked": [asdict(leak) for leak in self.leaks],
            "tables_that_differ": self.rehearsed.compared.different,
            "columns_scanned": len({(row["table_name"], row["column_name"]) for row in self.scanned}),
            "values_scanned": sum(row["values_scanned"] for row in self.scanned if row["kind"] == "person"),
            "persons_found": [row for row in self.scanned if row["hits"] and row["kind"] != "backstop"],
            "tokens": asdict(self.tokens),
            "cells": asdict(self.cells),
        }


def prove(house: House, watch: Watch) -> Proven:
    """Prove what can be proven of a HOME and of this code under its settings; takes about a minute. Raises GlasshouseError where the rehearsal breaks down."""
    begun = time.perf_counter()
    with TemporaryDirectory(prefix="glasshouse-prove-") as folder:
        place, known = Path(folder), traces((*canaries(0), *canaries(1), *(Canary(FILE_NAME, name, name) for name in (*FILE_NAMES, *SITE_NAMES))))
        watch("planting", 0, STAGES)
        with _rehearsals(place, house) as (planted, running):
            watch("scanning HOME", 1, STAGES)
            scanned, cells = look(house)
            watch("attacking tokens", 2, STAGES)
            tokens = attack_tokens(place / "tokens")
            blind = unseen(place / "self_test", canaries(0)[0].text, known)
            watch("rehearsing", 3, STAGES)
            _end(running)
        watch("searching", 4, STAGES)
        rehearsed = _rehearsed(place, planted, known)
        watch("searching", STAGES, STAGES)
    tried = (*_searched(rehearsed, blind), *_compared(rehearsed.compared), *_attacked(tokens, cells), _scanned(scanned))
    return Proven(_proof(house, rehearsed, tried), rehearsed, scanned, tokens, cells, round(time.perf_counter() - begun, 1))


@contextmanager
def _rehearsals(place: Path, house: House) -> Iterator[tuple[Planted, list["subprocess.Popen[bytes]"]]]:
    """Plant the people of both worlds and start a rehearsal in each; none outlives the proof."""
    planted, running = Planted(), []
    try:
        for people in (0, 1):
            world = place / str(people)
            for name in ("exports", "console", "user", "tmp"):
                (world / name).mkdir(parents=True)
            planted = plant(world / "landing", people)
            (world / "settings.json").write_text(settings(house.settings).model_dump_json(), encoding="utf-8")
            command = [sys.executable, "-m", "dagster_project.rehearsal", str(world), str(people)]
            with (world / "console" / "out.txt").open("wb") as out, (world / "console" / "err.txt").open("wb") as err:
                running.append(subprocess.Popen(command, cwd=world, env=resources.environment_below(world), stdout=out, stderr=err))  # noqa: S603 (our own words)
        yield planted, running
    finally:
        for each in running:
            each.kill()
            each.wait()


def _end(running: list["subprocess.Popen[bytes]"]) -> None:
    """Wait for the rehearsals. Raises GlasshouseError where one does not end, or ends badly."""
    try:
        statuses = [each.wait(LONGEST_S) for each in running]
    except subprocess.TimeoutExpired:
        raise GlasshouseError(f"prove: the rehearsal did not end within {LONGEST_S // 60} minutes; run it on a machine with less to do") from None
    if bad := [status for status in statuses if status]:
        raise GlasshouseError(f"prove: a rehearsal ended with status {bad[0]}, so nothing is proven; does `glasshouse demo` run?")


def look(house: House) -> tuple[list[Row], CellAttack]:
    """Scan what HOME stores for persons, and attack what it publishes; HOME is only read. Raises UsageError where its files change meanwhile."""
    try:
        with closing(DuckDBEngine(house.home)) as engine:
            return scan(engine.lake, engine.connection()).to_pylist(), attack_cells(engine, house.settings.thresholds.k_visitors)
    except (duckdb.Error, pa.ArrowInvalid, OSError):
        raise UsageError("prove: HOME cannot be read, or changed meanwhile; wait until the run in it has ended") from None


def _rehearsed(place: Path, planted: Planted, known: Traces) -> Rehearsed:
    first, second = place / "0", place / "1"
    forced = {name: set(told) for name, told in json.loads((first / "faults.json").read_text(encoding="utf-8")).items()}
    spilled = sum(path.stat().st_size for path in (first / "spilled").rglob("*") if path.is_file())
    found = search([world / name for world in (first, second) for name in WRITTEN if (world / name).is_dir()], known)
    found.leaks -= {leak for leak in found.leaks if leak.kind == FILE_NAME and leak.file.startswith(FILE_NAMES_STAND_IN)}
    return Rehearsed(
        planted=planted,
        parsed=_parsed(first / "home"),
        found=found,
        steps=len(forced["steps"]),
        steps_failed=len(forced["steps"] & forced["steps_failed"] & forced["steps_failed_for_good"]),
        selects=len(forced["selects"]),
        selects_failed=len(forced["selects"] & forced["selects_failed"]),
        spilled_bytes=spilled,
        compared=compare(first / "home", second / "home"),
    )


def _parsed(home: Path) -> dict[str, int]:
    """Return how many lines with a canary were read, by format: one that no reader understood proves little."""
    inputs = Lake(home).read(INPUTS)
    logs = inputs.filter(pc.equal(inputs.column("folder"), "web_logs"))
    read: Counter[str] = Counter()
    for row in logs.select(["site", "parsed"]).to_pylist():
        is_more = row["site"] in MORE_SITES
        read["combined" if is_more else row["site"]] += row["parsed"] - (0 if is_more else SOUND_LINES)
    return dict(read)


def _proof(house: House, rehearsed: Rehearsed, tried: tuple[Tried, ...]) -> Proof:
    return Proof(
        proved_at=resources.now().replace(microsecond=0),
        settings_sha256=house.settings.sha256(),
        code_version=__version__,
        canaries=KINDS,
        formats=len(rehearsed.planted.lines),
        sinks=len(rehearsed.found.files),
        leaks=len(rehearsed.found.leaks),
        tried=tried,
    )


def _searched(rehearsed: Rehearsed, blind: list[str]) -> tuple[Tried, ...]:
    planted, found = rehearsed.planted, rehearsed.found
    unread = [name for name in planted.lines if not rehearsed.parsed.get(name)]
    files = sum(found.files.values())
    return (
        Tried("the search itself", not blind, f"One planted identifier in a file of each of {len(SORTS) + len(PLAIN)} sorts; {len(blind)} were not seen."),
        Tried(
            "invented persons",
            not found.leaks and not unread,
            f"{KINDS} kinds of identifier in {sum(planted.lines.values()):,} lines of {len(planted.lines)} log formats and {planted.rows:,} rows of ledgers, run through "
            f"every step; {files:,} files with {found.bytes / 1e6:,.0f} MB were searched, packed and decoded: {len(found.leaks):,} leaks. {len(unread)} formats were not read.",
        ),
        Tried(
            "faults and little memory",
            (rehearsed.steps_failed, rehearsed.selects_failed) == (rehearsed.steps, rehearsed.selects) and rehearsed.spilled_bytes > 0,
            f"{rehearsed.steps_failed} of {rehearsed.steps} steps and {rehearsed.selects_failed} of {rehearsed.selects} selects failed on purpose with an error that quotes "
            f"a person, the steps once to be tried again and once for good; {rehearsed.spilled_bytes / 1e6:,.0f} MB were put on the disk for want of memory.",
        ),
    )


def _compared(compared: Compared) -> tuple[Tried, ...]:
    told = f"{compared.tables} tables with {compared.rows:,} rows from two runs that differ in nothing but who the people were: {len(compared.different)} tables differ."
    return (Tried("other people, same tables", compared.tables > 0 and not compared.different, told),)


def _attacked(tokens: TokenAttack, cells: CellAttack) -> tuple[Tried, ...]:
    kept = f"Of {tokens.tokens} visitor tokens {tokens.found_with_key} were found by trying every address with the day's key, and {tokens.found_without} once it was destroyed."
    solved = f"{cells.sums:,} published sums with {cells.hidden:,} hidden cells were solved: {cells.narrowed} cells could be told to within less than the threshold."
    return Tried("attack on tokens", tokens.held, kept), Tried("attack on hidden cells", not cells.narrowed, solved)


def _scanned(scanned: list[Row]) -> Tried:
    columns = {(row["table_name"], row["column_name"]) for row in scanned}
    # What was caught before it was stored is told, and is no person in store.
    hits = sum(row["hits"] for row in scanned if row["kind"] != "backstop")
    return Tried("what HOME stores", not hits, f"{len(columns):,} stored columns that came of logs and tags were scanned: {hits:,} values name a person.")
