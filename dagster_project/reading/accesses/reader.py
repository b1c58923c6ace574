"""Turns the entries of any source into native events, by the form of the source and by what settings declare for it."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from dagster_project.reading.accesses import native
from dagster_project.reading.accesses.entries import Batch as EntryBatch
from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.entries import read as read_entries
from dagster_project.reading.accesses.envelopes import Shape, unwrapped
from dagster_project.reading.accesses.events import OTHERS, Adapter, Events, Given
from dagster_project.reading.accesses.fields import leaves, stamp, text
from dagster_project.reading.accesses.rules import declared_columns, is_access, taken
from dagster_project.reading.accesses.statements import touches
from dagster_project.reading.accesses.statements.touches import Statement
from dagster_project.reading.cells import Column, from_json
from dagster_project.reading.files import Body
from dagster_project.reading.ledgers import fitting, schema
from dagster_project.reading.rejects import Place, rejected
from dagster_project.reading.rows import Batch, Places

COLUMNS = (*native.EVENTS, Column("actor_aliases", "list"), Column("is_part", "boolean"))
NOT_SELECTED = "not_selected"
_LONGEST_KIND = 64  # characters of a prefix that names a kind


@dataclass(frozen=True)
class Form:
    """How one source writes its entries.

    `event` returns the native columns of an entry (one that lacks a required column is refused), `other` the name of an entry that is no access. Both
    take any object and never raise. `known`: the fields of an entry; any other is reported. Empty: the fields that settings map. `whole`: sets of names that
    distinguish an entry from what carries it (`envelopes.Shape`). `statement`: the SQL in an entry, from which follows what was reached. `renamed`: field
    names of exports, each with the source's own. `note` is called with every entry, in the order of the file, before it is read.
    """

    name: str
    event: Callable[[Fields, Given], Mapping[str, Any]]
    other: Callable[[Fields], str | None] = lambda _: None
    known: frozenset[str] = frozenset()
    whole: tuple[frozenset[str], ...] = ()
    statement: Callable[[Fields], Statement | None] = lambda _: None
    renamed: Mapping[str, str] = field(default_factory=dict)
    note: Callable[[Fields], None] = lambda _: None

    def completed(self, entry: Fields) -> Fields:
        """Return an entry of an export with the source's own names for its fields."""
        renamed = {name: entry[exported] for exported, name in self.renamed.items() if exported in entry and name not in entry}
        return {**{name: value for name, value in entry.items() if name not in self.renamed}, **renamed} if renamed else entry


def adapter(form: Form, *marks: bytes, whole_seconds: bool = False) -> Adapter:
    """Return the adapter of a form; a file is recognised where each of `marks`, regular expressions, is found in its first bytes."""
    expressions = [re.compile(mark) for mark in marks]

    def is_mine(first: bytes) -> bool:
        written = first.replace(b"\\", b"").replace(b'""', b'"')  # an entry that is carried as text, in JSON or in CSV
        return bool(marks) and all(mark.search(written) for mark in expressions)

    return Adapter(form.name, is_mine, lambda body, given: read(body, given, form), whole_seconds)


def by_prefix(name: str, kinds: Mapping[str, str | None]) -> str | None:
    """Return the value of the longest key of `kinds` that a name begins with; `kinds` has an empty key."""
    return next(kinds[name[:end]] for end in range(min(len(name), _LONGEST_KIND), -1, -1) if name[:end] in kinds)


def read(body: Body, given: Given, form: Form) -> Events:
    """Return the events of a file; raises InputError where it holds no entries."""
    entries = read_entries(body, given.source)
    gathered = _Gathered(given, form, entries.has_lines)
    for batch in entries.batches:
        gathered.add(batch)
    return gathered.events(entries.form)


@dataclass
class _Gathered:
    """The rows and counts of the entries read so far."""

    given: Given
    form: Form
    has_lines: bool
    rows: list[pa.Table] = field(default_factory=list)
    rejects: list[tuple[Place, str]] = field(default_factory=list)
    others: list[tuple[int, str]] = field(default_factory=list)
    met: set[str] = field(default_factory=set)
    blank: int = 0

    def __post_init__(self) -> None:
        self.shape = Shape(self.form.known or {path.split(".")[0] for path in taken(self.given.declared)}, self.form.whole)

    def add(self, batch: EntryBatch) -> None:
        kept, events = [], []
        for row, delivered in enumerate(batch.entries):
            each = unwrapped(delivered, self.shape)
            self.blank += not each
            for entry in map(self.form.completed, each):
                self.form.note(entry)
                found = self._events(entry)
                if isinstance(found, str):
                    self.others.append((int(batch.places.line_numbers[row]), found))
                    continue
                kept += [row] * len(found)
                events += found
                self.met.update(entry if self.form.known else leaves(entry))
        rows, refused = as_rows(batch.places.taken(np.array(kept, np.int64)), events)
        completed = native.completed(rows, self.given.source, self.given.zones)
        if self.given.take:
            self.given.take(completed, self.has_lines)
        else:
            self.rows.append(completed)
        self.rejects += [*batch.rejects, *refused]
        self.blank += batch.blank

    def _events(self, entry: Fields) -> list[dict[str, Any]] | str:
        """Return the native columns of each access in an entry, or the name of an entry that is no access."""
        selected = is_access(entry, self.given.declared)
        if not selected and (name := self.form.other(entry) or (NOT_SELECTED if selected is False else None)):
            return name
        said, declared = self.form.event(entry, self.given), declared_columns(entry, self.given.declared)
        identity = declared.get("event_id") or said.get("event_id")
        if identity is None and {**said, **declared}.get("occurred_at") is not None:
            identity = content_id(entry)
        statement = self.form.statement(entry) if declared.get("account_id") is None else None
        reached = [{}] if statement is None else touches.columns(statement, self.given.access)
        told = {name: value for name, value in declared.items() if value is not None or statement is None}
        each = [{**said, **columns, **told, "event_id": f"{identity}/{number}" if identity and number else identity} for number, columns in enumerate(reached)]
        return each or touches.NO_CUSTOMER_TABLE

    def events(self, form: str) -> Events:
        none = native.completed(schema(COLUMNS).empty_table(), self.given.source, self.given.zones)
        others = pa.Table.from_pylist([{"line_number": line, "name": name} for line, name in self.others], OTHERS)
        return Events(pa.concat_tables([none, *self.rows]), rejected(self.rejects), others, self.blank, self.has_lines, form, unmapped=self._unmapped())

    def _unmapped(self) -> tuple[str, ...]:
        plain = taken(self.given.declared)
        known = {name.lower() for name in (*self.form.known, *plain, *(path.split(".")[0] for path in plain if self.form.known))}
        return tuple(sorted(name for name in self.met if name.lower() not in known and not any(name.startswith(f"{path}.") for path in plain)))


def as_rows(places: Places, events: list[dict[str, Any]]) -> tuple[pa.Table, list[tuple[Place, str]]]:
    """Return events (native columns by name) as typed rows, and the places of those with a value that does not fit its column, each with the reason."""
    batch = Batch(places)
    for column in COLUMNS:
        cells = [event.get(column.name) for event in events]
        if column.kind == "stamp" and any(cells):
            cells = [stamp(cell) for cell in cells]
        exact = [cell if isinstance(cell, dict | list) else text(cell) for cell in cells]
        batch.cells[column.name] = from_json(column, cells, lambda exact=exact: exact)  # type: ignore[misc]
    return fitting(batch, COLUMNS)


def content_id(entry: Fields) -> str | None:
    """Return an id derived from the content of an entry that has none: equal content is the same event. None where it nests too deeply to be written."""
    try:
        written = orjson.dumps(entry, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        return None
    return hashlib.sha256(written).hexdigest()[:32]
