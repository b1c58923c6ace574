"""From an SQL statement in PostgreSQL's dialect to the accounts and records it can touch; what cannot be told for certain is told as unknown.

No database is asked: a value counts only where every row that matters must have it, by a literal or a bound parameter.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache
from types import ModuleType
from typing import Any

from dagster_project.reading.accesses.tables import Named, Touched
from dagster_project.settings import Table

LONGEST_KEPT = 10_000  # characters; the tree of a longer one is not worth its memory


def touched(statement: str, parameters: Sequence[str] | None, tables: Named, *, is_followed: bool = True) -> list[tuple[Touched, ...]]:
    """Return what each statement of a text touches; `parameters` are the values of $1, $2, …, None where they are not known.

    A table of no row that matters still counts. A text that cannot be read is one statement that touches a table unknown. `is_followed`: what
    functions and prepared statements read is told elsewhere; else one that is called touches a table unknown.
    """
    read = _touched if len(statement) <= LONGEST_KEPT else _touched.__wrapped__
    return list(read(statement, None if parameters is None else tuple(parameters), tuple(tables.items()), is_followed))


@lru_cache(maxsize=4096)
def _touched(statement: str, parameters: tuple[str, ...] | None, tables: tuple[tuple[str, Table], ...], is_followed: bool) -> tuple[tuple[Touched, ...], ...]:
    from dagster_project.reading.accesses.bounds import read
    from dagster_project.reading.accesses.calls import calls

    try:
        found = (_parsed if len(statement) <= LONGEST_KEPT else _parsed.__wrapped__)(statement)
        if found is None:
            return ((Touched(None),),)
        behind = [[] if is_followed or not calls(tree) else [Touched(None)] for tree, _ in found]
        each = [read(tree, parameters, dict(tables), is_plan=is_plan) for tree, is_plan in found]
        return tuple(_merged([*one, *more]) for one, more in zip(each, behind, strict=True))
    except (RecursionError, AttributeError, TypeError, KeyError, IndexError, ValueError):  # a tree of a shape that nobody thought of
        return ((Touched(None),),)


def _merged(each: Sequence[Touched]) -> tuple[Touched, ...]:
    """Return one for each table, account and action; an account unknown stands for the others."""
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


# What stands before a query that is prepared, explained or opened as a cursor; its own rows are what is read.
_BEFORE = re.compile(
    r"""(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*
    (?:(?P<plan>explain)\s*(?:\([^()]*\)|(?:(?:analyze|verbose)\s+)*)
      |declare\s+(?:"[^"]*"|[\w$]+)\s+(?:(?:binary|asensitive|insensitive|no|scroll)\s+)*cursor\s+(?:with(?:out)?\s+hold\s+)?for\b
      |prepare\s+(?:"[^"]*"|[\w$]+)\s*(?:\((?:[^()]|\([^()]*\))*\)\s*)?as\b)""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> tuple[tuple[Any, bool], ...] | None:
    """Return the statements of a text as trees, each with whether only its plan comes back; None where one cannot be read."""
    before = _BEFORE.match(text)
    try:
        trees = _sqlglot().parse(text[before.end() :] if before else text, dialect="postgres")
    except Exception:  # noqa: BLE001 - the library raises what it likes, RecursionError among it
        return None
    is_plan = before is not None and before["plan"] is not None
    found: list[tuple[Any, bool]] = [(tree, is_plan and not place) for place, tree in enumerate(trees) if tree is not None]
    for place, (tree, _) in enumerate(found):
        if tree.key == "command" and _BEFORE.match(whole := f"{tree.this} {getattr(tree.expression, 'this', tree.expression) or ''}"):
            inner = _parsed(whole)
            if inner is None:
                return None
            found[place : place + 1] = inner
    return tuple(found) or None


@cache
def _sqlglot() -> ModuleType:
    """Import the parser where it is needed, for it costs time, and silence it: its warnings quote the statement."""
    import sqlglot

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL + 1)
    return sqlglot
