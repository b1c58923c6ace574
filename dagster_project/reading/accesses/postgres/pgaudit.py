"""pgAudit: statements in PostgreSQL's server log, as accesses to the customers' records that they touched.

Keep out: what a statement touched (audit_touches.py). docs/pgaudit.md says what pgAudit cannot see.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from dagster_project.errors import FormatError
from dagster_project.reading.accesses import native
from dagster_project.reading.accesses.events import OTHERS as OTHERS_SCHEMA
from dagster_project.reading.accesses.events import Adapter, Events, Given
from dagster_project.reading.accesses.postgres.audit_touches import of_denied, of_part
from dagster_project.reading.accesses.postgres.audits import Audit, taken_apart
from dagster_project.reading.accesses.postgres.carried_logs import unpacked
from dagster_project.reading.accesses.postgres.cursors import Cursors
from dagster_project.reading.accesses.postgres.gathering import Gathered, Gathering
from dagster_project.reading.accesses.postgres.postgres_log import entries, opened
from dagster_project.reading.accesses.postgres.server_entries import Entry, Found
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
    found = _read(carried, given, has_lines=False)
    refused = zip(found.rejects["line_number"].to_pylist(), found.rejects["reason"].to_pylist(), strict=True)
    return replace(found, rejects=rejected([(Place(number, None, None), reason) for number, reason in refused]), form="carried")


def _read(body: Body, given: Given, *, has_lines: bool = True) -> Events:
    written = opened(body, given.declared.log_line_prefix)
    log = _Log(given, has_application=written.form == "stderr" and "%a" in written.prefix, has_lines=has_lines)
    for each in entries(written, given.zones.get(given.source)):
        log.add(each)
    # The file waits for settings, where lines would be refused for good.
    if written.form == "stderr" and not log.has_severity and log.has_refused_audits:
        said = "the log_line_prefix of settings" if given.declared.log_line_prefix else "a usual log_line_prefix"
        raise FormatError(given.source, f"no line of it begins with {said}; write the server's own as log_line_prefix below [sources.{given.source}]", "format")
    return log.events(written.form)


class _Log:
    """What was read of one log so far."""

    def __init__(self, given: Given, *, has_application: bool, has_lines: bool) -> None:
        self._given, self._has_application, self._has_lines = given, has_application, has_lines
        self._gathering = Gathering()
        self._cursors = Cursors()
        self._switches = Switches()
        self._runs = Runs()
        self._found: list[tuple[Place, dict[str, Any]]] = []  # of these three what is not in a table yet
        self._rejects: list[tuple[Place, str]] = []
        self._others: list[tuple[int, str]] = []
        self._blank = 0
        self._rows, self._rejected, self._named = list[pa.Table](), list[pa.Table](), list[pa.Table]()
        self.has_severity = self.has_refused_audits = False

    def add(self, each: Found | None) -> None:
        """Add an entry, a refused line, or None for a blank one."""
        if each is None:
            self._blank += 1
        elif isinstance(each, Entry):
            self.has_severity = self.has_severity or bool(each.severity)
            self._blank += each.lines - 1
            self._entry(each)
        else:
            self._rejects.append(each)
            self.has_refused_audits = self.has_refused_audits or _AUDIT.search((each[0].raw or b"").decode("utf-8", "replace")) is not None
        if max(len(self._found), len(self._rejects), len(self._others)) >= ROWS:
            self._hand_on()

    def _entry(self, entry: Entry) -> None:
        found = _AUDIT.match(entry.message)
        if found is None:
            self._server(entry)
        elif entry.is_raised:
            self._name(entry, "raised")
        elif (audit := taken_apart(replace(entry, message="") if entry.session else entry, entry.message[found.end() :])) is None or self._is_doubtful(entry):
            self._rejects.append((entry.place, "field_count"))
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
                self._gathering.forget(entry.session)
                self._switches.ended(entry.session)
            self._runs.add(entry.session, audit.statement_id, at)
            self._switches.said(entry, at, audit.statement, shows_reads=audit.kind == "SESSION" and audit.of_class == "READ")
        self._gathering.add(audit)
        self._take(self._gathering.finished())

    def _server(self, entry: Entry) -> None:
        at = parsed(entry.stamp or "")
        if at is not None and at.tzinfo:
            self._switches.server(entry, at)
        if entry.statement and (entry.state == "42501" or (entry.severity == "ERROR" and entry.message.startswith(_DENIED))):
            self._access(entry, f"denied {entry.stamp}", of_denied(entry, self._given.access), None, is_denied=True)
        else:
            self._name(entry, "server_log")

    def _name(self, entry: Entry, name: str) -> None:
        self._others.append((entry.place.line_number, name))

    def _take(self, gathered: Iterator[Gathered]) -> None:
        """Find what finished parts of statements touched."""
        for each in gathered:
            part, entry = each.part, each.part.first.entry
            for audit in part.audits[1:]:
                self._name(audit.entry, "same_statement")
            if not part.is_access():
                self._cursors.take(part.session, part.statement or "", ())
                if self._is_of_a_function(each):
                    self._access(entry, part.name, [Touched(None)], part.rows)
                else:
                    self._name(entry, part.other())
            elif part.is_twin() and each.has_query:
                self._name(entry, "same_statement")
            else:
                self._access(entry, part.name, of_part(each, self._given.access, self._cursors), part.rows)

    def _is_of_a_function(self, gathered: Gathered) -> bool:
        """Tell whether a part fetches from a cursor that a function opened: with rows, pgAudit logs no query of that."""
        part = gathered.part
        return part.command == "FETCH" and part.rows is not None and gathered.has_begun and not self._cursors.has_declared(part.session, part.statement or "")

    def _access(self, entry: Entry, name: str, found: Sequence[Touched], rows: int | None, *, is_denied: bool = False) -> None:
        if not found:
            self._name(entry, "server_log" if is_denied else NO_CUSTOMER_TABLE)
        session = entry.session if "." in entry.session else f"{entry.stamp} {entry.session or content_id({'': entry.message})}"
        said = dict(_SAID.findall(entry.application or ""))
        for number, one in enumerate(found):
            event = {
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
            }
            self._found.append((entry.place, event))

    def _hand_on(self) -> None:
        """Turn what was found so far into tables, and give the accesses to whoever takes them."""
        ordered = sorted(self._found, key=lambda found: found[0].line_number)
        places = [place for place, _ in ordered]
        numbers = np.array([place.line_number for place in places], np.int64)
        offsets = np.array([place.byte_offset for place in places], np.int64)
        rows, unfit = as_rows(Places(numbers, offsets, lambda row: places[row].raw or b""), [event for _, event in ordered])
        completed = native.completed(rows, self._given.source, {})  # the stamps have their zones, or nobody knows it
        if self._given.take:
            self._given.take(completed, self._has_lines)
        else:
            self._rows.append(completed)
        self._rejected.append(rejected([*self._rejects, *unfit]))
        self._named.append(pa.Table.from_pylist([{"line_number": line, "name": name} for line, name in self._others], OTHERS_SCHEMA))
        for each in (self._found, self._rejects, self._others):
            each.clear()

    def events(self, form: str) -> Events:
        """Return all that the log says, at its end."""
        self._take(self._gathering.rest())
        self._hand_on()
        rows = pa.concat_tables([native.completed(schema(COLUMNS).empty_table(), self._given.source, {}), *self._rows])
        rejects, others = (pa.concat_tables(tables).sort_by("line_number") for tables in (self._rejected, self._named))
        said = (*self._runs.attestations(), *self._switches.attestations)
        return Events(rows, rejects, others, self._blank, self._has_lines, form, said)


ADAPTER = Adapter("pgaudit", is_mine, read)
