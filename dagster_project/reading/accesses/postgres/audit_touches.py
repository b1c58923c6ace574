"""What one audited part of a statement touched: according to its text (../statements), and beyond that the tables that pgAudit names."""

from collections.abc import Iterable
from dataclasses import replace

from dagster_project.reading.accesses.postgres.audits import UNNAMED, Part
from dagster_project.reading.accesses.postgres.cursors import Cursors
from dagster_project.reading.accesses.postgres.gathering import Gathered
from dagster_project.reading.accesses.postgres.server_entries import Entry
from dagster_project.reading.accesses.statements.statement import called, touched
from dagster_project.reading.accesses.statements.tables import Touched, declared, is_temporary, unqualified
from dagster_project.reading.accesses.statements.touches import only_records
from dagster_project.settings import Access

_ACTIONS = {"DELETE": "delete", "TRUNCATE TABLE": "delete", "COPY": "export", "COPY TO": "export", UNNAMED: "write"}


def of_part(gathered: Gathered, access: Access, cursors: Cursors) -> list[Touched]:
    """Return what a part of a statement touched: according to its text, and beyond that the tables that pgAudit names."""
    part = gathered.part
    action = _ACTIONS.get(part.command) or ("write" if part.first.of_class == "WRITE" else "read")
    relations = part.relations()
    if part.statement is None:
        return only_records([Touched(name, action=action) for name in relations] or [Touched(None, action=action)], access)
    found = [_qualified(one, relations, access) for one in _said(gathered, access, cursors)]
    names = {unqualified(one.table) for one in found if one.table}
    has_view = any(kind.endswith("VIEW") and declared(name, access.tables) for name, kind in relations.items())
    has_view = has_view and ((function := called(part.statement)) is None or not function.is_source)  # whose tables may be the view's or the function's
    behind = [] if has_view else [name for name, kind in relations.items() if kind != "VIEW" and unqualified(name) not in names]
    if not has_view and (hidden := _hidden(part)):
        behind += [name for name in relations if name not in behind and unqualified(name) in hidden]
    if behind:
        views = {unqualified(name) for name, kind in relations.items() if kind == "VIEW"}
        found = [one for one in found if one.table is not None and not (unqualified(one.table) in views and declared(one.table, access.tables) is None)]
    return only_records([*found, *(Touched(name, action=action) for name in behind)], access)


def _hidden(part: Part) -> set[str]:
    """Return the tables that were read more often than the text says: by functions that became part of the query."""
    times = part.times()
    said = called(part.statement or "") if max(times.values(), default=0) > 1 else None
    return set() if said is None else {name for name, count in times.items() if count > said.tables.get(name, 0)}


def _qualified(one: Touched, relations: Iterable[str], access: Access) -> Touched:
    """Give a table without a schema the one that pgAudit says; where that is another table than settings mean, nothing else is known."""
    named = [name for name in relations if unqualified(name) == one.table]
    name = named[0] if len(named) == 1 else None
    if all(declared(each, access.tables) == declared(one.table, access.tables) and not is_temporary(each) for each in named):
        return replace(one, table=name or one.table)
    return Touched(name, action=one.action)


def _said(gathered: Gathered, access: Access, cursors: Cursors) -> list[Touched]:
    """Return what the text says. Each statement of a text with several is logged with all of it: the one is taken where that is certain."""
    part, logged = gathered.part, gathered.logged
    session, statement = part.session, part.statement or ""
    opened = cursors.of(session, statement) if part.first.part == 1 else None  # a function has cursors of its own
    is_followed = logged is None or (bool(logged) and ((found := called(statement)) is None or found.functions <= logged))
    each = touched(statement, part.parameters, access.tables, is_followed=is_followed, cursors=opened)
    cursors.take(session, statement, each)
    if len({*each}) == 1:
        return list(each[0])
    place, count = gathered.burst
    for several in (each, [found for found in each if found]):
        if count % len(several) == 0:
            return list(several[place % len(several)])
    names = {unqualified(name) for name in part.relations()}
    fitting = {found for found in each if names and {unqualified(one.table) for one in found if one.table} == names}
    if len(fitting) == 1:
        return list(fitting.pop())
    return [Touched(name) for name in part.relations()] or [Touched(None)]


def of_denied(entry: Entry, access: Access) -> list[Touched]:
    """Return what a statement denied by PostgreSQL would have touched."""
    found = [one for statement in touched(entry.statement or "", None, access.tables) for one in statement]
    return [one for one in only_records(found, access) if one.table is not None]
