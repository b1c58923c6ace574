"""pgAudit: statements in PostgreSQL's server log, as accesses to the customers' records that they touched.

Keep out: what a statement touched (audit_touches.py). docs/pgaudit.md says what pgAudit cannot see.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from dagster_project.errors import FormatError
from dagster_project.reading.accesses import native
from dagster_project.reading.accesses.events import OTHERS as OTHERS_SCHEMA
from dagster_project.reading.accesses.events import Adapter, Events, Given
from dagster_project.reading.accesses.postgres.audit_touches import of_denied, of_part
from dagster_project.reading.accesses.postgres.audits import Audit, Key, Part, bursts, taken_apart
from dagster_project.reading.accesses.postgres.carried_logs import unpacked
from dagster_project.reading.accesses.postgres.cursors import Cursors
from dagster_project.reading.accesses.postgres.postgres_log import entries, opened
from dagster_project.reading.accesses.postgres.server_entries import Entry
from dagster_project.reading.accesses.postgres.sessions import Runs
from dagster_project.reading.accesses.postgres.switches import Switches
from dagster_project.reading.accesses.reader import COLUMNS, as_rows, content_id
from dagster_project.reading.accesses.statements.tables import Touched
from dagster_project.reading.accesses.statements.touches import NO_CUSTOMER_TABLE, columns_of
from dagster_project.reading.files import Body
from dagster_project.reading.instants import parsed
from dagster_project.reading.ledgers import schema
from dagster_project.reading.rejects import Place, rejected
from dagster_project.reading.rows import Places

OTHERS = (
    "server_log", "same_statement", "transaction", "setting", "cursor", "prepared_statement", "schema_change", "role_change", "function_call", "maintenance", NO_CUSTOMER_TABLE,
    "raised",
)  # fmt: skip
_AUDIT = re.compile(r"AUDIT: (?=(?:SESSION|OBJECT),\d+,\d+,)")
_MINE = re.compile(
    rb"""(?:AUDIT: |,"?[0-9A-Z]{5}"?,"?)(?:SESSION|OBJECT)"?,"?\d+"?,"?\d+"?,|audit_type[\\"]*\s*:\s*[\\"]*(?:SESSION|OBJECT)|"logger\\*"\s*:\s*\\*"(?:postgres|pgaudit)"""
)
ROWS = 50_000  # at once
_SAID = re.compile(r"(?:^|[\s;,])(staff|case|purpose)=([^\s;,]+)")
_DENIED = "permission denied for "


def is_mine(first: bytes) -> bool:
    """Tell whether a server log with entries of pgAudit begins so."""
    return _MINE.search(first) is not None


def read(body: Body, given: Given) -> Events:
    """Return the events of a server log; its other lines are named. What is carried by something else has no lines of its own."""
    carried = unpacked(body, given.source)
    if carried is None:
        return _read(body, given)
    found = _read(Body.held(carried), given)
    refused = zip(found.rejects["line_number"].to_pylist(), found.rejects["reason"].to_pylist(), strict=True)
    return replace(found, rejects=rejected([(Place(number, None, None), reason) for number, reason in refused]), has_lines=False, form="carried")


def _read(body: Body, given: Given) -> Events:
    written = opened(body, given.declared.log_line_prefix)
    log = _Log(given, has_application=written.form == "stderr" and "%a" in written.prefix)
    is_known = written.form != "stderr"
    for each in entries(written, given.zones.get(given.source)):
        if each is None:
            log.blank += 1
        elif isinstance(each, Entry):
            log.add(each)
            is_known = is_known or bool(each.severity)
        else:
            log.rejects.append(each)
    # The file waits for settings, where lines would be refused for good.
    if not is_known and any(_AUDIT.search((place.raw or b"").decode("utf-8", "replace")) for place, _ in log.rejects):
        said = "the log_line_prefix of settings" if given.declared.log_line_prefix else "a usual log_line_prefix"
        raise FormatError(given.source, f"no line of it begins with {said}; write the server's own as log_line_prefix below [sources.{given.source}]", "format")
    return log.events(written.form)


class _Log:
    """What was read of one log so far."""

    def __init__(self, given: Given, *, has_application: bool) -> None:
        self._given, self._has_application = given, has_application
        self._parts: dict[Key, Part] = {}
        self._renamed: dict[str, str] = {}
        self._denied: list[Entry] = []
        self._others: list[tuple[int, str]] = []
        self._switches = Switches()
        self._runs = Runs()
        self.rejects: list[tuple[Place, str]] = []
        self.blank = 0

    def add(self, entry: Entry) -> None:
        self.blank += entry.lines - 1
        found = _AUDIT.match(entry.message)
        if found is None:
            self._server(entry)
        elif entry.is_raised:
            self._name(entry, "raised")
        elif (audit := taken_apart(replace(entry, message="") if entry.session else entry, entry.message[found.end() :])) is None or self._is_doubtful(entry):
            self.rejects.append((entry.place, "field_count"))
        else:
            self._audited(audit)

    def _is_doubtful(self, entry: Entry) -> bool:
        """Tell whether the name of an application, which anybody sets, may pass for an entry of a log in text."""
        line = (entry.place.raw or b"").split(b"\n", 1)[0]
        return self._has_application and len(re.findall(rb": {1,2}AUDIT: (?:SESSION|OBJECT),", line)) > 1

    def _audited(self, audit: Audit) -> None:
        entry = audit.entry
        if entry.session and (at := parsed(entry.stamp or "")) is not None and at.tzinfo:
            if audit.statement_id == 1 and self._runs.has_ended(entry.session):
                self._forget(entry.session)
                self._switches.ended(entry.session)
            self._runs.add(entry.session, audit.statement_id, at)
            self._switches.said(entry, at, audit.statement, shows_reads=audit.kind == "SESSION" and audit.of_class == "READ")
        session = entry.session or f"{entry.stamp} {entry.user}"
        if (part := self._parts.get(self._key(session, audit))) is not None and not part.may_have(audit):
            self._forget(session)
        key = self._key(session, audit)
        self._parts.setdefault(key, Part(key[0])).audits.append(audit)

    def _key(self, session: str, audit: Audit) -> Key:
        return self._renamed.get(session, session), audit.statement_id, audit.part

    def _forget(self, session: str) -> None:
        """Begin anew where the name of a session, the id of a process, is used again: what was read of the one before is finished."""
        self._renamed[session] = f"{session} from {len(self._parts)}"

    def _server(self, entry: Entry) -> None:
        at = parsed(entry.stamp or "")
        if at is not None and at.tzinfo:
            self._switches.server(entry, at)
        if entry.statement and (entry.state == "42501" or (entry.severity == "ERROR" and entry.message.startswith(_DENIED))):
            self._denied.append(entry)
        else:
            self._name(entry, "server_log")

    def _name(self, entry: Entry, name: str) -> None:
        self._others.append((entry.place.line_number, name))

    def events(self, kind: str) -> Events:
        tables, refused = [schema(COLUMNS).empty_table()], list[tuple[Place, str]]()
        found = self._accesses()
        while some := list(islice(found, ROWS)):
            places = [place for place, _ in some]
            numbers = np.array([place.line_number for place in places], np.int64)
            offsets = np.array([place.byte_offset for place in places], np.int64)
            table, unfit = as_rows(Places(numbers, offsets, lambda row, places=places: places[row].raw or b""), [event for _, event in some])  # type: ignore[misc]
            tables.append(table)
            refused += unfit
        ordered = pa.concat_tables(tables).sort_by("line_number").combine_chunks()
        completed = native.completed(ordered, self._given.source, {})  # the stamps have their zones, or nobody knows it
        others = pa.Table.from_pylist([{"line_number": line, "name": name} for line, name in sorted(self._others)], OTHERS_SCHEMA)
        said = (*self._runs.attestations(), *self._switches.attestations)
        return Events(completed, rejected([*self.rejects, *refused]), others, self.blank, form=kind, attestations=said)

    def _accesses(self) -> Iterator[tuple[Place, dict[str, Any]]]:
        queries = {key[:2] for key, part in self._parts.items() if part.is_access() and not part.is_twin()}
        places, cursors = bursts(self._parts), Cursors()
        named = {key[0] for key, part in self._parts.items() if part.times()}  # sessions in which relations are logged: a role or a database may have it off
        functions: dict[tuple[str, int], set[str]] = defaultdict(set)
        for key, part in self._parts.items():
            functions[key[:2]] |= part.functions()
        for key, part in self._parts.items():
            for audit in part.audits[1:]:
                self._name(audit.entry, "same_statement")
            if not part.is_access():
                cursors.take(key[0], part.statement or "", ())
                if self._is_of_a_function(key, part, cursors):
                    yield from self._events(part.first.entry, part.name, [Touched(None)], part.rows)
                else:
                    self._name(part.first.entry, part.other())
            elif part.is_twin() and key[:2] in queries:
                self._name(part.first.entry, "same_statement")
            else:
                logged = None if key[0] in named else functions[key[:2]]
                yield from self._events(part.first.entry, part.name, of_part(part, places[key], self._given.access, cursors, logged), part.rows)
        for entry in self._denied:
            yield from self._events(entry, f"denied {entry.stamp}", of_denied(entry, self._given.access), None, is_denied=True)

    def _is_of_a_function(self, key: Key, part: Part, cursors: Cursors) -> bool:
        """Tell whether a part fetches from a cursor that a function opened: with rows, pgAudit logs no query of that."""
        is_whole = (key[0], 1, 1) in self._parts
        return part.command == "FETCH" and part.rows is not None and is_whole and not cursors.has_declared(key[0], part.statement or "")

    def _events(self, entry: Entry, name: str, found: Sequence[Touched], rows: int | None, *, is_denied: bool = False) -> Iterator[tuple[Place, dict[str, Any]]]:
        if not found:
            self._name(entry, "server_log" if is_denied else NO_CUSTOMER_TABLE)
        session = entry.session if "." in entry.session else f"{entry.stamp} {entry.session or content_id({'': entry.message})}"
        said = dict(_SAID.findall(entry.application or ""))
        for number, one in enumerate(found):
            yield (
                entry.place,
                {
                    "event_id": f"{session}/{name}" + (f"/{number}" if number else ""),
                    "actor": said.get("staff") or entry.user or "",
                    "actor_aliases": [entry.user] if said.get("staff") and entry.user else [],
                    "occurred_at": entry.stamp,
                    **columns_of(one, self._given.access),
                    "purpose": said.get("purpose"),
                    "case_id": said.get("case"),
                    "rows": rows,
                    "outcome": "denied" if is_denied else "ok",
                    "request_id": entry.session,
                },
            )


ADAPTER = Adapter("pgaudit", is_mine, read)
