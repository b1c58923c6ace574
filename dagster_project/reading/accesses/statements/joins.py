"""Finds outer joins that are inner joins in effect: where no row that lacks one side passes a condition, the join's condition holds for every row that does."""

from collections.abc import Iterable, Iterator

from sqlglot import exp

from dagster_project.reading.accesses.statements.columns import Columns
from dagster_project.reading.accesses.statements.conditions import Chosen, Found, Parameters, cells, facts
from dagster_project.reading.accesses.statements.equalities import Equalities, Node
from dagster_project.reading.accesses.statements.scopes import Joined, Scope, Source, folded

_STRICT = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like, exp.ILike)
_OF_LISTS = ("all", "any", "some")


class Joins:
    """Adds to `known` what joins say, once it is certain which of their sides every row has."""

    def __init__(self, known: Equalities, columns: Columns, parameters: Parameters, chosen: Chosen) -> None:
        self._known, self._columns, self._parameters, self._chosen = known, columns, parameters, chosen

    def joined(self, join: exp.Join, joined: Joined, left: list[Source], right: list[Source], scope: Scope) -> None:
        """Put a join into its scope, with the columns that `using` or `natural` makes one of."""
        names = [folded(name) for name in join.args.get("using") or ()]
        if (join.method or "").upper() == "NATURAL":
            names = [name for name in dict.fromkeys(self._columns.accounts(right)) if any(name in self._columns.accounts([source]) for source in left)]
        for name in names:
            first, second = self._side(name, left, scope), self._side(name, right, scope)
            scope.merged[name] = joined.merged[name] = self._merged(name, first, second, joined)
            joined.same.append((first, second))
            self._known.equal(first, second, joined.bound())
        scope.is_naturally_outer = scope.is_naturally_outer or (bool(join.method) and joined.bound() is not None)
        scope.joins.append(joined)

    def _side(self, name: str, sources: list[Source], scope: Scope) -> Node | None:
        """Return the column of that name on one side of a join: the one that a join within it made, or that of a source."""
        numbers = {source.number for source in sources}
        made = [join.merged[name] for join in scope.joins if name in join.merged and join.right_sources <= numbers]
        return made[-1] if made else None if scope.is_naturally_outer else self._columns.owner(name, sources)

    def _merged(self, name: str, first: Node | None, second: Node | None, joined: Joined) -> Node | None:
        """Return the column that `using` makes of two; of a full join it is the one that is not null, and a row of either side has its value."""
        if not joined.is_left_optional or not joined.is_right_optional:
            return second if joined.is_left_optional else first if joined.is_right_optional else first or second
        if first is None or second is None:
            return None
        merged = (self._known.number(), name)
        for each in (first, second):
            self._known.rule(each, merged)
        self._known.rule(merged, first, second)
        return merged

    def without_nulls(self, where: exp.Expr | None, scope: Scope) -> None:
        """Add the conditions of outer joins where `where` passes only rows that have both sides."""
        outer = [join for join in scope.joins if join.bound() is not None]
        if not outer:
            return
        inner = [join.condition for join in scope.joins if join.condition is not None and join.bound() is None and not join.is_nested]
        met = self._never_null(where, scope) if where is not None else set()
        named = [self._never_null(join.condition, scope) if join.condition is not None else {node[0] for pair in join.same for node in pair if node} for join in outer]
        turns = list(zip(outer, named, strict=True))
        is_new = True
        while is_new:
            is_new = False
            if inner and not any(join.is_left_optional for join in scope.joins):  # then every row has passed them
                met |= {number for condition in inner for number in self._never_null(condition, scope)}
                inner = []
            turns.reverse()  # from the last join to the first, then back
            for join, own in turns:
                if narrowed(join, met, own):
                    is_new = True
                    self._facts(join, scope)
                    met |= own if join.bound() is None else set()

    def _never_null(self, condition: exp.Expr, scope: Scope) -> set[int]:
        nodes = (self._columns.node(column, scope) for column in never_null(condition, self._chosen))
        return {node[0] for node in nodes if node is not None}

    def _facts(self, join: Joined, scope: Scope) -> None:
        """Take what the condition of a join says, but for the queries in it, which were read with it."""
        for fact in facts(join.condition, self._chosen, self._parameters) if join.condition is not None else ():
            if not isinstance(fact, Found):
                self._columns.take(fact, scope, join.bound())
        for first, second in join.same:
            self._known.equal(first, second, join.bound())


def never_null(condition: exp.Expr, chosen: Chosen) -> Iterator[exp.Column]:
    """Yield columns that are not null wherever a condition holds."""
    if isinstance(condition, exp.Paren):
        yield from never_null(condition.this, chosen)
    elif isinstance(condition, exp.And):
        for part in condition.flatten():
            yield from never_null(part, chosen)
    elif isinstance(condition, exp.Or):
        if (side := chosen.get(id(condition))) is not None:
            yield from never_null(side, chosen)
    elif isinstance(condition, exp.Is):
        if isinstance(condition.expression, exp.Null) and condition.args.get("negate"):
            yield from _columns([condition.this])
    elif isinstance(condition, exp.In | exp.Between):
        yield from _columns([condition.this])
    elif isinstance(condition, _STRICT) and not _is_of_all(condition.expression):
        yield from _columns([condition.this, condition.expression] if not isinstance(condition.expression, exp.Any) else [condition.this])


def _is_of_all(written: exp.Expr) -> bool:
    """Tell whether a comparison is with all of a list, which holds of null, too, where the list is empty."""
    return isinstance(written, exp.All) or (isinstance(written, exp.Anonymous) and str(written.this).lower() in _OF_LISTS)


def _columns(written: Iterable[exp.Expr]) -> Iterator[exp.Column]:
    for each in written:
        inner = each.unnest()
        yield from (
            (cell for cell in cells(inner) if isinstance(cell, exp.Column)) if isinstance(each.parent, exp.EQ | exp.In) else (inner,) if isinstance(inner, exp.Column) else ()
        )


def narrowed(join: Joined, met: set[int], named: set[int]) -> bool:
    """Mark a side as certain where one of its sources is never null (`met`); tell whether that is new. `named`: the sources in the join's own condition.

    A source left of a join in a list may not belong to the join; one that its condition names certainly does.
    """
    is_right = join.is_right_optional and not met.isdisjoint(join.right_sources)
    is_left = join.is_left_optional and any(number in join.left for number in met & named)
    join.is_right_optional = join.is_right_optional and not is_right
    join.is_left_optional = join.is_left_optional and not is_left
    return is_right or is_left
