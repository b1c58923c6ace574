"""Gathers pgAudit's entries into the parts of statements, and gives each part once whatever belongs to it has come.

Memory holds the youngest parts of a log; what belongs together stands near each other in it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import count, islice

from dagster_project.reading.accesses.postgres.audits import Audit, Key, Part
from dagster_project.reading.accesses.statements.statement import may_be_several

YOUNGEST = 25_000  # parts of statements that wait for more entries


@dataclass(frozen=True)
class Gathered:
    """A part of a statement, with what the entries around it say.

    `burst`: its position in the run of consecutive statements with the same text, and the length of that run. `has_query`: another part of the statement
    reads or writes, so this one only runs it. `logged`: the functions that are logged as parts of the statement; None where relations are logged, so that an
    inlined function shows by its tables. `has_begun`: the first statement of the session stands in the log.
    """

    part: Part
    burst: tuple[int, int]
    has_query: bool
    logged: AbstractSet[str] | None
    has_begun: bool


class Gathering:
    """The parts of statements in a window of the log, those that begin first at its head."""

    def __init__(self) -> None:
        self._parts: dict[Key, Part] = {}
        self._most = 2 * YOUNGEST
        self._renamed: dict[str, str] = {}
        self._times = count()
        self._with_relations: set[str] = set()
        self._begun: set[str] = set()

    def add(self, audit: Audit) -> None:
        """Add an entry."""
        entry = audit.entry
        session = entry.session or f"{entry.stamp} {entry.user}"
        if (part := self._parts.get(self._key(session, audit))) is not None and not part.may_have(audit):
            self.forget(session)
        key = self._key(session, audit)
        self._parts.setdefault(key, Part(key[0])).audits.append(audit)
        if entry.session and audit.names_relation():
            self._with_relations.add(key[0])
        if entry.session and key[1:] == (1, 1):
            self._begun.add(key[0])

    def forget(self, session: str) -> None:
        """Begin anew where the name of a session, the id of a process, is used again: what was read of the one before is finished."""
        self._renamed[session] = f"{session} from {next(self._times)}"

    def _key(self, session: str, audit: Audit) -> Key:
        return self._renamed.get(session, session), audit.statement_id, audit.part

    def finished(self) -> Iterator[Gathered]:
        """Yield the oldest parts where there are too many."""
        if len(self._parts) >= self._most:
            yield from self._oldest(len(self._parts) - YOUNGEST)
            self._most = len(self._parts) + YOUNGEST

    def rest(self) -> Iterator[Gathered]:
        """Yield all parts that are left, at the end of the log."""
        yield from self._oldest(len(self._parts))

    def _oldest(self, most: int) -> Iterator[Gathered]:
        """Yield up to so many parts, in order: of each session those before the first whose statement or run of statements goes on among the younger ones."""
        every, oldest = runs(self._parts), list(islice(self._parts, most))
        young = set(islice(self._parts, most, None)) if len(self._parts) < 4 * YOUNGEST else set()  # else one statement fills the memory
        young_statements = {key[:2] for key in young}
        waiting = {key for run in every if not young.isdisjoint(run) for key in run}
        bursts = {key: (place, len(run)) for run in every for place, key in enumerate(run)}
        queries = {key[:2] for key, part in self._parts.items() if part.is_access() and not part.is_twin()}
        functions = defaultdict[tuple[str, int], set[str]](set)
        for key, part in self._parts.items():
            functions[key[:2]] |= part.functions()
        kept = set[str]()
        for key in oldest:
            session = key[0]
            if session in kept or key in waiting or key[:2] in young_statements:
                kept.add(session)
                continue
            logged = None if session in self._with_relations else functions[key[:2]]
            yield Gathered(self._parts.pop(key), bursts.get(key, (0, 1)), key[:2] in queries, logged, session in self._begun)


def runs(parts: Mapping[Key, Part]) -> list[list[Key]]:
    """Return the accesses of each run of consecutive statements with the same text of several: what PostgreSQL was sent at once is logged so, each time with all of it."""
    found: list[list[Key]] = []
    last: dict[str, tuple[str, int, list[Key]]] = {}
    for key, part in parts.items():
        (session, number, _), text = key, part.statement
        if text is None or not may_be_several(text):
            last.pop(session, None)
            continue
        before, number_before, run = last.get(session, ("", 0, []))
        if text != before or number - number_before not in (0, 1):
            run = []
            found.append(run)
        if part.is_access():
            run.append(key)
        last[session] = (text, number, run)
    return found
