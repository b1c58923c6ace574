"""The accounts and records that an SQL statement in PostgreSQL's dialect can touch; what is not certain is unknown.

No database is asked: a value counts only where every row that matters must have it, by a literal or a bound parameter.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dagster_project.reading.accesses.statements.shapes import Found, generalised, shape_of, special
from dagster_project.reading.accesses.statements.tables import Named, Touched
from dagster_project.settings import Table

if TYPE_CHECKING:
    from dagster_project.reading.accesses.statements.trees import Tree

LONGEST_KEPT = 10_000  # characters; the tree of a longer one is not worth its memory
_UNFORESEEN = (RecursionError, AttributeError, TypeError, KeyError, IndexError, ValueError)  # what a tree of an unforeseen shape makes its readers raise
# sqlglot costs time to import, so what needs it is imported where there is a statement to read.


def touched(
    statement: str, parameters: Sequence[str] | None, tables: Named, *, is_followed: bool = True, cursors: Mapping[str, tuple[Touched, ...]] | None = None
) -> list[tuple[Touched, ...]]:
    """Return what each statement of a text touches.

    `parameters`: the values of $1, $2, …, None where they are unknown. `is_followed`: what functions and prepared statements read is logged by itself; else a
    call touches an unknown table. `cursors`: what each open cursor read. A table counts even where no row of it can matter. A text that cannot be parsed is
    one statement that touches an unknown table.
    """
    bound, declared, opened = None if parameters is None else tuple(parameters), tuple(tables.items()), tuple((cursors or {}).items())
    if len(statement) > LONGEST_KEPT:
        return list(_touched.__wrapped__(statement, bound, declared, is_followed, opened))
    shape = None if opened else shape_of(statement, bound)
    if shape is None:
        return list(_touched(statement, bound, declared, is_followed, opened))
    known = _of_shape(shape.common, declared, is_followed)
    if not known:
        known.append(generalised(_touched(statement, bound, declared, is_followed, opened), shape))
    return list(_touched(statement, bound, declared, is_followed, opened) if known[0] is None else special(known[0], shape))


def may_be_several(text: str) -> bool:
    """Tell whether a text may hold several statements: a semicolon stands within, perhaps as a part of a value."""
    return ";" in text.rstrip("; \t\r\n")


class Called(NamedTuple):
    """What a text calls that may read tables of its own, and how often, at least, each statement that names a table names it (without its schema)."""

    functions: frozenset[str]
    tables: Mapping[str, int]
    is_source: bool  # a function stands where a table does, and may be inlined into the query


@lru_cache(maxsize=4096)
def _of_shape(_common: Hashable, _tables: tuple[tuple[str, Table], ...], _is_followed: bool) -> list[Found | None]:
    """Return what is known of a shape, a list for the caller to fill: empty, [None] where each statement must be read, or what all of them touch."""
    return []


@lru_cache(maxsize=4096)
def _touched(
    statement: str, parameters: tuple[str, ...] | None, tables: tuple[tuple[str, Table], ...], is_followed: bool, cursors: tuple[tuple[str, tuple[Touched, ...]], ...]
) -> Found:
    from dagster_project.reading.accesses.statements.bounds import read
    from dagster_project.reading.accesses.statements.calls import calls

    found: list[tuple[Touched, ...]] = []
    try:
        for tree in _trees(statement):
            behind = [Touched(None)] if tree and not is_followed and calls(tree.root) else []
            current = dict(cursors).get(tree.cursor or "", ()) if tree else ()
            each = [*read(tree.root, parameters, dict(tables), is_plan=tree.is_plan, current=current), *behind] if tree else []
            found.append(_merged(each if tree is None or tree.is_run else [replace(one, action="read") for one in each]))
        return tuple(found)
    except _UNFORESEEN:
        return ((Touched(None),),)


@lru_cache(maxsize=1024)
def called(statement: str) -> Called | None:
    """Return what a text calls that may read tables of its own; None where it calls nothing of the kind."""
    from dagster_project.reading.accesses.statements.calls import calls, is_from_function
    from dagster_project.reading.accesses.statements.scopes import uses

    try:
        roots = [tree.root for tree in _trees(statement) if tree]
        functions, each = frozenset().union(*map(calls, roots)), [uses(root) for root in roots]
    except _UNFORESEEN:
        return Called(frozenset({""}), {}, is_source=True)
    tables = {name: min(count[name] for count in each if name in count) for name in set().union(*each)}
    return Called(functions, tables, is_source=any(map(is_from_function, roots))) if functions else None


def _trees(statement: str) -> "Sequence[Tree | None]":
    from dagster_project.reading.accesses.statements.trees import trees

    return (trees if len(statement) <= LONGEST_KEPT else trees.__wrapped__)(statement)


def _merged(each: Sequence[Touched]) -> tuple[Touched, ...]:
    """Return one for each table, account and action; an unknown account absorbs the others of its table and action."""
    by: dict[tuple[str | None, str | None, str], Touched] = {}
    unknown = {(one.table, one.action) for one in each if one.account_id is None}
    for one in each:
        told = replace(one, account_id=None) if (one.table, one.action) in unknown else one
        key = (told.table, told.account_id, told.action)
        before = by.get(key)
        if before is None:
            by[key] = told
            continue
        records = None if before.record_ids is None or told.record_ids is None else tuple(dict.fromkeys(before.record_ids + told.record_ids))
        by[key] = replace(before, record_ids=records, has_content=before.has_content or told.has_content)
    return tuple(by.values())
