"""The ledger of inputs as it grows in a run: what was read, refused and quarantined, written last and at once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dagster_project import __version__
from dagster_project.engines.lake import INPUTS, Lake, schema
from dagster_project.errors import GlasshouseError, InputError, StoreError
from dagster_project.paths import as_text
from dagster_project.reading.accesses.attestations import Attestation
from dagster_project.reading.accesses.postgres.sessions import EVERY_SESSION
from dagster_project.reading.files import Found
from dagster_project.reading.ledger_columns import LEDGERS
from dagster_project.reading.logs.formats import AND, FORMATS
from dagster_project.reading.logs.lines import Lines
from dagster_project.reading.pieces import Piece, pieces
from dagster_project.reading.rejects import REJECTS
from dagster_project.scrubbing.codes import REDACTED, code

CURRENT = "current"  # the name of what each run replaces: ledgers are read whole, every time
REASONS = {
    "bad_time": "a time that is not ISO 8601 or lacks its zone",
    "field_missing": "a required value missing",
    "field_count": "more or fewer cells than the header, or a stray quote",
    "json_error": "no JSON",
    "json_not_object": "no JSON object",
    "bad_utf8": "bytes that are not UTF-8",
    "nul": "a NUL",
    "duplicate_event": "the id of an event that says something else",
    "no_match": "another form than its source has",
    "other": "a value that does not fit its column (docs/ledgers.md), or contradicts another row",
}
_REJECTS = pa.schema([*REJECTS, pa.field("input_id", pa.string())])


@dataclass
class Entry:
    """What became of one input; counts are lines, or rows where the file is Parquet."""

    input_id: str
    found: Found
    file_name: str
    format: str | None = None
    bytes: int = 0
    lines: int = 0
    parsed: int = 0
    quarantined: int = 0
    blank: int = 0
    duplicates: int = 0
    first_event_at: datetime | None = None
    last_event_at: datetime | None = None
    refusal: InputError | None = None
    damage: InputError | None = None
    unknown_columns: tuple[str, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)  # entries of access events that are no access, by name; part of blank
    attestations: tuple[Attestation, ...] = ()
    no_requests: int = 0  # lines of a request log that say something else; part of blank
    has_places: bool = True  # its rows stand on lines of the file

    def saw(self, first: datetime | None, last: datetime | None) -> None:
        """Widen the span of instants."""
        self.first_event_at = min((at for at in (self.first_event_at, first) if at), default=None)
        self.last_event_at = max((at for at in (self.last_event_at, last) if at), default=None)

    def saw_formats(self, others: Iterable[str]) -> None:
        """Name the formats that lines are in which the first of the file are not, in the order of FORMATS wherever they stand."""
        own, *known = (self.format or "").split(AND)
        named = {*known, *others} - {own}
        self.format = AND.join([own, *(each.name for each in FORMATS if each.name in named)]) if others else self.format

    def row(self, read_at: datetime) -> dict[str, Any]:
        """Return the row of ledger.inputs.

        Raises GlasshouseError where the lines do not add up.
        """
        if self.lines != self.parsed + self.quarantined + self.blank:
            raise GlasshouseError(f"{self.file_name}: {self.lines} lines are not {self.parsed} parsed + {self.quarantined} quarantined + {self.blank} blank")
        return {
            "input_id": self.input_id,
            "folder": self.found.folder,
            "site": self.found.site,
            "format": self.format,
            "parser_version": __version__,
            "bytes": self.bytes,
            "lines": self.lines,
            "parsed": self.parsed,
            "quarantined": self.quarantined,
            "blank_or_comment": self.blank,
            "duplicates": self.duplicates,
            "first_event_at": self.first_event_at,
            "last_event_at": self.last_event_at,
            "read_at": read_at,
            "status": "refused" if self.refusal else "read",
            "reason": self.advice.code if self.advice else None,
        }

    @property
    def advice(self) -> InputError | None:
        """Return why the input was refused, or why only part of it could be read."""
        return self.refusal or self.damage

    @property
    def said(self) -> str | None:
        """Return the advice in words, with the file's place in the landing folder."""
        if not self.advice:
            return None
        return as_text(str(self.advice) if isinstance(self.advice, StoreError) else f"{self.file_name}: {self.advice.rule}")

    def refuse(self, error: InputError) -> None:
        """Refuse the whole input: it adds no rows."""
        self.refusal = error
        self.lines = self.parsed = self.quarantined = self.blank = self.duplicates = self.no_requests = 0
        self.others, self.attestations = {}, ()


class Books:
    """The entries of a run for one kind of input, and its quarantine."""

    def __init__(self, lake: Lake, kind: str) -> None:
        self.lake = lake
        self.kind = kind
        self.entries: list[Entry] = []
        self.rejects: list[pa.Table] = []

    def commit(self, name: str, read_at: datetime) -> None:
        """Write the quarantine, then the files' names, then the ledger of inputs: only now the inputs count.

        Refused inputs stand in a file of their own that each run replaces, so that they are tried again.
        """
        read = [entry for entry in self.entries if not entry.refusal]
        rejects = pa.concat_tables([_REJECTS.empty_table(), *self.rejects])
        of_read = rejects.filter(pc.is_in(rejects.column("input_id"), pa.array([entry.input_id for entry in read], pa.string())))
        self._write([entry for entry in self.entries if entry.refusal], "refused", read_at)
        if read or name == CURRENT:
            self.lake.write("ledger.quarantine", of_read, f"{self.kind}-{name}")
            self._write_of("ledger.non_accesses", [_other(entry, each) for entry in read for each in sorted(entry.others)], name)
            self._write_of("ledger.attestations", attestations(read).to_pylist(), name)
            self._write(read, name, read_at)

    def _write(self, entries: list[Entry], name: str, read_at: datetime) -> None:
        names = [{"input_id": entry.input_id, "file_name": as_text(entry.file_name), "advice": entry.said} for entry in entries]
        rows = [entry.row(read_at) for entry in entries]
        self.lake.write("ledger.input_files", pa.Table.from_pylist(names, schema("ledger.input_files")), f"{self.kind}-{name}")
        self.lake.write(INPUTS, pa.Table.from_pylist(rows, schema(INPUTS)), f"{self.kind}-{name}")

    def _write_of(self, table: str, rows: list[dict[str, Any]], name: str) -> None:
        if rows:
            self.lake.write(table, pa.Table.from_pylist(rows, schema(table)), f"{self.kind}-{name}")


def _other(entry: Entry, name: str) -> dict[str, Any]:
    return {"input_id": entry.input_id, "name": name, "entries": entry.others[name]}


def attestations(entries: Iterable[Entry]) -> pa.Table:
    """Return the rows of ledger.attestations for what inputs say."""
    read = (entry for entry in entries if not entry.refusal)
    rows = [{"input_id": entry.input_id, "source": entry.found.site, **each._asdict(), "object": as_text(each.object)} for entry in read for each in _without_names(entry)]
    return pa.Table.from_pylist(rows, schema("ledger.attestations"))


def _without_names(entry: Entry) -> Iterator[Attestation]:
    """Yield what an input says, with a number for a role, database or function whose name is no code: it can be a person's.

    Numbers of two inputs have nothing to do with each other: what is on again in another input is still off, since it could be another's.
    """
    numbers: dict[str, int] = {}
    for each in entry.attestations:
        what, _, name = each.object.partition(" ")
        if each.says in ("on", "off") and what != EVERY_SESSION and code(name) == REDACTED:
            number = numbers.setdefault(each.object, len(numbers) + 1)
            yield each._replace(object=f"{what} {REDACTED} {number} of {entry.input_id}")
        else:
            yield each


def with_input(rejects: pa.Table, input_id: str) -> pa.Table:
    """Return refused lines with the input they stand in."""
    return rejects.append_column("input_id", pa.repeat(pa.scalar(input_id, pa.string()), rejects.num_rows))


def count_refused(entries: Mapping[str, Entry], rejects: list[pa.Table], refused: pa.Table) -> None:
    """Move rows that were read but then refused from parsed to quarantined; `refused` has input_id, line_number and reason.

    Several rows may have been read of one line, which is refused once.
    """
    reasons: dict[str, dict[int, str]] = {}
    for row in refused.to_pylist():
        entry, of_input = entries[row["input_id"]], reasons.setdefault(row["input_id"], {})
        entry.parsed -= 1
        entry.lines -= row["line_number"] in of_input
        of_input[row["line_number"]] = row["reason"]
    for input_id, of_input in reasons.items():
        entry = entries[input_id]
        entry.quarantined += len(of_input)
        rejects.append(with_input(_placed(entry, of_input), input_id))


def refusals(entries: Iterable[Entry], rejects: Iterable[pa.Table]) -> Iterator[str]:
    """Yield a sentence for each input that was read but for some rows: how many are refused, where the first one of each reason stands, and why."""
    counted = pa.concat_tables([_REJECTS.empty_table(), *rejects]).group_by(["input_id", "reason"], use_threads=False)
    of_input: dict[str, list[dict[str, Any]]] = {}
    for row in counted.aggregate([("line_number", "count"), ("line_number", "min")]).to_pylist():
        of_input.setdefault(row["input_id"], []).append(row)
    for entry in entries:
        if rows := [] if entry.refusal else of_input.get(entry.input_id, []):
            unit = "line" if entry.has_places else "row"
            ordered = sorted(rows, key=lambda row: row["line_number_min"])
            each = [f"{row['line_number_count']:,} with {REASONS.get(row['reason'], row['reason'])}, the first in {unit} {row['line_number_min']:,}" for row in ordered]
            yield as_text(f"{entry.file_name}: {entry.quarantined:,} {'rows are' if entry.quarantined > 1 else 'row is'} refused: {'; '.join(each)}")


def withdrawn(before: pa.Table, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield a sentence for each ledger that holds fewer rows than `before` (ledger.inputs) says: what is recorded is added to, so some of it was taken away.

    A ledger with a refused file is left out, since that is told already.
    """
    rows, now, refused = Counter[str](), Counter[str](), set[str]()
    for row in before.to_pylist():
        if row["folder"] in LEDGERS:
            rows[row["folder"]] += row["parsed"] - row["duplicates"] + row["quarantined"]
    for entry in entries:
        now[entry.found.folder] += entry.parsed - entry.duplicates + entry.quarantined
        refused |= {entry.found.folder} if entry.refusal else set()
    for folder in sorted(rows.keys() - refused):
        if fewer := max(0, rows[folder] - now[folder]):
            were = "1 row is gone that was" if fewer == 1 else f"{fewer:,} rows are gone that were"
            yield f"{folder}/: {were} there when the last run read it, and nothing rests on what is gone; deliver it again, or findings and permissions change with it"


def _placed(entry: Entry, reasons: Mapping[int, str]) -> pa.Table:
    """Return the index of refused lines, by line number; rows of Parquet and entries of a document stand at no byte."""
    if not entry.has_places:
        rows = [{"line_number": line, "reason": reason, "shape": ""} for line, reason in sorted(reasons.items())]
        return pa.Table.from_pylist(rows, REJECTS)
    placed = []
    for piece in pieces(entry.found):
        lines = Lines(piece.body, piece.bounds)
        here = {line - piece.first_line: reason for line, reason in reasons.items() if 0 <= line - piece.first_line < len(lines)}
        placed.append(moved(lines.rejects(here), piece))
    return pa.concat_tables(placed)


def moved(rejects: pa.Table, piece: Piece) -> pa.Table:
    """Return refused lines of a piece with their places in the whole file."""
    shifts = {"line_number": piece.first_line - 1, "byte_offset": piece.byte_offset}
    columns = [pc.add(rejects.column(name), shifts[name]) if name in shifts else rejects.column(name) for name in rejects.column_names]
    return pa.table(columns, schema=rejects.schema)
