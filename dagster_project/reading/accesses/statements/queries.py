"""Reads queries: the tables of each, once for every time it is read, with what conditions and joins say about their columns."""

from collections.abc import Container, Sequence
from collections.abc import Set as AbstractSet

from sqlglot import exp

from dagster_project.reading.accesses.statements.columns import Columns
from dagster_project.reading.accesses.statements.conditions import Chosen, Found, Parameters, by_place, cells, facts, rows
from dagster_project.reading.accesses.statements.equalities import Equalities
from dagster_project.reading.accesses.statements.joins import Joins
from dagster_project.reading.accesses.statements.literals import several
from dagster_project.reading.accesses.statements.scopes import Joined, Output, Scope, Source, alias, alias_names, folded, full_name, is_plain, passes_down

DEEPEST = 50
MOST_SOURCES = 2_000  # tables and queries of a `with`, each time they are used


class Queries:
    """Reads the queries of a statement.

    `leaves`: its tables, each with the action on it. `changes`: inserts, updates and deletes inside a `with`, still to be read, each with its scope.
    `is_lost`: a part has a form that is not handled, so nothing is known of the statement but its tables.
    """

    def __init__(self, known: Equalities, columns: Columns, parameters: Parameters, chosen: Chosen) -> None:
        self._known, self._columns, self._parameters, self._chosen = known, columns, parameters, chosen
        self._outer = Joins(known, columns, parameters, chosen)
        self._seen: set[int] = set()
        self._changes_met: set[int] = set()
        self._open: list[int] = []
        self._expansions = 0
        self.leaves: list[tuple[Source, str]] = []
        self.changes: list[tuple[exp.Expr, Scope]] = []
        self.is_lost = False

    # Queries

    def with_(self, tree: exp.Expr, around: Scope) -> Scope:
        """Return a scope with the queries of a `with`: each can name those before it; in a recursive one, all of them and itself."""
        clause = tree.args.get("with_")
        if clause is None:
            return Scope(around)
        scope, used = Scope(around), {folded(table.this) for table in tree.find_all(exp.Table)}
        for query in clause.expressions:
            before = scope
            scope = before if clause.args.get("recursive") else Scope(before)
            scope.queries[_name(query)] = (query, before)
        for name, (query, before) in [(name, found) for name in map(_name, clause.expressions) if (found := scope.query(name))]:
            if not isinstance(query.this, exp.Query):
                self._change(query, before)
            elif name not in used:
                with self._known.apart():
                    self._expanded(query, before)
        return scope

    def _change(self, query: exp.CTE, scope: Scope) -> None:
        if id(query) not in self._changes_met:
            self._changes_met.add(id(query))
            self.changes.append((query.this, scope))

    def _expanded(self, query: exp.CTE, scope: Scope) -> list[Output]:
        """Read a query of a `with` where it is used; what a change there gives back is not followed."""
        if id(query) in self._open or len(self._open) > DEEPEST or len(self.leaves) + self._expansions > MOST_SOURCES:
            self.is_lost = self.is_lost or id(query) not in self._open
            return []
        if not isinstance(query.this, exp.Query):
            return []
        self._open.append(id(query))
        self._expansions += 1
        seen, self._seen = self._seen, set()
        with self._known.apart(is_plain(query.this)):
            found = self.query(query.this, self.with_(query.this, scope))
        for node in query.find_all(exp.Or, exp.In) if self._chosen else ():
            self._chosen.pop(id(node), None)  # where it is read again, other rows may pass by another side
        self._seen = seen
        self._open.pop()
        return found

    def query(self, query: exp.Expr, scope: Scope) -> list[Output]:
        """Read a query; return the outputs of its branches, none where its columns are unknown."""
        self._seen.add(id(query))
        if isinstance(query, exp.Subquery) and isinstance(query.this, exp.Query) and not _is_joined(query):
            self.others(query, scope)
            return self.query(query.this, self.with_(query.this, self.with_(query, scope)))
        if isinstance(query, exp.SetOperation):
            with self._known.apart():
                sides = [self.query(side, self.with_(side, scope)) for side in (query.left, query.right)]
            self.others(query, scope)
            is_told = isinstance(query, exp.Union) and all(sides) and not any(output.has_star for side in sides for output in side)
            return [*sides[0], *sides[1]] if is_told else []
        if not isinstance(query, exp.Select):
            self.is_lost = self.is_lost or not isinstance(query.unnest() if isinstance(query, exp.Subquery) else query, exp.Values)
            return []
        return [self._select(query, Scope(scope))]

    def _select(self, query: exp.Select, scope: Scope) -> Output:
        first = self.source(from_.this, scope) if (from_ := query.args.get("from_")) is not None else []
        self._joins(query, scope, first)
        self.where(query.args.get("where"), scope)
        self.where(query.args.get("having"), scope)
        self.others(query, scope)
        columns = [(alias(column), column.this if isinstance(column, exp.Alias) else column) for column in query.expressions]
        return Output(columns, scope, any(isinstance(column, exp.Star) or (isinstance(column, exp.Column) and isinstance(column.this, exp.Star)) for _, column in columns))

    # Sources

    def source(self, source: exp.Expr, scope: Scope) -> list[Source]:
        """Read an item of a `from` into the scope, with what is joined to it; return the sources."""
        if isinstance(source, exp.Lateral):
            return self._lateral(source, scope)
        if isinstance(source, exp.Subquery) and isinstance(source.this, exp.Query) and not _is_joined(source.this):
            made = [self._in_brackets(source.this, source, scope)]
        elif isinstance(source, exp.Subquery):
            made = self._joined_in_brackets(source, scope)
        elif isinstance(source, exp.Values):
            made = [self.put(self.derived(source, scope, alias_names(source)), source, scope)]
        elif isinstance(source, exp.Unnest):
            made = [self.put(self._unnested(source, scope), source, scope)]
        elif isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
            made = [self.put(self._table(source, scope), source, scope)]
            self.others(source, scope)
        else:
            self.inside(source, scope)
            made = [self.put(Source(self._known.number()), source, scope)]
        return made + self._joins(source, scope, made)

    def _lateral(self, lateral: exp.Lateral, scope: Scope) -> list[Source]:
        if isinstance(lateral.this, exp.Subquery):
            return [self._in_brackets(lateral.this.this, lateral, scope)]
        if lateral.this is not None:
            self.inside(lateral.this, scope)
        return [self.put(Source(self._known.number()), lateral, scope)]

    def _in_brackets(self, query: exp.Expr, named: exp.Expr, scope: Scope) -> Source:
        with self._known.apart(is_plain(query)):
            return self.put(self.derived(query, scope, alias_names(named)), named, scope)

    def _joined_in_brackets(self, brackets: exp.Subquery, scope: Scope) -> list[Source]:
        """Read a join in brackets; where these have a name, what is inside is called by it alone."""
        before, number = list(scope.sources), self._known.number()
        made = self.source(brackets.this, scope)
        if brackets.args.get("alias") is not None:
            hidden = {name: scope.sources.pop(name) for name in list(scope.sources) if name not in before}
            scope.sources.update({f"#{source.number}": source for source in hidden.values()})
            named = Source(number, branches=[Output([], Scope(None, hidden), has_star=True)], names=alias_names(brackets))
            return [self.put(named, brackets, scope)]
        return made

    def _table(self, table: exp.Table, scope: Scope) -> Source:
        found = None if table.args.get("db") else scope.query(folded(table.this))
        if found is None:
            leaf = self.leaf(table, "read")
            return Source(self._known.number()) if alias_names(table) else leaf  # its columns have other names here
        query, where = found
        given = alias_names(table)
        names = [*given, *alias_names(query)[len(given) :]]
        if _listed(query.this) is not None:
            return self.derived(query.this, where, names)
        is_followed = passes_down(query.this) and not query.parent.args.get("recursive")  # type: ignore[union-attr]  # it stands in a `with`
        return Source(self._known.number(), branches=self._expanded(query, where), names=names, passes_down=is_followed)

    def leaf(self, table: exp.Table, action: str) -> Source:
        """Return a table as a source, and count it."""
        source = Source(self._known.number(), table)
        self.leaves.append((source, action))
        return source

    def derived(self, query: exp.Expr, scope: Scope, names: Sequence[str]) -> Source:
        """Return a query, or a list of values, as a source with these names of its columns."""
        listed = _listed(query)
        if isinstance(listed, exp.Unnest):
            self._seen.add(id(query))
            return self._unnested(listed, scope, names)
        if isinstance(listed, exp.Values):
            self._seen.add(id(query))
            self.inside(listed, scope)
            written = rows(listed, self._chosen)
            given = names or alias_names(listed) or [f"column{place + 1}" for place in range(len(written[0]))]
            return Source(self._known.number(), names=given, values=dict(zip(given, by_place(written, len(given), self._parameters), strict=True)))
        if not isinstance(query, exp.Query):
            self.inside(query, scope)
            return Source(self._known.number())
        return Source(self._known.number(), branches=self.query(query, self.with_(query, scope)), names=names, passes_down=passes_down(query))

    def _unnested(self, source: exp.Unnest, scope: Scope, given: Sequence[str] = ()) -> Source:
        self.inside(source, scope)
        names = given or alias_names(source) or [folded(source.alias) or "unnest"]
        lists = [several(each, self._parameters) for each in source.expressions]
        values = {name: None if listed is None else frozenset(listed) for name, listed in zip(names, lists, strict=False)}
        return Source(self._known.number(), names=names, values=values)

    def put(self, source: Source, named: exp.Expr, scope: Scope) -> Source:
        """Put a source into the scope, by its alias or its name."""
        given = named.args.get("alias")
        name = folded(given.this if isinstance(given, exp.TableAlias) else given) if given is not None else full_name(named) if isinstance(named, exp.Table) else ""
        scope.add(name or f"#{source.number}", source)
        return source

    def _joins(self, holder: exp.Expr, scope: Scope, first: list[Source]) -> list[Source]:
        """Read what is joined to the first sources of a list; a comma begins the list anew."""
        every, left = list[Source](), first
        for join in holder.args.get("joins") or ():
            left, begin = [] if _is_comma(join) else left, self._known.number()
            with self._known.apart(not join.side):
                right = self.source(join.this, scope)
            side = (join.side or "").upper()
            on = join.args.get("on")
            joined = Joined(
                condition=on if isinstance(on, exp.Expr) else None,
                left=range(left[0].number if left else begin, begin),
                right=range(begin, self._known.number()),
                right_sources={source.number for source in right},
                is_left_optional=side in ("RIGHT", "FULL"),
                is_right_optional=side in ("LEFT", "FULL"),
                is_nested=not isinstance(holder, exp.Select),
            )
            self._joined(join, joined, left, right, scope)
            left = left + right
            every += right
        return every

    def _joined(self, join: exp.Join, joined: Joined, left: list[Source], right: list[Source], scope: Scope) -> None:
        if joined.condition is not None:
            self._condition(joined.condition, scope, joined.bound())
        self._outer.joined(join, joined, left, right, scope)

    # Conditions

    def where(self, where: exp.Expr | None, scope: Scope) -> None:
        """Add what the condition of a `where` or a `having` says."""
        if where is not None:
            self._condition(where.this, scope, None)
        self._outer.without_nulls(where.this if where is not None else None, scope)

    def _condition(self, condition: exp.Expr, scope: Scope, bound: Container[int] | None) -> None:
        """Take what a condition says of every row that passes; `bound` are the sources that it can bind, None for all."""
        for fact in facts(condition, self._chosen, self._parameters):
            if not isinstance(fact, Found):
                self._columns.take(fact, scope, bound)
            else:
                columns = cells(fact.left) if fact.left is not None else []
                names = [f"#{place}" for place in range(1, len(columns) + 1)]
                with self._known.apart(bound is None and is_plain(fact.query)):
                    found = self.derived(fact.query, scope, names or ("#1",))
                for column, name in zip(columns, names, strict=True):
                    self._known.equal(self._columns.node(column, scope), self._columns.column(found, name), bound, {found.number})
        self.inside(condition, scope)

    # Everything else

    def inside(self, node: exp.Expr, scope: Scope) -> None:
        """Read the subqueries inside an expression of which nothing else is known."""
        for query in node.find_all(exp.Query):
            if id(query.unnest()) not in self._seen and id(query) not in self._seen and not _is_inside(query, node, self._seen):
                with self._known.apart():
                    self.derived(query, scope, ())

    def others(self, holder: exp.Expr, scope: Scope, but: AbstractSet[str] = frozenset()) -> None:
        """Read the queries in the other clauses of a statement."""
        passed = {"with_", "from_", "joins", "this", "expression", "using", "where", *but} - ({"expression"} if isinstance(holder, exp.Merge) else set())
        for name, part in holder.args.items():
            for each in part if isinstance(part, list) else [part]:
                if name not in passed and isinstance(each, exp.Expr):
                    self.inside(each, scope)


def _is_joined(query: exp.Expr) -> bool:
    """Tell whether a query in brackets is only the first item of a join."""
    return isinstance(query, exp.Subquery) and bool(query.args.get("joins"))


def _is_comma(join: exp.Join) -> bool:
    return not any(join.args.get(name) for name in ("kind", "side", "method", "on", "using"))


def _name(query: exp.CTE) -> str:
    return folded(query.args["alias"].this)


def _listed(query: exp.Expr) -> exp.Values | exp.Unnest | None:
    """Return the list of values, or the arrays, that a query is, also where it is written as `select * from …`, as the parser does in a `with`."""
    if isinstance(query, exp.Values):
        return query
    told = {name for name, part in query.args.items() if part}
    if not isinstance(query, exp.Select) or not told <= {"expressions", "from_"} or [type(column) for column in query.expressions] != [exp.Star]:
        return None
    from_ = query.args.get("from_")
    listed = from_.this if from_ is not None else None
    return listed if isinstance(listed, exp.Values | exp.Unnest) and not listed.args.get("joins") else None


def _is_inside(query: exp.Expr, node: exp.Expr, seen: set[int]) -> bool:
    parent = query.parent
    while parent is not None and parent is not node:
        if id(parent) in seen:
            return True
        parent = parent.parent
    return False
