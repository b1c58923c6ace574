"""The open cursors of each session and what they read, since `where current of` changes no other rows."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from dagster_project.reading.accesses.statements.statement import may_be_several
from dagster_project.reading.accesses.statements.tables import Touched

MOST_CURSORS = 10_000
_DECLARED = re.compile(r'\s*declare\s+("[^"]*"|[\w$]+)\s+(?:(?:binary|asensitive|insensitive|no|scroll)\s+)*cursor\b', re.IGNORECASE)
# Whoever closes cursors may open others of the same name; while pgAudit is off, nobody sees it.
_FORGETS = re.compile(r"\s*(?:close|commit|rollback|end|abort|discard|prepare\s+transaction)\b|.*pgaudit", re.IGNORECASE | re.DOTALL)
_USED = re.compile(r"\bcurrent\s+of\b", re.IGNORECASE)

_FETCHES = re.compile(r"\s*fetch\b", re.IGNORECASE)
_LAST_NAME = re.compile(r'("[^"]*"|(?<![\w$])[\w$]+)\Z')

Read = tuple[Touched, ...]


class Cursors:
    """Follows the cursors of every session, statement by statement."""

    def __init__(self) -> None:
        self._open: dict[str, dict[str, Read]] = defaultdict(dict)
        self._declared: dict[str, set[str]] = defaultdict(set)

    def of(self, session: str, statement: str) -> Mapping[str, Read]:
        """Return what each open cursor read, for a single statement that names one; empty for any other text."""
        return self._open.get(session, {}) if not may_be_several(statement) and _USED.search(statement) else {}

    def has_declared(self, session: str, statement: str) -> bool:
        """Tell whether the cursor that a statement fetches from was declared in its session; a cursor opened by a function was not."""
        fetches = _FETCHES.match(statement)
        found = fetches and _LAST_NAME.search(statement.rstrip().removesuffix(";").rstrip(), fetches.end())
        return not found or _folded(found[1]) in self._declared.get(session, ())

    def take(self, session: str, statement: str, each: Sequence[Read]) -> None:
        """Add a statement of a session; `each` is what its statements touched."""
        if _FORGETS.match(statement):
            self._open.pop(session, None)
        elif (found := _DECLARED.match(statement)) is not None:
            if len(self._open) > MOST_CURSORS:
                self._open.clear()
            name = _folded(found[1])
            self._declared[session].add(name)
            opened = self._open[session]
            if len(each) != 1 or len(opened) > MOST_CURSORS:
                opened.clear()
            else:
                opened[name] = each[0]


def _folded(name: str) -> str:
    return name.strip('"') if name.startswith('"') else name.lower()
