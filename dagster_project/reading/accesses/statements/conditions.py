"""The equalities and exclusions that hold for every row that passes a condition. Keep out: whose columns they are (columns.py)."""

from collections.abc import Iterator, MutableMapping, Sequence
from itertools import product
from math import prod
from typing import NamedTuple

from sqlglot import exp

from dagster_project.reading.accesses.statements.literals import several, value

MOST_ALTERNATIVES = 64
Chosen = MutableMapping[int, exp.Expr]  # of an `or` its side, of a list its row, by the id of its node
Parameters = Sequence[str] | None  # the values of $1, $2, …, None where they are not known


class Equal(NamedTuple):
    """Two expressions have the same value."""

    left: exp.Expr
    right: exp.Expr


class Among(NamedTuple):
    """An expression has one of these values."""

    left: exp.Expr
    values: frozenset[str]


class NotAmong(NamedTuple):
    """An expression has none of these values."""

    left: exp.Expr
    values: frozenset[str]


class Found(NamedTuple):
    """A query returns a row whose columns equal an expression, or the cells of a row; any row where `left` is None."""

    left: exp.Expr | None
    query: exp.Expr


def facts(condition: exp.Expr, chosen: Chosen, parameters: Parameters) -> Iterator[Equal | Among | NotAmong | Found]:
    """Yield what must hold wherever a condition holds."""
    if isinstance(condition, exp.Paren):
        yield from facts(condition.this, chosen, parameters)
    elif isinstance(condition, exp.And):
        for part in condition.flatten():
            yield from facts(part, chosen, parameters)
    elif isinstance(condition, exp.Or):
        if (side := chosen.get(id(condition))) is not None:
            yield from facts(side, chosen, parameters)
        elif (same := _same_column(condition, parameters)) is not None:
            yield same
    elif isinstance(condition, exp.EQ | exp.NullSafeEQ):
        found = _equal(condition.this, condition.expression, parameters)
        # Two nulls are not distinct: of a row that an outer join left out, only a value that is known binds anything.
        yield from found if isinstance(condition, exp.EQ) else (each for each in found if isinstance(each, Equal) and _is_known(each, parameters))
    elif isinstance(condition, exp.In | exp.NEQ | exp.Not):
        yield from _in(condition, chosen, parameters) if isinstance(condition, exp.In) else _unequal(condition, parameters)
    elif isinstance(condition, exp.Exists) and isinstance(condition.this, exp.Query):
        yield Found(None, condition.this)


def _is_known(each: Equal, parameters: Parameters) -> bool:
    return any(value(side, parameters) is not None for side in each)


def _equal(left: exp.Expr, right: exp.Expr, parameters: Parameters) -> Iterator[Equal | Among | Found]:
    if len(ones := cells(left)) == len(others := cells(right)) and ones != [left] and others != [right]:
        for one, other in zip(ones, others, strict=True):
            yield from _equal(one, other, parameters)
    elif (among := right if isinstance(right, exp.Subquery) else _of_any(right)) is not None:
        if isinstance(among, exp.Query | exp.Values):
            yield Found(left, _without_brackets(among))
        elif (values := several(among, parameters)) is not None:
            yield Among(left, frozenset(values))
    else:
        yield Equal(left, right)


def _of_any(written: exp.Expr) -> exp.Expr | None:
    """Return what `any (…)` or `some (…)` looks among."""
    if isinstance(written, exp.Any):
        return written.this.this if isinstance(written.this, exp.Paren) else written.this  # type: ignore[no-any-return]
    return written.expressions[0] if isinstance(written, exp.Anonymous) and str(written.this).lower() == "some" and written.expressions else None


def _in(node: exp.In, chosen: Chosen, parameters: Parameters) -> Iterator[Among | Found]:
    query = node.args.get("query") or next((each for each in node.expressions if isinstance(each, exp.Values)), None)
    if query is not None:
        yield Found(node.this, _without_brackets(query))
        return
    columns = cells(node.this)
    for column, values in zip(columns, by_place(rows(node, chosen), len(columns), parameters), strict=True):
        if values:
            yield Among(column, values)


def _unequal(condition: exp.NEQ | exp.Not, parameters: Parameters) -> Iterator[NotAmong]:
    """Yield what `a <> 1` and `a not in (1, 2)` exclude."""
    among = condition.this
    if isinstance(condition, exp.NEQ):
        left, others = condition.this, [condition.expression]
    elif isinstance(among, exp.In) and among.args.get("query") is None:
        left, others = among.this, among.expressions
    else:
        return
    values = {value(other, parameters) for other in others} - {None}
    if values and cells(left) == [left]:
        yield NotAmong(left, frozenset(each for each in values if each is not None))


def _without_brackets(query: exp.Expr) -> exp.Expr:
    return query.this if isinstance(query, exp.Subquery) else query


def cells(written: exp.Expr) -> list[exp.Expr]:
    """Return the expressions of a row, `(a, b)` or `row(a, b)`; anything else alone."""
    if isinstance(written, exp.Tuple) or (isinstance(written, exp.Anonymous) and str(written.this).lower() == "row"):
        return list(written.expressions)
    return [written]


def rows(node: exp.In | exp.Values, chosen: Chosen) -> list[list[exp.Expr]]:
    """Return the rows of a list, or only the chosen one."""
    one = chosen.get(id(node))
    return [cells(row) for row in (node.expressions if one is None else [one])]


def by_place(rows: Sequence[Sequence[exp.Expr]], width: int, parameters: Parameters) -> Iterator[frozenset[str] | None]:
    """Yield the values of each column of a list of rows, None where one of them is not known."""
    for place in range(width):
        values = [value(row[place], parameters) if place < len(row) else None for row in rows]
        yield None if None in values else frozenset(one for one in values if one is not None)


def choices(tree: exp.Expr, parameters: Parameters) -> Iterator[Chosen]:
    """Yield every combination of one side of each `or` and one row of each list of rows in the conditions; an empty one where there are too many."""
    branches: dict[int, Sequence[exp.Expr]] = {}
    for node in tree.find_all(exp.Or, exp.In, exp.Values):
        if isinstance(node, exp.Or):
            is_whole = not isinstance(node.parent, exp.Or) and _is_condition(node)
            if is_whole and (possible := [side for side in node.flatten() if not _is_never(side, parameters)]):
                branches[id(node)] = possible
        elif isinstance(node.parent, exp.Insert) if isinstance(node, exp.Values) else cells(node.this) != [node.this] and _is_condition(node):
            branches[id(node)] = node.expressions or [node]
    if prod(map(len, branches.values())) > MOST_ALTERNATIVES:
        yield {}
        return
    for sides in product(*branches.values()):
        yield dict(zip(branches, sides, strict=True))


def _is_condition(node: exp.Expr) -> bool:
    parent = node.parent
    while isinstance(parent, exp.And | exp.Or | exp.Paren):
        parent = parent.parent
    return isinstance(parent, exp.Where | exp.Having | exp.Join)


def _is_never(side: exp.Expr, parameters: Parameters) -> bool:
    """Tell whether one side of an `or` holds of no row: a value that is known is not null."""
    written = side.unnest()
    return isinstance(written, exp.Is) and isinstance(written.expression, exp.Null) and not written.args.get("negate") and value(written.this, parameters) is not None


def _same_column(node: exp.Or, parameters: Parameters) -> Among | None:
    """Return the column and the values of `a = 1 or a = 2 or …`."""
    sides = [side.this if isinstance(side, exp.Paren) else side for side in node.flatten()]
    if not all(isinstance(side, exp.EQ) and isinstance(side.this, exp.Column) for side in sides):
        return None
    (values,) = by_place([[side.expression] for side in sides], 1, parameters)
    is_one = len({side.this.sql(dialect="postgres") for side in sides}) == 1
    return Among(sides[0].this, values) if values and is_one else None
