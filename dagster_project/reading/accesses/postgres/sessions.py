"""What the server log reveals about its own completeness: statement numbers that are missing, and audits that were switched off.

Files of a source are read one by one and what each says is kept; the gaps that follow from all of them together are derived here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from dagster_project.reading.accesses.attestations import Attestation, Proof

EVERY_SESSION = "session"
_LEAST = timedelta(milliseconds=1)  # two entries of one millisecond can have lost one between them


class Runs:
    """The unbroken runs of statement numbers that each session has in the log."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[int, int, datetime, datetime]] = {}
        self._closed: list[Attestation] = []

    def has_ended(self, session: str) -> bool:
        """Tell whether a session of that name has gone beyond its first statement, so that one that begins with 1 is another."""
        return session in self._open and self._open[session][1] > 1

    def add(self, session: str, number: int, at: datetime) -> None:
        """Add a statement of a session, by its number."""
        at = at.astimezone(UTC)
        found = self._open.get(session)
        if found is not None and number in (found[1], found[1] + 1):
            self._open[session] = (found[0], number, found[2], max(found[3], at))
        elif found is None or not found[0] <= number <= found[1] or number == 1:
            if found is not None:
                self._closed.append(_run(session, *found))
            self._open[session] = (number, number, at, at)

    def attestations(self) -> Iterator[Attestation]:
        """Yield the runs, the open ones last."""
        yield from self._closed
        for session, found in self._open.items():
            yield _run(session, *found)


def _run(session: str, first: int, last: int, begins_at: datetime, ends_at: datetime) -> Attestation:
    """Return that a session's statements `first` to `last` all stand in a file."""
    return Attestation("run", f"{first}-{last} {session}", begins_at=begins_at, ends_at=ends_at)


def proofs(said: Iterable[Attestation]) -> list[Proof]:
    """Return the gaps of one source that follow from its runs of statements and from its audit being switched off and on."""
    runs: dict[str, set[tuple[datetime, int, int, datetime]]] = defaultdict(set)
    switches: set[tuple[datetime, str, str]] = set()
    for each in said:
        if each.says == "run" and each.begins_at and each.ends_at:
            numbers, _, session = each.object.partition(" ")
            first, _, last = numbers.partition("-")
            runs[session].add((each.begins_at, int(first), int(last), each.ends_at))
        elif each.says in ("on", "off") and each.begins_at:
            switches.add((each.begins_at, each.says, each.object))
    begin = min((found[0] for each in runs.values() for found in each), default=None)
    return [*_switched_off(switches), *(proof for session, each in sorted(runs.items()) for proof in _missing(session, sorted(each), begin))]


def _switched_off(switches: Iterable[tuple[datetime, str, str]]) -> Iterator[Proof]:
    off: dict[str, datetime] = {}
    for at, says, scope in sorted(switches):
        if says == "off":
            off.setdefault(scope, at)
            continue
        for ended in [name for name in off if name == scope or (scope == EVERY_SESSION and name.startswith(f"{EVERY_SESSION} "))]:
            begin = off.pop(ended)
            yield Proof("audit_switched_off", ended, begin, max(at, begin + _LEAST))
    for scope, begin in off.items():
        yield Proof("audit_switched_off", scope, begin)


def _missing(session: str, runs: list[tuple[datetime, int, int, datetime]], begin: datetime | None) -> Iterator[Proof]:
    """Yield the time between two runs that do not follow on each other; 1 begins a new session of that name."""
    before: tuple[int, datetime] | None = None
    for begins_at, first, last, ends_at in runs:
        start = started_at(session)
        if before is not None and first > before[0] + 1:
            yield Proof("statement_missing", f"{session} {before[0] + 1}-{first - 1}", before[1], max(begins_at, before[1] + _LEAST))
        elif before is None and first > 1 and start is not None and begin is not None and start >= begin:
            # Where a session is older than all that was delivered, its begin may well have been logged before.
            yield Proof("statement_missing", f"{session} 1-{first - 1}", start, max(begins_at, start + _LEAST))
        before = (last if before is None or first == 1 else max(last, before[0]), ends_at)


def started_at(session: str) -> datetime | None:
    """Return when a session began, which its id says: seconds since 1970 and the process, in hexadecimal."""
    seconds, _, process = session.partition(".")
    try:
        return datetime.fromtimestamp(int(seconds, 16), UTC) if process else None
    except (ValueError, OverflowError, OSError):
        return None
