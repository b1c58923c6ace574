"""Takes access events: each input once, each event once; an event that is delivered again with other content is refused."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.engines.house import Watch, unwatched
from dagster_project.engines.intake.accounting import Entry, count_refused, with_input
from dagster_project.engines.intake.delivery import Delivery
from dagster_project.engines.intake.inputs import ACCESS_EVENTS, Discovery, KnownInputs, skipped_bytes, unfinished
from dagster_project.engines.intake.sources import adapter_of, name_below
from dagster_project.engines.intake.spool import Spool
from dagster_project.errors import ColumnError, FormatError, InputError
from dagster_project.reading.accesses import native
from dagster_project.reading.accesses.adapters import beginning
from dagster_project.reading.accesses.events import Events, Given, Take
from dagster_project.reading.files import Body, Found, is_compressed
from dagster_project.reading.identity import Identity, refuse_changed
from dagster_project.reading.pieces import lines_before, pieces
from dagster_project.settings import Source


def read_accesses(delivery: Delivery, spool: Spool, known: KnownInputs | None = None, watch: Watch = unwatched) -> None:
    """Put the new rows of scrubbed.access_events into a spool; what became of each file and row is entered in the delivery.

    `known` are the inputs that earlier runs read.
    """
    known = known or {}
    reader = _Reader(delivery)
    discovered = Discovery(delivery.landing, known, reader.is_line).discover((ACCESS_EVENTS,), watch)
    read = {input_id for of_group in known.values() for input_id in of_group}
    entries: dict[str, Entry] = {}
    for entry, who in discovered.new:
        for copy in (entry, *discovered.copies.get(entry.input_id, ())):
            entries[copy.input_id] = copy
            already = len(delivery.rejects)
            try:
                with spool.input(copy.input_id, delivery.people) as keep:
                    reader.read(copy, skipped_bytes(who, read), delivery.rejects, keep)
                    refuse_changed(copy.found, who)
                read.add(copy.input_id)
                break
            except InputError as error:  # of native events the name says the format, and a copy may have another name
                copy.refuse(error)
                del delivery.rejects[already:]
    delivery.unfinished += unfinished(discovered.waiting)
    delivery.entries += [*discovered.refused, *entries.values()]
    for refused, duplicates in spool.merge():
        count_refused(entries, delivery.rejects, refused)
        for input_id in duplicates.column("input_id").to_pylist():
            entries[input_id].duplicates += 1
    for input_id, first, last in spool.spans():
        entries[input_id].saw(first, last)


class _Reader:
    """Reads files of access events; of a file that grew, what is new."""

    def __init__(self, delivery: Delivery) -> None:
        self._zones = delivery.zones
        self._settings = delivery.settings

    def is_line(self, file: Found, who: Identity) -> bool:
        """Tell whether the last line of a file, which has no line end, is a whole row."""
        read = self._events(file, None, lambda *_: None)
        last = lines_before(file, who.closed_bytes) + 1
        return not read.has_lines or not pc.any(pc.greater_equal(read.rejects.column("line_number"), last)).as_py()

    def read(self, entry: Entry, skip_bytes: int, all_rejects: list[pa.Table], keep: Callable[[pa.Table], None]) -> None:
        """Let `keep` have the rows behind the bytes that were read before, and count them and the lines that are refused."""
        end_bytes = None if is_compressed(entry.found.path) else entry.bytes
        is_whole = not skip_bytes and end_bytes is None
        before = _Lines.of(entry.found, 0, skip_bytes)
        new = _Lines() if is_whole else _Lines.of(entry.found, skip_bytes, end_bytes)
        # A line that was read without its end, and goes on, is another event of the same id, or it would count as half of itself for good.
        first = before.count - (before.ends_open and not new.begins_blank)

        def within(table: pa.Table, has_lines: bool) -> pa.Table:
            return table if is_whole or not has_lines else _within(table, first, first + new.count)

        def take(rows: pa.Table, has_lines: bool) -> None:
            found = within(rows, has_lines)
            entry.parsed += found.num_rows
            keep(found)

        read = self._events(entry.found, end_bytes, take)
        take(read.rows, read.has_lines)
        entry.format, entry.unknown_columns, entry.has_places, entry.attestations = read.form, read.unmapped, read.has_lines, read.attestations
        rejects, others = (within(table, read.has_lines) for table in (read.rejects, read.others))
        entry.others = {row["values"]: row["counts"] for row in others.column("name").value_counts().to_pylist()}
        entry.quarantined = rejects.num_rows
        entry.blank = (new.blank if skip_bytes and read.has_lines else read.blank) + others.num_rows
        entry.lines = entry.parsed + entry.quarantined + entry.blank
        all_rejects.append(with_input(rejects, entry.input_id))

    def _events(self, file: Found, end_bytes: int | None, take: Take) -> Events:
        adapter = adapter_of(file, self._settings)
        if adapter is None:
            try:
                return native.read(file.path, file.site, self._zones, take)
            except (FormatError, ColumnError) as error:
                first = beginning(file)
                if all(name.encode() in first for name in native.REQUIRED):
                    raise
                mapped = f"or, if this is another source's own log, say in settings what its fields mean: fields below [sources.{file.site}] (docs/access-sources.md)"
                raise type(error)(error.place, f"{error.rule}; {mapped}", error.code) from None
        declared = self._settings.sources.get(file.site, Source())
        read = adapter.read(Body.of(file.path, end_bytes), Given(file.site, name_below(file), self._zones, declared, self._settings.access, take))
        return replace(read, form=f"{adapter.name} {read.form}")


@dataclass(frozen=True)
class _Lines:
    """The lines between two places of a file: how many there are, how many of them blank, whether the first one is, and whether the last one has no end."""

    count: int = 0
    blank: int = 0
    begins_blank: bool = True
    ends_open: bool = False

    @classmethod
    def of(cls, file: Found, skip_bytes: int, end_bytes: int | None) -> Self:
        found = cls()
        for piece in pieces(file, skip_bytes, end_bytes=end_bytes):
            blank = [not line.strip() for line in piece.body.splitlines()]
            found = cls(found.count + piece.lines, found.blank + sum(blank), found.begins_blank if found.count else blank[0], piece.ends_open)
        return found


def _within(table: pa.Table, first: int, last: int) -> pa.Table:
    """Return the rows of the lines behind the first so many, up to a last one."""
    numbers = table.column("line_number")
    return table.filter(pc.and_(pc.greater(numbers, first), pc.less_equal(numbers, last)))
