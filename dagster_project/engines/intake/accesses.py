"""Takes access events: each input once, each event once; one that comes again with other content is refused."""


import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.engines.intake.accounting import Entry
from dagster_project.engines.intake.delivery import Delivery, count_refused, with_input
from dagster_project.engines.lake import schema
from dagster_project.errors import InputError
from dagster_project.reading.accesses import native
from dagster_project.reading.files import Found, found, identity, lines_before
from dagster_project.scrubbing import accesses as scrubbing

FOLDER = "access_events"
EVENTS = "scrubbed.access_events"


class Known:
    """What earlier runs read: sizes in bytes of inputs by source, and the events stored."""

    def __init__(self, inputs: pa.Table | None = None, events: pa.Table | None = None) -> None:
        rows = [row for row in inputs.to_pylist() if row["folder"] == FOLDER and row["status"] == "read"] if inputs else []
        self.bytes: dict[str, dict[str, int]] = {}
        self.events = events
        for row in rows:
            self.bytes.setdefault(row["site"], {})[row["input_id"]] = row["bytes"]


def read_accesses(delivery: Delivery, known: Known | None = None) -> pa.Table:
    """Return the new rows of scrubbed.access_events; what became of each file and row is entered in the delivery."""
    known = known or Known()
    entries: dict[str, Entry] = {}
    tables = [_read_file(delivery, file, known, entries) for file in sorted(found(delivery.landing, FOLDER), key=lambda file: (file.path.stat().st_size, file.path))]
    rows = [table for table in tables if table is not None]
    delivery.entries += entries.values()
    if not rows:
        return schema(EVENTS).empty_table()
    scrubbed = scrubbing.scrub(pa.concat_tables(rows), delivery.people, known.events)
    count_refused(entries, delivery.rejects, scrubbed.refused)
    for input_id in scrubbed.duplicates.column("input_id").to_pylist():
        entries[input_id].duplicates += 1
    for row in scrubbed.table.group_by("input_id").aggregate([("occurred_at", "min"), ("occurred_at", "max")]).to_pylist():
        entries[row["input_id"]].saw(row["occurred_at_min"], row["occurred_at_max"])
    return scrubbed.table


def _read_file(delivery: Delivery, file: Found, known: Known, entries: dict[str, Entry]) -> pa.Table | None:
    """Return the rows of a file that are new; None where there are none."""
    entry = Entry(f"refused-{FOLDER}-{len(entries):04d}", file, str(file.path.relative_to(delivery.landing)))
    of_source = known.bytes.setdefault(file.site, {})
    try:
        who = identity(file, of_source)
        if who.input_id in of_source:
            return None
        read = native.read(file.path, file.site, delivery.zones)
    except InputError as error:
        entry.refuse(error)
        entries[entry.input_id] = entry
        return None
    before = lines_before(file, who.skip_bytes)
    rows, rejects = (table.filter(pc.greater(table.column("line_number"), before)) for table in (read.rows, read.rejects))
    entry.input_id, entry.bytes, entry.format = who.input_id, who.size_bytes, f"native {read.format}"
    entry.lines, entry.parsed, entry.quarantined = read.lines - before, rows.num_rows, rejects.num_rows
    entry.blank = entry.lines - entry.parsed - entry.quarantined
    entry.unknown_columns = read.unknown_columns
    of_source[entry.input_id] = entry.bytes
    delivery.rejects.append(with_input(rejects, entry.input_id))
    entries[entry.input_id] = entry
    return rows.add_column(0, "input_id", pa.array([entry.input_id] * rows.num_rows, pa.string()))


