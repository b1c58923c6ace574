"""Follows where pgAudit was switched off and on, as far as the server log shows.

pgAudit logs a `set` after it took effect: `set pgaudit.log = 'none'` itself is never logged by it. A session that switches it on again is
therefore taken to have been unaudited since its previous entry; PostgreSQL's own statement log (`log_statement`) shows when it was switched off.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from dagster_project.reading.accesses.attestations import Attestation
from dagster_project.reading.accesses.postgres.server_entries import Entry
from dagster_project.reading.accesses.postgres.sessions import EVERY_SESSION
from dagster_project.reading.accesses.statements.statement import may_be_several

SERVER = "server"
_NAME = r'"?pgaudit"?\."?log"?'
_SET = re.compile(rf"\bset\s+(?:(?:session|local)\s+)?{_NAME}\s*(?:=|\bto\b)\s*(?P<value>(?:'[^']*'|[\w\s,.-])*)", re.IGNORECASE)
_CONFIG = re.compile(r"\bset_config\s*\(\s*'pgaudit\.log'\s*,\s*'(?P<value>[^']*)'", re.IGNORECASE)
_RESET = re.compile(rf"\breset\s+(?:{_NAME}|all)(?![\w.])|^\s*discard\s+all\b", re.IGNORECASE)
_QUERY = re.compile(r"\s*(select|with|insert|update|delete|merge|copy|table|values|explain|prepare|declare)\b", re.IGNORECASE)
_OF = re.compile(
    r'\b(?:alter|create(?:\s+or\s+replace)?)\s+(?P<what>role|user|database|system|function|procedure|routine)\b\s*(?:all\b)?\s*(?:(?:"(?P<quoted>[^"]*)"|(?P<name>[\w$]+)))?',
    re.IGNORECASE,
)
_STATEMENT = re.compile(r"^(?:duration: [0-9.]+ ms  )?(?:statement|execute [^:]*|parse [^:]*): (?P<text>.*)", re.DOTALL)
_CHANGED = re.compile(r'^[^:"]*"pgaudit\.log"(?:[^"]*"(?P<value>[^"]*)")?')
_STARTED = ("starting PostgreSQL", "database system is ready to accept connections")
_CRASHED = ("database system was interrupted", "database system was not properly shut down", "all server processes terminated; reinitializing")


class Switches:
    """Collects from the entries of one log when auditing was switched, as attestations."""

    def __init__(self) -> None:
        self.attestations: list[Attestation] = []
        self._last_at: datetime | None = None
        self._audited_at: dict[str, datetime] = {}
        self._off: set[str] = set()
        self._is_on_when_reloaded = False
        self._known: set[str] = set()  # sessions whose begin stands in this log

    def said(self, entry: Entry, at: datetime, statement: str, *, shows_reads: bool) -> None:
        """Add an entry of pgAudit; with `shows_reads` it proves that the session's reads are audited."""
        at, own = at.astimezone(UTC), _of(entry.session)
        switched = list(_switched(statement, entry.session))
        for scope, is_on in switched:
            before = self._audited_at.get(entry.session)
            if is_on and scope == own and own not in self._off and before is not None and not _is_reset(statement):
                self._say("off", scope, before)
            self._switch(scope, at, is_on=is_on)
        if shows_reads and not switched and own in self._off:
            self._say("on", own, at)
        self._audited_at[entry.session] = self._last_at = at

    def server(self, entry: Entry, at: datetime) -> None:
        """Add any other entry of the server log."""
        at, message, own = at.astimezone(UTC), entry.message, _of(entry.session)
        if message.startswith("connection "):
            self._known.add(entry.session)
        elif message.startswith("disconnection: ") and (entry.session not in self._known or own in self._off):
            self._say("on", own, at)
        elif message.startswith(_CRASHED) and self._last_at is not None:
            self.attestations.append(Attestation("gap", "server_crashed", begins_at=self._last_at, ends_at=at))
        elif found := _CHANGED.search(message[:300]):
            self._say("on" if _audits_reads(found["value"] or "") else "off", SERVER, at)
        elif found := _STATEMENT.match(message):
            for scope, is_on in _switched(found["text"], entry.session):
                self._switch(scope, at, is_on=is_on)
        if message.startswith(_STARTED):
            self._say("on", EVERY_SESSION, at)
        if message.startswith(_STARTED) or "SIGHUP" in message:
            self._reloaded(at)
        self._last_at = at

    def ended(self, session: str) -> None:
        """Note that a session has ended, since another has its name now."""
        if _of(session) in self._off and self._last_at:
            self._say("on", _of(session), self._last_at)

    def _switch(self, scope: str, at: datetime, *, is_on: bool) -> None:
        if scope == SERVER and is_on:  # `alter system` counts from when the configuration is read again
            self._is_on_when_reloaded = True
        else:
            self._say("on" if is_on else "off", scope, at)

    def _reloaded(self, at: datetime) -> None:
        if self._is_on_when_reloaded:
            self._say("on", SERVER, at)
        self._is_on_when_reloaded = False

    def _say(self, says: Literal["on", "off"], scope: str, at: datetime) -> None:
        self.attestations.append(Attestation(says, scope, begins_at=at))
        (self._off.discard if says == "on" else self._off.add)(scope)


def _of(session: str) -> str:
    return f"{EVERY_SESSION} {session}"


def _is_reset(statement: str) -> bool:
    return re.match(r"\s*(discard|reset\s+all)\b", statement, re.IGNORECASE) is not None


def _switched(statement: str, session: str) -> Iterator[tuple[str, bool]]:
    """Yield the scope of each switch of auditing in a text, and whether it switches on."""
    if "pgaudit" not in statement and "PGAUDIT" not in statement.upper() and _RESET.search(statement) is None:
        return
    of = _OF.search(statement)
    name = (of["quoted"] or (of["name"] or "").lower()) if of else ""
    scope = _of(session) if of is None else SERVER if of["what"].lower() == "system" else f"{of['what'].lower()} {name}"
    is_query = _QUERY.match(statement) is not None and not may_be_several(statement)
    for found in (*_CONFIG.finditer(statement), *(() if is_query else _SET.finditer(statement))):
        yield scope, _audits_reads(found["value"])
    if not is_query and _RESET.search(statement):
        yield scope, True


def _audits_reads(value: str) -> bool:
    classes = {name.strip().lower() for name in value.replace("'", "").split(",")}
    return ("all" in classes or "read" in classes or "default" in classes) and "-read" not in classes
