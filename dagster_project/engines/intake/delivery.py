"""Reads every ledger of a landing folder, whole, into the contract tables of sql/1_scrubbed; people are resolved and left behind."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from dagster_project.engines.intake.accounting import Entry, count_refused, with_input
from dagster_project.engines.intake.promise_sets import promises
from dagster_project.engines.intake.sources import whole_second_sources
from dagster_project.engines.lake import schema
from dagster_project.errors import InputError
from dagster_project.reading import ledgers as reading
from dagster_project.reading.files import found
from dagster_project.reading.identity import identity, refuse_changed
from dagster_project.reading.ledger_columns import LEDGERS
from dagster_project.scrubbing import ledgers as scrubbing
from dagster_project.scrubbing.people import People
from dagster_project.settings import Settings, Source

# They tell who a name is, and no table holds them.
OF_PEOPLE = ("users", "grantors")
# What must be known before requests and access events can be scrubbed.
WHO_IS_WHO = ("staff", "users", "grantors", "accounts", "sources")
ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass
class Delivery:
    """What the ledgers of a landing folder say, as contract tables by name, and what became of each file."""

    landing: Path
    tables: dict[str, pa.Table]
    people: People
    zones: dict[str, str]
    settings: Settings = field(default_factory=Settings)
    entries: list[Entry] = field(default_factory=list)
    rejects: list[pa.Table] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)  # what to say of files of access events whose last line is not read yet


def deliver(landing: Path, settings: Settings, as_of: datetime, folders: Collection[str] = tuple(LEDGERS), whole_seconds: Collection[str] = ()) -> Delivery:
    """Read the ledgers, or those of `folders`; a file that is refused is told in its entry, and the rest counts.

    `whole_seconds`: sources of access events read before whose form has stamps of whole seconds.
    """
    entries: dict[str, Entry] = {}
    rejects: list[pa.Table] = []
    native = {folder: _read_folder(landing, folder, entries, rejects, is_wanted=folder in folders) for folder in LEDGERS}
    sources = _with_whole_seconds(settings, {*whole_seconds, *whole_second_sources(landing, settings)})
    people = People.of(native["staff"], native["users"], native["grantors"], native["accounts"])
    tables = _given(settings, as_of)
    for folder in sorted(set(LEDGERS) - set(OF_PEOPLE)):
        scrubbed = scrubbing.scrub(folder, native.pop(folder), people, sources)
        tables[f"scrubbed.{folder}"] = scrubbed.table
        count_refused(entries, rejects, scrubbed.refused)
        for input_id in scrubbed.duplicates.column("input_id").to_pylist():
            entries[input_id].duplicates += 1
    if not (landing / "policies").is_dir():
        tables["scrubbed.policies"] = _policy_of_settings(settings)
    zones = {row["source"]: row["time_zone"] for row in tables["scrubbed.sources"].to_pylist() if row["time_zone"]}
    return Delivery(landing, tables, people, zones, settings, list(entries.values()), rejects)


def _with_whole_seconds(settings: Settings, names: Collection[str]) -> dict[str, Source]:
    """Return the sources of settings, and those whose form has stamps of whole seconds, unless settings say otherwise."""
    declared = {name: settings.sources.get(name, Source()) for name in {*settings.sources, *names}}
    return {name: source.model_copy(update={"whole_seconds": True}) if name in names and source.whole_seconds is None else source for name, source in declared.items()}


def _read_folder(landing: Path, folder: str, entries: dict[str, Entry], rejects: list[pa.Table], *, is_wanted: bool) -> pa.Table:
    reads: dict[str, reading.LedgerRead] = {}
    for file in found(landing, folder) if is_wanted else []:
        entry = Entry(f"refused-{folder}-{len(entries):04d}", file, str(file.path.relative_to(landing)))
        try:
            who = identity(file, {})
            if who.size_bytes and who.input_id in reads:
                continue
            read = reading.read(folder, file.path)
            refuse_changed(file, who, is_whole=True)
            entry.input_id, entry.bytes, entry.format = who.input_id, who.size_bytes, read.format
            entry.lines, entry.parsed, entry.quarantined, entry.blank = read.lines, read.rows.num_rows, read.rejects.num_rows, read.blank
            entry.unknown_columns, entry.has_places = read.unknown_columns, read.format != "parquet"
            rejects.append(with_input(read.rejects, entry.input_id))
            reads[who.input_id] = read
        except InputError as error:
            entry.refuse(error)
        entries[entry.input_id] = entry
    return reading.together(folder, reads)


def _given(settings: Settings, as_of: datetime) -> dict[str, pa.Table]:
    """Return the tables that settings and the run itself give."""
    classes = [(name, kind) for kind in ("company", "personal", "business") for name in getattr(settings.record_classes, kind)]
    run = {"as_of": as_of, "dark_access_within_s": settings.access.dark_access_within_s, "k_visitors": settings.thresholds.k_visitors, "min_seats": settings.thresholds.min_seats}
    return {
        "scrubbed.run": _table("scrubbed.run", [run]),
        "scrubbed.record_classes": _table("scrubbed.record_classes", [{"record_class": name, "kind": kind} for name, kind in classes]),
        "scrubbed.limits": _table("scrubbed.limits", [{"record_class": name, "records": most} for name, most in settings.limits.records.items()]),
        "scrubbed.promises": _table("scrubbed.promises", promises(settings)),
    }


def _policy_of_settings(settings: Settings) -> pa.Table:
    """Without a policies folder one policy is always in force: it exempts the company classes of settings."""
    row = {"policy_id": "settings", "noticed_at": ALWAYS, "notice_days": 0, "exempt_classes": list(settings.record_classes.company)}
    return _table("scrubbed.policies", [row])


def _table(name: str, rows: Iterable[Mapping[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema(name))
