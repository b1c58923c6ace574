"""The values that columns of a statement must have: equalities between columns, literals and parameters, followed to each table it reads.

Bounds are sound, not complete: a column that another condition binds in a way not known here stays unbound.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from sqlglot import exp

from dagster_project.reading.accesses.equalities import Equalities, Node
from dagster_project.reading.accesses.literals import several, value
from dagster_project.reading.accesses.scopes import Output, Scope, Source, alias, alias_names, folded, full_name, is_plain, keeps, output_names, passes_down
from dagster_project.reading.accesses.sizes import is_only_sizes
from dagster_project.reading.accesses.statements import Touched, declared
from dagster_project.settings import Table

MOST_ALTERNATIVES = 64
DEEPEST = 50
MOST_SOURCES = 2_000  # a query in a `with` counts each time it is used
_HARMLESS = {"ANALYZE", "BEGIN", "CALL", "CHECKPOINT", "CLOSE", "COMMENT", "COMMIT", "DEALLOCATE", "DISCARD", "DO", "END", "EXECUTE", "FETCH", "GRANT", "LISTEN", "LOCK",
             "MOVE", "NOTIFY", "RELEASE", "RESET", "REVOKE", "ROLLBACK", "SAVEPOINT", "SET", "SHOW", "START", "UNLISTEN", "VACUUM"}  # fmt: skip
_VERBS: dict[type[exp.Expr], str] = {exp.Delete: "delete", exp.TruncateTable: "delete", exp.Insert: "write", exp.Update: "write", exp.Merge: "write", exp.Copy: "export"}

Named = Mapping[str, Table]


def read(tree: exp.Expr, parameters: Sequence[str] | None, tables: Named, *, is_plan: bool) -> list[Touched]:
    """Return what one statement touches, its accounts one by one."""
    if isinstance(tree, exp.Command):
        return [] if str(tree.this).upper() in _HARMLESS else [Touched(None)]
    has_content = not is_only_sizes(tree, tables, is_plan=is_plan)
    readings = [_Reading(parameters, tables, chosen) for chosen in _choices(tree)]
    for reading in readings:
        reading.statement(tree)
    if any(reading.is_lost for reading in readings):
        return [Touched(full_name(table), has_content=has_content, action=_VERBS.get(type(tree), "read")) for table in tree.find_all(exp.Table)] or [Touched(None)]
    return [replaced for reading in readings for replaced in reading.touched(has_content)]


def _choices(tree: exp.Expr) -> Iterator[dict[int, exp.Expr]]:
    """Yield one side of each `or`, and one row of each list of rows, that a condition rests on, in every combination; none where there are too many."""
    branches: dict[int, Sequence[exp.Expr]] = {}
    for node in tree.find_all(exp.Or, exp.In, exp.Values):
        is_list = isinstance(node.parent, exp.Insert) if isinstance(node, exp.Values) else isinstance(node.this, exp.Tuple) and _is_condition(node)
        if isinstance(node, exp.Or) and _is_condition(node) and not isinstance(node.parent, exp.Or):
            branches[id(node)] = list(node.flatten())
        elif not isinstance(node, exp.Or) and is_list:
            branches[id(node)] = node.expressions or [node]
    total = 1
    for sides in branches.values():
        total *= len(sides)
    if total > MOST_ALTERNATIVES:
        yield {}
        return
    for sides in product(*branches.values()):
        yield dict(zip(branches, sides, strict=True))


def _is_condition(node: exp.Expr) -> bool:
    parent = node.parent
    while isinstance(parent, exp.And | exp.Or | exp.Paren):
        parent = parent.parent
    return isinstance(parent, exp.Where | exp.Having | exp.Join)


class _Reading:
    """One reading of a statement, one side of each `or` chosen."""

    def __init__(self, parameters: Sequence[str] | None, tables: Named, chosen: Mapping[int, exp.Expr]) -> None:
        self._parameters, self._tables, self._chosen = parameters, tables, chosen
        self._known = Equalities()
        self._leaves: list[tuple[Source, str]] = []
        self._seen: set[int] = set()
        self._open: list[int] = []
        self.is_lost = False

    # What is touched

    def touched(self, has_content: bool) -> Iterator[Touched]:
        bounds = self._known.bounds()
        for source, action in self._leaves:
            name = full_name(source.table) if source.table is not None else None
            table = declared(name, self._tables)
            accounts = bounds.get((source.number, table.account_column or "")) if table else None
            records = bounds.get((source.number, table.record_column or "")) if table else None
            for account in sorted(accounts) if accounts else (None,):
                yield Touched(name, account, tuple(sorted(records)) if records else None, has_content or action != "read", action)

    # Statements

    def statement(self, tree: exp.Expr, around: Scope | None = None) -> list[Output]:
        """Read a statement that gives back no columns that anything here could follow."""
        scope = self._with(tree, around or Scope())
        if isinstance(tree, exp.Values):
            self._inside(tree, scope)
        elif isinstance(tree, exp.Query):
            self._query(tree, scope)
        elif isinstance(tree, exp.Insert):
            self._insert(tree, scope)
        elif isinstance(tree, exp.Update | exp.Delete | exp.Merge):
            self._change(tree, scope)
        elif isinstance(tree, exp.Copy):
            self._copy(tree, scope)
        elif isinstance(tree, exp.TruncateTable):
            for table in tree.expressions:
                self._leaf(table, "delete")
        elif isinstance(tree, exp.Create) and isinstance(tree.expression, exp.Query):
            self._query(tree.expression, scope)
        elif not isinstance(tree, exp.Set | exp.Transaction | exp.Commit | exp.Rollback | exp.Create | exp.Drop | exp.Alter | exp.Grant | exp.Comment):
            self.is_lost = True
        return []

    def _insert(self, tree: exp.Insert, scope: Scope) -> None:
        target, names = tree.this, list[str]()
        if isinstance(target, exp.Schema):
            target, names = target.this, [folded(name) for name in target.expressions]
        if not isinstance(target, exp.Table):
            self.is_lost = True
            return
        leaf = self._leaf(target, "write")
        given = self._derived(tree.expression, scope, names) if tree.expression is not None else None
        conflict = tree.args.get("conflict")
        keys = _columns(conflict.args.get("conflict_keys") or ()) - _columns(conflict.expressions) if conflict else set()
        for name in names if given else ():
            is_kept = conflict is None or not conflict.expressions or name in keys
            if is_kept and (node := self._column(given, name)) is not None:  # type: ignore[arg-type]
                self._known.rule((leaf.number, name), node)
        self._others(tree, scope)

    def _change(self, tree: exp.Update | exp.Delete | exp.Merge, scope: Scope) -> None:
        target = tree.this
        if not isinstance(target, exp.Table):
            self.is_lost = True
            return
        leaf = self._leaf(target, _VERBS[type(tree)])
        self._put(leaf, target, scope)
        from_ = tree.args.get("from_") or tree.args.get("from")
        using = tree.args.get("using")
        for source in [from_.this] if from_ else using if isinstance(using, list) else [using] if using else []:
            self._source(source, scope)
        if isinstance(tree, exp.Merge):
            # Rows that match nothing are inserted, whatever the condition: it binds no one.
            self._others(tree, scope)
            return
        self._where(tree.args.get("where"), scope)
        if isinstance(tree, exp.Update):
            self._moved(tree, leaf, scope)
        self._others(tree, scope)

    def _moved(self, tree: exp.Update, leaf: Source, scope: Scope) -> None:
        """Count the row under the account that it is given, too."""
        table = declared(full_name(tree.this), self._tables)
        for assigned in tree.expressions:
            names = {folded(column.this) for column in (assigned.this.find_all(exp.Column) if isinstance(assigned, exp.EQ) else ())}
            if table is None or table.account_column not in names or leaf.table is None:
                continue
            moved = self._leaf(leaf.table, "write")
            node = self._node(assigned.expression, scope) if isinstance(assigned.this, exp.Column) else None
            if node is not None:
                self._known.rule((moved.number, table.account_column or ""), node)

    def _copy(self, tree: exp.Copy, scope: Scope) -> None:
        what = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        if isinstance(what, exp.Table):
            self._leaf(what, "write" if tree.args.get("kind") else "export")
        elif isinstance(what, exp.Subquery) and isinstance(what.this, exp.Query):
            before = len(self._leaves)
            self._query(what.this, self._with(what.this, scope))
            self._leaves[before:] = [(leaf, "export" if action == "read" else action) for leaf, action in self._leaves[before:]]
        else:
            self.is_lost = True

    # Queries

    def _with(self, tree: exp.Expr, around: Scope) -> Scope:
        """Return the scope with the queries of a `with`: each sees those before it, and itself and all others only if it is recursive."""
        clause = tree.args.get("with_") or tree.args.get("with")
        if clause is None:
            return Scope(around)
        scope, used = Scope(around), {folded(table.this) for table in tree.find_all(exp.Table)}
        for query in clause.expressions:
            before = scope
            scope = before if clause.args.get("recursive") else Scope(before)
            scope.queries[folded(query.args["alias"].this)] = (query, before)
        for query in clause.expressions:
            name = folded(query.args["alias"].this)
            if (name not in used or not isinstance(query.this, exp.Query)) and (found := scope.query(name)):
                with self._known.apart():
                    self._expanded(*found)
        return scope

    def _expanded(self, query: exp.CTE, scope: Scope) -> list[Output]:
        if id(query) in self._open or len(self._open) > DEEPEST or len(self._leaves) > MOST_SOURCES:
            self.is_lost = self.is_lost or id(query) not in self._open
            return []
        self._open.append(id(query))
        seen, self._seen = self._seen, set()
        with self._known.apart(is_plain(query.this)):
            found = self._query(query.this, self._with(query.this, scope)) if isinstance(query.this, exp.Query) else self.statement(query.this, scope)
        self._seen = seen
        self._open.pop()
        return found

    def _query(self, query: exp.Expr, scope: Scope) -> list[Output]:
        """Read a query; return its branches, none where its columns cannot be told."""
        self._seen.add(id(query))
        if isinstance(query, exp.Subquery) and isinstance(query.this, exp.Query) and not query.args.get("joins"):
            return self._query(query.this, self._with(query.this, self._with(query, scope)))
        if isinstance(query, exp.SetOperation):
            with self._known.apart():
                sides = [self._query(side, self._with(side, scope)) for side in (query.left, query.right)]
            is_told = isinstance(query, exp.Union) and all(sides) and not any(output.has_star for side in sides for output in side)
            return [*sides[0], *sides[1]] if is_told else []
        if not isinstance(query, exp.Select):
            self.is_lost = self.is_lost or not isinstance(query, exp.Values)
            return []
        inner = Scope(scope)
        from_ = query.args.get("from_") or query.args.get("from")
        for source in [from_.this] if from_ is not None else []:
            self._source(source, inner)
        self._joins(query, inner)
        self._where(query.args.get("where"), inner)
        self._where(query.args.get("having"), inner)
        self._others(query, inner)
        columns = [(alias(column), column.this if isinstance(column, exp.Alias) else column) for column in query.expressions]
        return [Output(columns, inner, any(isinstance(column, exp.Star) or (isinstance(column, exp.Column) and isinstance(column.this, exp.Star)) for _, column in columns))]

    def _source(self, source: exp.Expr, scope: Scope) -> list[Source]:
        """Put a source into the scope, with what is joined to it."""
        if isinstance(source, exp.Lateral):
            made, body = [], source.this
            if isinstance(body, exp.Subquery):
                with self._known.apart(is_plain(body.this)):
                    made = [self._put(self._derived(body.this, scope, alias_names(source)), source, scope)]
            elif body is not None:
                self._inside(body, scope)
            return made
        if isinstance(source, exp.Subquery) and isinstance(source.this, exp.Query):
            with self._known.apart(is_plain(source.this)):
                made = [self._put(self._derived(source.this, scope, alias_names(source)), source, scope)]
        elif isinstance(source, exp.Subquery):
            made = self._source(source.this, scope)
        elif isinstance(source, exp.Values):
            made = [self._put(self._derived(source, scope, alias_names(source)), source, scope)]
        elif isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
            made = [self._put(self._table(source, scope), source, scope)]
        else:
            self._inside(source, scope)
            made = [self._put(Source(self._known.number()), source, scope)]
        return made + self._joins(source, scope)

    def _table(self, table: exp.Table, scope: Scope) -> Source:
        found = None if table.args.get("db") else scope.query(folded(table.this))
        if found is None:
            leaf = self._leaf(table, "read")
            return Source(self._known.number()) if alias_names(table) else leaf  # its columns have other names here
        query, where = found
        names = alias_names(table) or alias_names(query)
        is_followed = passes_down(query.this) and not query.parent.args.get("recursive")  # type: ignore[union-attr]  # it stands in a `with`
        return Source(self._known.number(), branches=self._expanded(query, where), names=names, passes_down=is_followed)

    def _leaf(self, table: exp.Table, action: str) -> Source:
        source = Source(self._known.number(), table)
        self._leaves.append((source, action))
        return source

    def _derived(self, query: exp.Expr, scope: Scope, names: Sequence[str]) -> Source:
        if isinstance(query, exp.Values):
            self._inside(query, scope)
            rows = self._rows(query)
            given = names or [f"column{place + 1}" for place in range(len(rows[0]))]
            by_place = [[value(row[place], self._parameters) if place < len(row) else None for row in rows] for place in range(len(given))]
            values = {name: None if None in each else frozenset(one for one in each if one is not None) for name, each in zip(given, by_place, strict=True)}
            return Source(self._known.number(), names=given, values=values)
        if not isinstance(query, exp.Query):
            self._inside(query, scope)
            return Source(self._known.number())
        return Source(self._known.number(), branches=self._query(query, self._with(query, scope)), names=names, passes_down=passes_down(query))

    def _put(self, source: Source, named: exp.Expr, scope: Scope) -> Source:
        given = named.args.get("alias")
        name = folded(given.this if isinstance(given, exp.TableAlias) else given) if given is not None else full_name(named) if isinstance(named, exp.Table) else ""
        scope.sources[name or f"#{source.number}"] = source
        return source

    def _joins(self, holder: exp.Expr, scope: Scope) -> list[Source]:
        every: list[Source] = []
        for join in holder.args.get("joins") or ():
            left = dict(scope.sources)
            with self._known.apart(not join.side):
                right = self._source(join.this, scope)
            self._joined(join, list(left.values()), right, scope)
            every += right
        return every

    def _joined(self, join: exp.Join, left: list[Source], right: list[Source], scope: Scope) -> None:
        side = (join.side or "").upper()
        bound = {"": None, "LEFT": {source.number for source in right}, "RIGHT": {source.number for source in left}}.get(side, set())
        if isinstance(on := join.args.get("on"), exp.Expr):
            self._condition(on, scope, bound)
            self._inside(on, scope)
        names = [folded(name) for name in join.args.get("using") or ()]
        if (join.method or "").upper() == "NATURAL":
            names = [name for name in self._account_columns(left) if name in self._account_columns(right)]
        for name in names:
            first = scope.merged.get(name) if name in scope.merged else self._owner(name, left)
            second = self._owner(name, right)
            scope.merged[name] = {"": first or second, "LEFT": first, "RIGHT": second}.get(side)
            self._known.equal(first, second, bound)

    def _account_columns(self, sources: Iterable[Source]) -> list[str]:
        tables = [declared(full_name(source.table), self._tables) for source in sources if source.table is not None]
        return [table.account_column for table in tables if table and table.account_column]

    # Conditions

    def _where(self, where: exp.Expr | None, scope: Scope) -> None:
        if where is not None:
            self._condition(where.this, scope, None)
            self._inside(where, scope)

    def _condition(self, node: exp.Expr, scope: Scope, bound: set[int] | None) -> None:
        """Take what a condition says of every row that passes; `bound` are the sources that it can bind, None for all."""
        if isinstance(node, exp.Paren):
            self._condition(node.this, scope, bound)
        elif isinstance(node, exp.And):
            for part in node.flatten():
                self._condition(part, scope, bound)
        elif isinstance(node, exp.Or):
            if (side := self._chosen.get(id(node))) is not None:
                self._condition(side, scope, bound)
            elif (same := _same_column(node, self._parameters)) is not None:
                self._known.equal(self._node(same[0], scope), self._known.constant(same[1]), bound)
        elif isinstance(node, exp.EQ | exp.NullSafeEQ):
            self._equality(node.this, node.expression, scope, bound)
        elif isinstance(node, exp.In):
            self._in(node, scope, bound)
        elif isinstance(node, exp.Exists) and isinstance(node.this, exp.Query):
            with self._known.apart(bound is None and is_plain(node.this)):
                self._query(node.this, self._with(node.this, scope))

    def _equality(self, left: exp.Expr, right: exp.Expr, scope: Scope, bound: set[int] | None) -> None:
        if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple) and len(left.expressions) == len(right.expressions):
            for one, other in zip(left.expressions, right.expressions, strict=True):
                self._equality(one, other, scope, bound)
        elif isinstance(right, exp.Any):
            among = right.this.this if isinstance(right.this, exp.Paren) else right.this
            if isinstance(among, exp.Query):
                self._among(left, among, scope, bound)
            elif (values := several(among, self._parameters)) is not None:
                self._known.equal(self._node(left, scope), self._known.constant(values), bound)
        else:
            self._known.equal(self._node(left, scope), self._node(right, scope), bound)

    def _in(self, node: exp.In, scope: Scope, bound: set[int] | None) -> None:
        query = node.args.get("query")
        if query is not None:
            self._among(node.this, query.this if isinstance(query, exp.Subquery) else query, scope, bound)
            return
        columns = node.this.expressions if isinstance(node.this, exp.Tuple) else [node.this]
        rows = self._rows(node)
        for place, column in enumerate(columns):
            values = [value(row[place], self._parameters) if place < len(row) else None for row in rows]
            if values and None not in values:
                self._known.equal(self._node(column, scope), self._known.constant(one for one in values if one is not None), bound)

    def _rows(self, node: exp.Expr) -> list[list[exp.Expr]]:
        chosen = self._chosen.get(id(node))
        return [row.expressions if isinstance(row, exp.Tuple) else [row] for row in (node.expressions if chosen is None else [chosen])]

    def _among(self, left: exp.Expr, query: exp.Expr, scope: Scope, bound: set[int] | None) -> None:
        with self._known.apart(bound is None and is_plain(query)):
            derived = self._derived(query, scope, ("#1",))
        self._known.equal(self._node(left, scope), self._column(derived, "#1"), bound, {derived.number})

    # Columns

    def _node(self, written: exp.Expr, scope: Scope) -> Node | None:
        """Return what an expression stands for: a column as it is, or a value that is known."""
        if isinstance(written, exp.Paren):
            return self._node(written.this, scope)
        if isinstance(written, exp.Cast) and isinstance(written.this, exp.Column) and keeps(written.to):
            return self._node(written.this, scope)
        if isinstance(written, exp.Column):
            return self._named(written, scope)
        known = value(written, self._parameters)
        return None if known is None else self._known.constant([known])

    def _named(self, column: exp.Column, scope: Scope | None) -> Node | None:
        name, of = folded(column.this), folded(column.args.get("table"))
        while scope is not None:
            if of:
                if called := scope.called(of, folded(column.args.get("db"))):
                    return self._column(called[0], name) if len(called) == 1 else None
            elif name in scope.merged:
                return scope.merged[name]
            elif scope.sources:
                return self._owner(name, list(scope.sources.values()))
            scope = scope.around
        return None

    def _owner(self, name: str, sources: Sequence[Source]) -> Node | None:
        """Return the column of that name of the one source that has it for certain."""
        if len(sources) == 1:
            return self._column(sources[0], name)
        sure = []
        for source in sources:
            table = declared(full_name(source.table), self._tables) if source.table is not None else None
            names = {table.account_column, table.record_column, *table.plain_columns} if table else set(output_names(source))
            sure += [source] if name in names else []
        return self._column(sure[0], name) if len(sure) == 1 else None

    def _column(self, source: Source, name: str) -> Node | None:
        node = (source.number, name)
        if source.table is not None or name in source.made:
            return node
        source.made.add(name)
        if source.values is not None:
            if (values := source.values.get(name)) is not None:
                self._known.rule(node, self._known.constant(values))
            return node
        names = source.names or (list(output_names(source)) if len(source.branches) > 1 else ())
        behind = [self._behind(output, name, names) for output in source.branches]
        found = [each for each in behind if each is not None]
        if len(found) == len(behind) and found:
            self._known.rule(node, *found)
        if source.passes_down and found:
            for each in found:
                self._known.rule(each, node)
        return node

    def _behind(self, output: Output, name: str, names: Sequence[str]) -> Node | None:
        if name in names:
            place = list(names).index(name)
            is_sure = place < len(output.columns) and not output.has_star
            return self._node(output.columns[place][1], output.scope) if is_sure else None
        found = [written for given, written in output.columns if given == name]
        if len(found) == 1:
            return self._node(found[0], output.scope)
        if found or not output.has_star or names:
            return None
        return self._named(exp.column(exp.to_identifier(name, quoted=True)), Scope(None, output.scope.sources, output.scope.merged))

    # Everything else

    def _inside(self, node: exp.Expr, scope: Scope) -> None:
        """Read the queries inside an expression that nothing more is known of."""
        for query in node.find_all(exp.Query):
            if id(query.unnest()) not in self._seen and id(query) not in self._seen and not _is_inside(query, node, self._seen):
                with self._known.apart():
                    self._derived(query, scope, ())

    def _others(self, holder: exp.Expr, scope: Scope) -> None:
        """Read the queries in the other clauses of a statement."""
        passed = {"with_", "with", "from_", "from", "joins", "this", "expression", "using", "where"} - ({"expression"} if isinstance(holder, exp.Merge) else set())
        for name, part in holder.args.items():
            for each in part if isinstance(part, list) else [part]:
                if name not in passed and isinstance(each, exp.Expr):
                    self._inside(each, scope)


def _is_inside(query: exp.Expr, node: exp.Expr, seen: set[int]) -> bool:
    parent = query.parent
    while parent is not None and parent is not node:
        if id(parent) in seen:
            return True
        parent = parent.parent
    return False


def _same_column(node: exp.Or, parameters: Sequence[str] | None) -> tuple[exp.Expr, set[str]] | None:
    """Return the column and the values of `a = 1 or a = 2 or …`."""
    columns: set[str] = set()
    values: set[str] = set()
    first: exp.Expr | None = None
    for side in node.flatten():
        equal = side.this if isinstance(side, exp.Paren) else side
        known = value(equal.expression, parameters) if isinstance(equal, exp.EQ) and isinstance(equal.this, exp.Column) else None
        if known is None:
            return None
        first = first or equal.this
        columns.add(equal.this.sql(dialect="postgres"))
        values.add(known)
    return (first, values) if first is not None and len(columns) == 1 else None


def _columns(written: Iterable[exp.Expr]) -> set[str]:
    """Return the columns that keys name, or that assignments set."""
    return {folded(column.this) for each in written for column in (each.this if isinstance(each, exp.EQ) else each).find_all(exp.Column)}
