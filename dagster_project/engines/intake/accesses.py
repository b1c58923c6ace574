"""Takes access events: each input once, each event once; one that comes again with other content is refused."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.engines.house import unwatched
from dagster_project.engines.intake.accounting import Entry, count_refused, with_input
from dagster_project.engines.intake.delivery import Delivery
from dagster_project.engines.intake.inputs import Discovery, KnownInputs, skipped_bytes
from dagster_project.engines.intake.sources import FOLDER, adapter_of, name_below
from dagster_project.engines.lake import schema
from dagster_project.errors import InputError
from dagster_project.reading.accesses import native
from dagster_project.reading.accesses.events import Events, Given
from dagster_project.reading.files import Found, Identity, body, is_compressed, lines_before, pieces
from dagster_project.scrubbing import accesses as scrubbing
from dagster_project.settings import Source

EVENTS = "scrubbed.access_events"


@dataclass(frozen=True)
class Known:
    """What earlier runs read: the inputs, and the events stored."""

    inputs: KnownInputs = field(default_factory=dict)
    events: pa.Table | None = None


def read_accesses(delivery: Delivery, known: Known | None = None, watch: Callable[[str, int, int], None] = unwatched) -> pa.Table:
    """Return the new rows of scrubbed.access_events; what became of each file and row is entered in the delivery."""
    known = known or Known()
    reader = _Reader(delivery)
    discovered = Discovery(delivery.landing, known.inputs, reader.is_line).discover((FOLDER,), watch)
    read = {input_id for of_group in known.inputs.values() for input_id in of_group}
    rows: list[pa.Table] = []
    entries: dict[str, Entry] = {}
    for entry, who in discovered.new:
        entries[entry.input_id] = entry
        try:
            rows.append(reader.rows(entry, skipped_bytes(who, read), delivery.rejects))
            read.add(entry.input_id)
        except InputError as error:
            entry.refuse(error)
    delivery.entries += [*discovered.refused, *entries.values()]
    return _scrubbed(delivery, entries, pa.concat_tables(rows), known) if rows else schema(EVENTS).empty_table()


def _scrubbed(delivery: Delivery, entries: dict[str, Entry], rows: pa.Table, known: Known) -> pa.Table:
    scrubbed = scrubbing.scrub(rows, delivery.people, known.events)
    count_refused(entries, delivery.rejects, scrubbed.refused)
    for input_id in scrubbed.duplicates.column("input_id").to_pylist():
        entries[input_id].duplicates += 1
    for row in scrubbed.table.group_by("input_id").aggregate([("occurred_at", "min"), ("occurred_at", "max")]).to_pylist():
        entries[row["input_id"]].saw(row["occurred_at_min"], row["occurred_at_max"])
    return scrubbed.table


class _Reader:
    """Reads files of access events; of a file that grew, what is new."""

    def __init__(self, delivery: Delivery) -> None:
        self._zones = delivery.zones
        self._settings = delivery.settings

    def is_line(self, file: Found, who: Identity) -> bool:
        """Tell whether the last line of a file, which has no line end, is a whole row."""
        read = self._events(file, None)
        last = lines_before(file, who.closed_bytes) + 1
        return not read.has_lines or not pc.any(pc.greater_equal(read.rejects.column("line_number"), last)).as_py()

    def rows(self, entry: Entry, skip_bytes: int, all_rejects: list[pa.Table]) -> pa.Table:
        """Return the rows behind the bytes that were read before, and count them and the lines that are refused."""
        end_bytes = None if is_compressed(entry.found.path) else entry.bytes
        read = self._events(entry.found, end_bytes)
        entry.format, entry.unknown_columns, entry.has_places, entry.attestations = read.form, read.unmapped, read.has_lines, read.attestations
        tables, entry.blank = [read.rows, read.rejects, read.others], read.blank
        if skip_bytes or end_bytes is not None:
            before, _ = _lines(entry.found, 0, skip_bytes)
            new, blank = _lines(entry.found, skip_bytes, end_bytes)
            entry.blank = blank if skip_bytes and read.has_lines else entry.blank
            tables = [_within(table, before, before + new) for table in tables] if read.has_lines else tables
        rows, rejects, others = tables
        entry.others = {row["values"]: row["counts"] for row in others.column("name").value_counts().to_pylist()}
        entry.parsed, entry.quarantined, entry.blank = rows.num_rows, rejects.num_rows, entry.blank + others.num_rows
        entry.lines = entry.parsed + entry.quarantined + entry.blank
        all_rejects.append(with_input(rejects, entry.input_id))
        return rows.add_column(0, "input_id", pa.repeat(pa.scalar(entry.input_id, pa.string()), rows.num_rows))

    def _events(self, file: Found, end_bytes: int | None) -> Events:
        adapter = adapter_of(file, self._settings)
        if adapter is None:
            return native.read(file.path, file.site, self._zones)
        declared = self._settings.sources.get(file.site, Source())
        read = adapter.read(body(file, end_bytes), Given(file.site, name_below(file), self._zones, declared, self._settings.access))
        return replace(read, form=f"{adapter.name} {read.form}")


def _lines(file: Found, skip_bytes: int, end_bytes: int | None) -> tuple[int, int]:
    """Return how many lines stand between two places of a file, and how many of them are blank."""
    lines = blank = 0
    for piece in pieces(file, skip_bytes, end_bytes=end_bytes):
        lines += piece.lines
        blank += sum(not line.strip() for line in piece.body.splitlines())
    return lines, blank


def _within(table: pa.Table, before: int, last: int) -> pa.Table:
    numbers = table.column("line_number")
    return table.filter(pc.and_(pc.greater(numbers, before), pc.less_equal(numbers, last)))
