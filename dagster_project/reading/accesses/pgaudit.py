"""pgAudit: statements in PostgreSQL's server log, as accesses to the customers' records that they touched.

The fields of an entry are those of pgAudit's manual, "Format"; what a statement touched is statements.py's to say. What pgAudit cannot see: docs/pgaudit.md.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from dagster_project.reading.accesses import native, sessions
from dagster_project.reading.accesses.attestations import Attestation
from dagster_project.reading.accesses.carried_logs import unpacked
from dagster_project.reading.accesses.events import OTHERS as OTHERS_SCHEMA
from dagster_project.reading.accesses.events import Adapter, Events, Given
from dagster_project.reading.accesses.postgres_log import Entry, cells_of, entries, form, usual_prefix
from dagster_project.reading.accesses.reader import as_rows
from dagster_project.reading.accesses.statements import Touched, declared, touched
from dagster_project.reading.accesses.switches import Switches
from dagster_project.reading.accesses.touches import NO_CUSTOMER_TABLE, columns_of, only_records
from dagster_project.reading.instants import parsed
from dagster_project.reading.ledgers import rejected
from dagster_project.reading.rows import Place, Places
from dagster_project.settings import Access

OTHERS = (
    "server_log", "same_statement", "transaction", "setting", "cursor", "prepared_statement", "schema_change", "role_change", "function_call", "maintenance", NO_CUSTOMER_TABLE,
    "raised",
)  # fmt: skip
NOT_LOGGED, PREVIOUSLY, NONE, TOO_LONG = "<not logged>", "<previously logged>", "<none>", "<long param suppressed>"
FIELDS = (9, 10)  # the tenth with pgaudit.log_rows

_AUDIT = re.compile(r"AUDIT: (?=(?:SESSION|OBJECT),\d+,\d+,)")
_SAID = re.compile(r"(?:^|[\s;,])(staff|case|purpose)=([^\s;,]+)")
_KINDS = {
    "BEGIN": "transaction", "COMMIT": "transaction", "ROLLBACK": "transaction", "START TRANSACTION": "transaction", "SAVEPOINT": "transaction", "RELEASE": "transaction",
    "PREPARE TRANSACTION": "transaction", "COMMIT PREPARED": "transaction", "ROLLBACK PREPARED": "transaction", "ROLLBACK TO": "transaction", "SET": "setting", "RESET": "setting",
    "SHOW": "setting", "DISCARD ALL": "setting", "SET CONSTRAINTS": "setting", "ALTER SYSTEM": "setting", "FETCH": "cursor", "MOVE": "cursor", "CLOSE CURSOR": "cursor",
    "CLOSE CURSOR ALL": "cursor", "PREPARE": "prepared_statement", "EXECUTE": "prepared_statement", "DEALLOCATE": "prepared_statement", "DEALLOCATE ALL": "prepared_statement",
}  # fmt: skip
_CLASSES = {"DDL": "schema_change", "ROLE": "role_change", "FUNCTION": "function_call", "MISC": "maintenance", "MISC_SET": "setting"}
_TWINS = frozenset({"COPY", "COPY FROM", "COPY TO", "DECLARE CURSOR"})  # beside the query that they run, where that is logged, too
_RELATIONS = frozenset({"TABLE", "FOREIGN TABLE", "PARTITIONED TABLE", "MATERIALIZED VIEW", "VIEW"})
_ACTIONS = {"DELETE": "delete", "TRUNCATE TABLE": "delete", "COPY": "export", "COPY TO": "export"}
_DENIED = "permission denied for "

Key = tuple[str, int, int]  # session, statement, part of it


@dataclass
class _Audit:
    """One entry of pgAudit, its fields taken apart."""

    entry: Entry
    kind: str  # SESSION or OBJECT
    statement_id: int
    part: int
    of_class: str
    command: str
    object_type: str
    object_name: str
    statement: str
    parameter: str
    rows: int | None


@dataclass
class _Part:
    """All entries of one part of a statement: one for each table of it, or for the session and the object."""

    audits: list[_Audit] = field(default_factory=list)

    @property
    def first(self) -> _Audit:
        return self.audits[0]

    def is_access(self) -> bool:
        return any(audit.of_class in ("READ", "WRITE") and audit.command != "PREPARE" for audit in self.audits)

    @property
    def command(self) -> str:
        return next((audit.command for audit in self.audits if audit.of_class in ("READ", "WRITE")), self.first.command)

    @property
    def statement(self) -> str | None:
        return next((audit.statement for audit in self.audits if audit.statement not in (PREVIOUSLY, NOT_LOGGED)), None)

    @property
    def parameters(self) -> tuple[str, ...] | None:
        told = next((audit.parameter for audit in self.audits if audit.parameter != PREVIOUSLY), NOT_LOGGED)
        if told == NONE:
            return ()
        return None if told.startswith("<") and told.endswith(">") and told != TOO_LONG else tuple("" if cell == TOO_LONG else cell for cell in cells_of(told) or [told])

    @property
    def rows(self) -> int | None:
        return max((audit.rows for audit in self.audits if audit.rows is not None), default=None)

    def relations(self) -> dict[str, str]:
        """Return the tables and views that pgAudit names, each with its kind."""
        return {audit.object_name: audit.object_type for audit in self.audits if audit.object_type in _RELATIONS and audit.object_name}


def is_mine(first: bytes) -> bool:
    """Tell whether a server log with entries of pgAudit begins so."""
    return re.search(rb"AUDIT: (?:SESSION|OBJECT),\d+,\d+,", first) is not None


def read(body: bytes, given: Given) -> Events:
    """Return the events of a server log; its other lines are named. What is carried by something else has no lines of its own."""
    carried = unpacked(body, given.source)
    if carried is None:
        return _read(body, given)
    found = _read(carried, given)
    refused = zip(found.rejects["line_number"].to_pylist(), found.rejects["reason"].to_pylist(), strict=True)
    return replace(found, rejects=rejected([(Place(number, None, None), reason) for number, reason in refused]), has_lines=False, form="carried")


def _read(body: bytes, given: Given) -> Events:
    kind = form(body[: 1 << 16])
    prefix = given.declared.log_line_prefix or usual_prefix(body[: 1 << 16])
    log = _Log(given, has_application=kind == "stderr" and "%a" in prefix)
    for each in entries(body, prefix, given.zones.get(given.source)):
        if each is None:
            log.blank += 1
        elif isinstance(each, Entry):
            log.add(each)
        else:
            log.rejects.append(each)
    return log.events(kind)


class _Log:
    """What was read of one log so far."""

    def __init__(self, given: Given, *, has_application: bool) -> None:
        self._given, self._has_application = given, has_application
        self._parts: dict[Key, _Part] = {}
        self._denied: list[Entry] = []
        self._others: list[tuple[int, str]] = []
        self._switches = Switches()
        self._runs = _Runs()
        self.rejects: list[tuple[Place, str]] = []
        self.blank = 0

    def add(self, entry: Entry) -> None:
        self.blank += entry.lines - 1
        found = _AUDIT.match(entry.message)
        if found is None:
            self._server(entry)
        elif entry.is_raised:
            self._name(entry, "raised")
        elif (audit := _audit(entry, entry.message[found.end() :])) is None or self._is_doubtful(entry):
            self.rejects.append((entry.place, "field_count"))
        else:
            self._audited(audit)

    def _is_doubtful(self, entry: Entry) -> bool:
        """Tell whether the name of an application, which anybody sets, may pass for an entry of a log in text."""
        line = (entry.place.raw or b"").split(b"\n", 1)[0]
        return self._has_application and len(re.findall(rb":  AUDIT: (?:SESSION|OBJECT),", line)) > 1

    def _audited(self, audit: _Audit) -> None:
        entry = audit.entry
        key = (entry.session, audit.statement_id, audit.part)
        if entry.session and (at := parsed(entry.stamp or "")) is not None and at.tzinfo:
            if audit.statement_id == 1 and self._runs.has_ended(entry.session):
                self._forget(entry.session)
            self._runs.add(entry.session, audit.statement_id, at)
            self._switches.said(entry, at, audit.statement, shows_reads=audit.kind == "SESSION" and audit.of_class == "READ")
        self._parts.setdefault(key, _Part()).audits.append(audit)

    def _forget(self, session: str) -> None:
        """Begin anew where a process id is used again: what was read of the session before is finished."""
        for key in [key for key in self._parts if key[0] == session]:
            self._parts[(f"{session} before {len(self._parts)}", *key[1:])] = self._parts.pop(key)
        self._switches.ended(session)

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
        places, rows = list[Place](), list[dict[str, Any]]()
        for place, event in sorted(self._accesses(), key=lambda found: found[0].line_number):
            places.append(place)
            rows.append(event)
        numbers = np.array([place.line_number for place in places], np.int64)
        offsets = np.array([place.byte_offset for place in places], np.int64)
        table, refused = as_rows(Places(numbers, offsets, lambda row: places[row].raw or b""), rows)
        completed = native.completed(table.combine_chunks(), self._given.source, {})  # the stamps have their zones, or nobody knows it
        others = pa.Table.from_pylist([{"line_number": line, "name": name} for line, name in sorted(self._others)], OTHERS_SCHEMA)
        said = (*self._runs.attestations(), *self._switches.attestations)
        return Events(completed, rejected([*self.rejects, *refused]), others, self.blank, form=kind, attestations=said)

    def _accesses(self) -> Iterator[tuple[Place, dict[str, Any]]]:
        queries = {key[:2] for key, part in self._parts.items() if part.is_access() and part.command not in _TWINS}
        bursts = _bursts(self._parts)
        for key, part in self._parts.items():
            for audit in part.audits[1:]:
                self._name(audit.entry, "same_statement")
            if not part.is_access():
                first = part.first
                self._name(first.entry, _KINDS.get(first.command) or _CLASSES.get(first.of_class, "maintenance"))
            elif part.command in _TWINS and key[:2] in queries:
                self._name(part.first.entry, "same_statement")
            else:
                yield from self._events(part.first.entry, f"{part.first.statement_id}.{part.first.part}", _of_part(part, bursts[key], self._given.access), part.rows)
        for entry in self._denied:
            yield from self._events(entry, f"denied {entry.stamp}", _of_denied(entry, self._given.access), None, is_denied=True)

    def _events(self, entry: Entry, name: str, found: Sequence[Touched], rows: int | None, *, is_denied: bool = False) -> Iterator[tuple[Place, dict[str, Any]]]:
        if not found:
            self._name(entry, "server_log" if is_denied else NO_CUSTOMER_TABLE)
        session = entry.session if "." in entry.session else f"{entry.stamp} {entry.session}"
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


class _Runs:
    """Which statements of each session stand in the log, one behind the other."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[int, int, datetime, datetime]] = {}
        self._closed: list[Attestation] = []

    def has_ended(self, session: str) -> bool:
        """Tell whether a session that begins again must be another one of the same name."""
        return session in self._open and self._open[session][1] > 1

    def add(self, session: str, number: int, at: datetime) -> None:
        at = at.astimezone(UTC)
        found = self._open.get(session)
        if found is not None and number in (found[1], found[1] + 1):
            self._open[session] = (found[0], number, found[2], max(found[3], at))
        elif found is None or not found[0] <= number <= found[1] or number == 1:
            if found is not None:
                self._closed.append(sessions.run(session, *found))
            self._open[session] = (number, number, at, at)

    def attestations(self) -> Iterator[Attestation]:
        yield from self._closed
        for session, found in self._open.items():
            yield sessions.run(session, *found)


def _bursts(parts: Mapping[Key, _Part]) -> dict[Key, tuple[int, int]]:
    """Return the place of each access among those of the same text, one behind the other, and how many they are."""
    runs: list[list[Key]] = []
    before: dict[str, tuple[str | None, int]] = {}
    of_session: dict[str, list[Key]] = {}
    for key, part in parts.items():
        session, statement, _ = key
        text, number = before.get(session, (None, 0))
        if part.statement is None or part.statement != text or statement - number not in (0, 1):
            runs.append(of_session.setdefault(session, []))
            of_session[session] = runs[-1] = []
        if part.is_access():
            of_session[session].append(key)
        before[session] = (part.statement, statement)
    return {key: (place, len(run)) for run in runs for place, key in enumerate(run)}


def _audit(entry: Entry, message: str) -> _Audit | None:
    cells = cells_of(message)
    if len(cells) not in FIELDS:
        return None
    kind, statement_id, part, of_class, command, object_type, object_name, statement, parameter = cells[:9]
    try:
        rows = int(cells[9]) if len(cells) > 9 else None
        return _Audit(entry, kind, int(statement_id), int(part), of_class, command, object_type, object_name, statement, parameter, rows)
    except ValueError:
        return None


def _of_part(part: _Part, burst: tuple[int, int], access: Access) -> list[Touched]:
    """Return what a part of a statement touched: as its text says, and beyond that the tables that pgAudit names."""
    action = _ACTIONS.get(part.command) or ("write" if part.first.of_class == "WRITE" else "read")
    relations = part.relations()
    if part.statement is None:
        return only_records([Touched(name, action=action) for name in relations] or [Touched(None, action=action)], access)
    found = [_qualified(one, relations, access) for one in _said(part, burst, access)]
    names = {one.table.rpartition(".")[2] for one in found if one.table}
    has_view = any(kind.endswith("VIEW") and declared(name, access.tables) for name, kind in relations.items())
    behind = [] if has_view else [name for name, kind in relations.items() if kind != "VIEW" and name.rpartition(".")[2] not in names]
    if behind:
        views = {name.rpartition(".")[2] for name, kind in relations.items() if kind == "VIEW"}
        found = [one for one in found if one.table is not None and not (one.table.rpartition(".")[2] in views and declared(one.table, access.tables) is None)]
    return only_records([*found, *(Touched(name, action=action) for name in behind)], access)


def _qualified(one: Touched, relations: Iterable[str], access: Access) -> Touched:
    """Give a table without a schema the one that pgAudit says; where that is another table than settings mean, nothing else is known."""
    named = {name for name in relations if name.rpartition(".")[2] == one.table}
    if len(named) != 1:
        return one
    (name,) = named
    is_meant = declared(name, access.tables) == declared(one.table, access.tables)
    return replace(one, table=name) if is_meant else Touched(name, action=one.action)


def _said(part: _Part, burst: tuple[int, int], access: Access) -> list[Touched]:
    """Return what the text says. Each statement of a text with several is logged with all of it: the one is taken where that is certain."""
    each = touched(part.statement or "", part.parameters, access.tables)
    if len({*each}) == 1:
        return list(each[0])
    place, count = burst
    for several in (each, [found for found in each if found]):
        if count % len(several) == 0:
            return list(several[place % len(several)])
    names = {name.rpartition(".")[2] for name in part.relations()}
    fitting = {found for found in each if names and {one.table.rpartition(".")[2] for one in found if one.table} == names}
    if len(fitting) == 1:
        return list(fitting.pop())
    return [Touched(name) for name in part.relations()] or [Touched(None)]


def _of_denied(entry: Entry, access: Access) -> list[Touched]:
    found = [one for statement in touched(entry.statement or "", None, access.tables) for one in statement]
    return [one for one in only_records(found, access) if one.table is not None]


ADAPTER = Adapter("pgaudit", is_mine, read)
