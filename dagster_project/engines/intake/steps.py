"""The steps of the landing job, each from a House to rows in the lake; Dagster's assets only call them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project import __version__
from dagster_project.engines.duckdb_engine import VISITORS, DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.engines.intake import records
from dagster_project.engines.intake import requests as request_logs
from dagster_project.engines.intake.accesses import read_accesses
from dagster_project.engines.intake.accounting import CURRENT, Books, refusals, withdrawn
from dagster_project.engines.intake.batches import FILE_ROWS
from dagster_project.engines.intake.delivery import WHO_IS_WHO, Delivery, deliver
from dagster_project.engines.intake.inputs import ACCESS_EVENTS, REQUEST_LOGS, TAKEN_ONCE, known_inputs
from dagster_project.engines.intake.rebuilding import forget
from dagster_project.engines.intake.recovery import sweep
from dagster_project.engines.intake.reviews import remembered, seen
from dagster_project.engines.intake.sources import gaps, source_gaps, source_proofs, whole_second_inputs
from dagster_project.engines.intake.spool import Spool
from dagster_project.engines.intake.unread import unread
from dagster_project.engines.lake import EVENTS, FIRST_SEEN, INPUTS, KEYS, REQUESTS, REVIEWS, RUNS, STAFF_REQUESTS, Lake, schema
from dagster_project.engines.purging import purged_rows, refuse
from dagster_project.engines.sealing import days_with_tokens, seal, tokens_held
from dagster_project.errors import CheckError, UsageError
from dagster_project.evidence.key_directory import KeyDirectory
from dagster_project.evidence.keyring import Keyring
from dagster_project.paths import as_text
from dagster_project.reading.accesses import native
from dagster_project.reading.accesses.attestations import Proof
from dagster_project.reading.field_words import is_field_name
from dagster_project.reading.ledger_columns import LEDGERS
from dagster_project.reading.misdelivered import folded
from dagster_project.settings_file import keep

FINDINGS = "reported.findings"
CLOSED = ("ledger.closings", "ledger.closed_accesses")
MOST_TOLD = 20
REQUEST_TABLES = (REQUESTS, STAFF_REQUESTS)


def take_ledgers(house: House) -> int:
    """Read every ledger, put its contract table in place and account for its lines; return the rows of all tables."""
    lake = Lake(house.home)
    if house.should_rebuild:
        forget(lake)
    sweep(lake)
    for line in unread(_landing(house)):
        house.tell(as_text(line))
    before = lake.read(INPUTS)
    delivery = deliver(_landing(house), house.settings, house.as_of, whole_seconds=whole_second_inputs(before))
    for line in withdrawn(before, delivery.entries):
        house.tell(line)
    lake.write(FIRST_SEEN, _first_seen(lake), "part")
    lake.write(REVIEWS, remembered(lake.read(REVIEWS), delivery.tables["scrubbed.reviews"], house.as_of), "part")
    for name, rows in delivery.tables.items():
        lake.write(name, rows, "part")
    for name in CLOSED:
        if not lake.has_files(name):
            lake.write(name, schema(name).empty_table(), "part")
    _account(house, lake, "ledgers", delivery, CURRENT)
    keep(house.settings, house.home)
    return sum(rows.num_rows for rows in delivery.tables.values())


def take_requests(house: House, engine: DuckDBEngine) -> int:
    """Read and scrub the request logs that are new; return the rows they added."""
    lake = Lake(house.home)
    sweep(lake)
    ring = keyring(house, lake)
    _seal(engine, ring)  # what a killed run left
    people = deliver(_landing(house), house.settings, house.as_of, WHO_IS_WHO).people
    added = request_logs.take(house, _landing(house), people, ring)
    return added - _refused(house, lake, REQUEST_TABLES, "request lines")


def take_accesses(house: House) -> int:
    """Read the access events that are new; return the rows they added."""
    lake = Lake(house.home)
    sweep(lake)
    delivery = deliver(_landing(house), house.settings, house.as_of, WHO_IS_WHO)
    delivery.entries.clear()  # the ledgers' own step accounts for them
    delivery.rejects.clear()
    added = 0
    with Spool(house.home / "spill-accesses", lake.files(EVENTS)) as spool:
        read_accesses(delivery, spool, known_inputs(lake), house.watch)
        for number, rows in enumerate(spool.events(("day", "input_id", "line_number"), FILE_ROWS)):
            lake.write_days(EVENTS, rows, f"{rows.column('input_id')[0]}-{number}")
            added += rows.num_rows
    _account(house, lake, "accesses", delivery, house.run_id([entry.input_id for entry in delivery.entries]))
    _prove(house, lake)
    return added - _refused(house, lake, (EVENTS,), "access events")


def take_records(house: House) -> int:
    """Measure the record stores; return the rows of account, class and store."""
    return records.take(house, _landing(house))


def seal_due(house: House, engine: DuckDBEngine) -> int:
    """Seal every day that takes no more visitors: count them, drop their tokens, destroy the key; return how many tokens that were."""
    return _seal(engine, keyring(house, engine.lake))


def refused_inputs(engine: DuckDBEngine) -> Counter[str]:
    """Return how many inputs are refused, by the code of the reason and the folder; the names of files are not told."""
    rows = engine.lake.read(INPUTS).to_pylist()
    return Counter(f"{row['folder']}: {row['reason']}" for row in rows if row["status"] == "refused")


def close_books(house: House, engine: DuckDBEngine) -> int:
    """Check that every line of every input is accounted for and that its rows are stored; enter the run; return the inputs.

    Raises CheckError with the counts where they do not reconcile.
    """
    engine.refresh()
    taken = [row for row in engine.lake.read(INPUTS).to_pylist() if row["status"] == "read" and row["folder"] in TAKEN_ONCE]
    for tables, folders in ((REQUESTS, REQUEST_LOGS), (EVENTS, (ACCESS_EVENTS,))):
        told = sum(row["parsed"] - row["duplicates"] for row in taken if row["folder"] in folders)
        stored = sum(pq.read_metadata(path).num_rows for path in engine.lake.files(tables))
        purged = purged_rows(engine.lake, tables, [row["input_id"] for row in taken])
        if told != stored + purged:
            raise CheckError(f"{tables}: the ledger of inputs accounts for {told} rows, {stored} are stored and {purged} purged; run with --rebuild")
    before = engine.lake.read(RUNS)
    inputs = len(taken) - (pc.sum(before.column("inputs_read")).as_py() or 0)
    rows = sum(row["parsed"] for row in taken) - (pc.sum(before.column("rows_added")).as_py() or 0)
    if inputs > 0:
        run_id = house.run_id([row["input_id"] for row in taken])
        run = {"run_id": run_id, "as_of": house.as_of, "settings_sha256": house.settings.sha256(), "code_version": __version__, "inputs_read": inputs, "rows_added": rows}
        engine.lake.write(RUNS, pa.Table.from_pylist([run], schema(RUNS)), run_id)
        engine.refresh()
    return len(taken)


def keyring(house: House, lake: Lake) -> Keyring:
    """Open the keys of HOME as the last run left them, or would have left them had it not been killed.

    A key that was in memory only and whose lines never reached the lake is forgotten; of the others that live, rows are counted
    anew, unless their day is being sealed.
    """
    directory = KeyDirectory(house.key_directory, house.home, house.key_encryption_key, house.tell)
    held, stored = set(directory.held()), set(lake.days(REQUESTS))
    kept = []
    for row in lake.read(KEYS).to_pylist():
        if row["destroyed_at"] is None and not lake.files(VISITORS, row["day"]):
            row["rows_tokenised"] = tokens_held(lake, row["day"])
        if row["destroyed_at"] or row["day"] in stored or (row["day"], row["key_id"]) in held:
            kept.append(row)
    return Keyring(directory, pa.Table.from_pylist(kept, schema(KEYS)), house.as_of, house.settings.keys.keep_hours, house.run_id([]))


def _seal(engine: DuckDBEngine, ring: Keyring) -> int:
    """Seal the days that are due and those whose key is gone already, since it was in memory only."""
    engine.refresh()
    due = ring.due()
    keyless = [day for day in days_with_tokens(engine.lake) if ring.is_sealed(day)]
    removed = seal(engine, sorted({*due, *keyless}))
    for day in due:
        ring.destroy(day)
    engine.lake.write(KEYS, ring.rows(), "part")
    engine.refresh()
    return removed


def _refused(house: House, lake: Lake, tables: tuple[str, ...], what: str) -> int:
    """Refuse what came for days that were purged, and tell how much it was."""
    refused = refuse(lake, tables, house.as_of)
    if refused:
        house.tell(f"{refused:,} {what} of days whose time is over were refused; ledger.purges counts them")
    return refused


def _account(house: House, lake: Lake, kind: str, delivery: Delivery, name: str) -> None:
    books = Books(lake, kind)
    books.entries = delivery.entries
    books.rejects = delivery.rejects
    unknown: dict[str, set[str]] = {}
    for entry in delivery.entries:
        place = f"{ACCESS_EVENTS}/{entry.found.site}" if entry.found.folder == ACCESS_EVENTS else entry.file_name  # once for a source, however many its files
        unknown.setdefault(place, set()).update(entry.unknown_columns)
    for place, names in unknown.items():
        if names:
            declared = LEDGERS.get(place.partition("/")[0], native.EVENTS)
            house.tell(f"{place}: columns without a meaning are left out: {_named(sorted(names), {folded(column.name): column.name for column in declared})}")
    told = [*delivery.unfinished, *refusals(delivery.entries, delivery.rejects)]
    for line in told[:MOST_TOLD]:
        house.tell(line)
    if len(told) > MOST_TOLD:
        house.tell(f"{len(told) - MOST_TOLD:,} more inputs have refused rows; ledger.quarantine lists every one")
    books.commit(name, house.as_of)


def _prove(house: House, lake: Lake) -> None:
    """Put in place the holes that sources of access events prove by all they ever said, and tell of them and of doubts."""
    proven = source_proofs(lake.read("ledger.attestations"))
    found = source_gaps(proven)
    lake.write("ledger.source_gaps", found, "part")
    lake.write("scrubbed.gaps", gaps(found), "sources")
    for source, proof in proven[:MOST_TOLD]:
        house.tell(f"{ACCESS_EVENTS}/{source}: {proof.object or 'the source'}: {_told(proof)}")
    if len(proven) > MOST_TOLD:
        house.tell(f"{ACCESS_EVENTS}: {len(proven) - MOST_TOLD:,} more; ledger.source_gaps lists every gap")


def _told(proof: Proof) -> str:
    if proof.begin is None:
        return f"{proof.rule}, so nothing is proven of what it covers"
    end = f"{proof.end:%Y-%m-%d %H:%M:%S} UTC" if proof.end else "now on"
    return f"{proof.rule}, entries from {proof.begin:%Y-%m-%d %H:%M:%S} to {end} are missing; accesses of that time are LOG_GAP"


def _named(columns: Iterable[str], meant: Mapping[str, str]) -> str:
    """Return names of columns as they may be told, with the declared ones they may be meant to be.

    Of a file without a header, of a sheet with a column for each person and of JSON with a key for each they are somebody's data: those are only counted.
    """
    names = list(columns)
    told = [name for name in names if is_field_name(name)]
    said = [f"{name} (if {meant[folded(name)]} is meant, write it so)" if folded(name) in meant else name for name in told]
    return ", ".join([*said, *([f"{len(names) - len(told)} that are not named like columns"] if len(told) < len(names) else [])])


def _first_seen(lake: Lake) -> pa.Table:
    """Return what earlier runs saw of each finding; the run that found the last ones is told by its as-of."""
    before, files, runs = lake.read(FIRST_SEEN), lake.files(FINDINGS), lake.read("scrubbed.run").column("as_of").to_pylist()
    if not files or not runs:
        return before
    return seen(before, pq.read_table(files[0], columns=["finding_id", "code", "first_seen_at"], partitioning=None), runs[0])


def _landing(house: House) -> Path:
    if house.landing is None:
        raise UsageError("no landing folder is named; set GLASSHOUSE_LANDING or name LANDING")
    return house.landing
