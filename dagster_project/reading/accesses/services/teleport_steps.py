"""Joins the steps in which Teleport logs a statement, after PostgreSQL's extended protocol: parse names a text, bind gives its parameters, execute runs it.

Only steps in one file, in order, are joined; where one is missing, or may be, the statement is unknown.
"""

import base64
import binascii
import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.fields import at, count, text, text_at, values
from dagster_project.reading.accesses.statements.touches import Statement

MOST_SESSIONS = 200
MOST_CHARACTERS = 1_000_000  # of the statements of one session
LONGEST_WHOLE = 30_000  # characters; a query that does not fit into a line of the log (64 KiB) is cut without a mark
EXECUTE = "db.session.postgres.statements.execute"
_PARSE, _BIND, _CLOSE = (f"db.session.postgres.statements.{step}" for step in ("parse", "bind", "close"))
_STAMP = re.compile(rb'time\\*"\s*:\s*\\*"([^"\\]{1,40})')
_LAST_BYTES = 1 << 16
_FORGETS = re.compile(r"\b(prepare|deallocate|discard)\b", re.IGNORECASE)  # in SQL, which has names of the same kind
_UNNAMED = ""


@dataclass
class _Session:
    """What is open in a session: statements and portals by name, where its last entry stands."""

    statements: dict[str, str | None] = field(default_factory=dict)
    portals: dict[str, Statement] = field(default_factory=dict)
    characters: int = 0
    index: int = 0
    stamp: str = ""

    def forget(self) -> None:
        self.statements.clear()
        self.portals.clear()
        self.characters = 0

    def ordered(self, index: int, stamp: str) -> None:
        """Forget what a missing or misplaced entry may have changed: everything where the order is not that of time, else what has no name."""
        if stamp < self.stamp or (index and index <= self.index):
            self.forget()
        elif index and self.index and index != self.index + 1:
            self.statements.pop(_UNNAMED, None)
            self.portals.pop(_UNNAMED, None)
        self.index, self.stamp = index, stamp

    def parse(self, name: str, query: str) -> None:
        self.characters += len(query)
        if self.characters > MOST_CHARACTERS:
            self.forget()
        self.statements[name] = query if query and len(query) < LONGEST_WHOLE else None


class Steps:
    """Follows the sessions of one file; `bodies` are its bytes, in blocks of whole lines."""

    def __init__(self, bodies: Iterable[bytes]) -> None:
        first, end = None, b""
        for body in bodies:
            first, end = first or _STAMP.search(body), (end + body)[-_LAST_BYTES:]
        last = _STAMP.findall(end)
        self._is_in_order = bool(first and last and first[1].rstrip(b"Z") <= last[-1].rstrip(b"Z"))  # many export the newest first
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def note(self, entry: Fields) -> None:
        """Take the next entry of the file."""
        kind, sid = text_at(entry, "event") or "", text_at(entry, "sid") or ""
        if not self._is_in_order or not sid or not kind.startswith("db.session."):
            return
        session = self._sessions.setdefault(sid, _Session())
        self._sessions.move_to_end(sid)
        if len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        session.ordered(count(at(entry, "ei")) or 0, (text_at(entry, "time") or "").rstrip("Z"))
        statement, portal = _name(entry, "statement_name"), _name(entry, "portal_name")
        if kind == _PARSE:
            session.parse(statement, text_at(entry, "query") or "")
        elif kind == _BIND:
            session.portals[portal] = Statement(session.statements.get(statement), tuple(_parameter(text(value)) for value in values(entry, "parameters")))
        elif kind == _CLOSE:
            session.portals.pop(portal, None)
            session.statements.pop(statement, None)
        elif kind == "db.session.end" or _FORGETS.search(text_at(entry, "db_query") or ""):
            session.forget()

    def statement(self, entry: Fields) -> Statement:
        """Return the statement that an execution runs; its text is None where it is not certain."""
        session = self._sessions.get(text_at(entry, "sid") or "")
        return (session and session.portals.get(_name(entry, "portal_name"))) or Statement(None)


def _name(entry: Fields, path: str) -> str:
    return text_at(entry, path) or _UNNAMED


def _parameter(value: str | None) -> str:
    """Return a value, empty where it may be a binary one, which Teleport writes in base64: any text, or what has at least the size of a number or a list."""
    try:
        binary = base64.b64decode(value or "", validate=True)
    except (binascii.Error, ValueError):
        return value or ""
    try:
        return "" if len(binary) in (1, 2, 4) or len(binary) >= 8 or (binary.decode() and b"\0" not in binary) else value or ""
    except UnicodeDecodeError:
        return value or ""
