"""The accounts and records that a statement is bound to, table by table: what it reads, writes, deletes or exports.

Bounds are sound, not complete: a column that is bound by a condition of a form not handled here stays unbound.
"""

from collections.abc import Iterable, Iterator, Sequence

from sqlglot import exp

from dagster_project.reading.accesses.statements.columns import Columns
from dagster_project.reading.accesses.statements.conditions import Chosen, Parameters, choices
from dagster_project.reading.accesses.statements.equalities import Equalities
from dagster_project.reading.accesses.statements.literals import fits
from dagster_project.reading.accesses.statements.queries import Queries
from dagster_project.reading.accesses.statements.scopes import Scope, Source, folded, full_name, uses
from dagster_project.reading.accesses.statements.sizes import is_only_sizes
from dagster_project.reading.accesses.statements.tables import Named, Touched, declared, unqualified

_FOLLOWED = frozenset({"CALL", "DO", "EXECUTE"})  # what they run is told elsewhere (calls.py)
_VERBS: dict[type[exp.Expr], str] = {exp.Delete: "delete", exp.TruncateTable: "delete", exp.Insert: "write", exp.Update: "write", exp.Merge: "write", exp.Copy: "export"}


def read(tree: exp.Expr, parameters: Parameters, tables: Named, *, is_plan: bool, current: Sequence[Touched] = ()) -> list[Touched]:
    """Return what one statement touches, one item for each account; `current`: what the cursor read, where the statement changes only that cursor's rows."""
    if isinstance(tree, exp.Command):
        return [] if str(tree.this).upper() in _FOLLOWED else [Touched(None)]
    parameters = parameters if parameters is not None and fits(tree, parameters) else None
    has_content = not is_only_sizes(tree, tables, is_plan=is_plan)
    readings = [_Reading(parameters, tables, chosen, current) for chosen in choices(tree, parameters)]
    for reading in readings:
        reading.statement(tree, Scope())
    if any(reading.queries.is_lost for reading in readings):
        return [Touched(full_name(table), has_content=has_content, action=_VERBS.get(type(tree), "read")) for table in tree.find_all(exp.Table)] or [Touched(None)]
    found = [one for reading in readings for one in reading.touched(has_content)]
    said = {unqualified(one.table or "") for one in found}
    return [*found, *(Touched(name) for name in uses(tree) if name not in said)]  # what stands where nobody looked is not lost


class _Reading:
    """One reading of a statement, with one side of each `or` chosen."""

    def __init__(self, parameters: Parameters, tables: Named, chosen: Chosen, current: Sequence[Touched]) -> None:
        self._tables, self._known, self._current = tables, Equalities(), current
        self._columns = Columns(self._known, parameters, tables)
        self.queries = Queries(self._known, self._columns, parameters, chosen)

    def touched(self, has_content: bool) -> Iterator[Touched]:
        bounds = self._known.bounds()
        for source, action in self.queries.leaves:
            name = full_name(source.table) if source.table is not None else None
            table = declared(name, self._tables)
            accounts = bounds.get((source.number, table.account_column or "")) if table else None
            records = bounds.get((source.number, table.record_column or "")) if table else None
            for account in sorted(accounts) if accounts else (None,):
                yield Touched(name, account, tuple(sorted(records)) if records else None, has_content or action not in ("read", "export"), action)

    def statement(self, tree: exp.Expr, around: Scope) -> None:
        scope = self.queries.with_(tree, around)
        self._changes()
        self._read(tree, scope)
        self._changes()

    def _changes(self) -> None:
        changes, self.queries.changes = self.queries.changes, []
        for change, scope in changes:
            with self._known.apart():
                self.statement(change, scope)

    def _read(self, tree: exp.Expr, scope: Scope) -> None:
        if isinstance(tree, exp.Values):
            self.queries.inside(tree, scope)
        elif isinstance(tree, exp.Query):
            self.queries.query(tree, scope)
        elif isinstance(tree, exp.Insert):
            self._insert(tree, scope)
        elif isinstance(tree, exp.Update | exp.Delete | exp.Merge):
            self._change(tree, scope)
        elif isinstance(tree, exp.Copy):
            self._copy(tree, scope)
        elif isinstance(tree, exp.TruncateTable):
            for table in tree.expressions:
                self.queries.leaf(table, "delete")
        elif isinstance(tree, exp.Create) and isinstance(tree.expression, exp.Query):
            self.queries.query(tree.expression, self.queries.with_(tree.expression, scope))
        elif not isinstance(tree, exp.Create):
            self.queries.is_lost = True

    def _insert(self, tree: exp.Insert, scope: Scope) -> None:
        target, names = tree.this, list[str]()
        if isinstance(target, exp.Schema):
            target, names = target.this, [folded(name) for name in target.expressions]
        if not isinstance(target, exp.Table):
            self.queries.is_lost = True
            return
        leaf = self.queries.leaf(target, "write")
        given = None if tree.expression is None else self.queries.derived(tree.expression, scope, names)
        conflict = tree.args.get("conflict")
        keys = _keys(conflict) - _columns(conflict.expressions) if conflict else set()
        for name in names if given else ():
            is_kept = conflict is None or not conflict.expressions or name in keys
            if is_kept and (node := self._columns.column(given, name)) is not None:  # type: ignore[arg-type]
                self._known.rule((leaf.number, name), node)
        self.queries.others(tree, scope)

    def _change(self, tree: exp.Update | exp.Delete | exp.Merge, scope: Scope) -> None:
        target = tree.this
        if not isinstance(target, exp.Table):
            self.queries.is_lost = True
            return
        leaf = self.queries.leaf(target, _VERBS[type(tree)])
        self.queries.put(leaf, target, scope)
        self._at_cursor(leaf)
        from_ = tree.args.get("from_")
        using = tree.args.get("using")
        for source in [from_.this] if from_ else using if isinstance(using, list) else [using] if using else []:
            self.queries.source(source, scope)
        # Of a merge, rows that match nothing are inserted, whatever the condition: it binds no one.
        if not isinstance(tree, exp.Merge):
            self.queries.where(tree.args.get("where"), scope)
        self.queries.others(tree, scope, {"returning"})
        if isinstance(tree, exp.Update) and (moved := self._moved(tree, leaf, scope)) is not None:
            scope.sources = {name: moved if source is leaf else source for name, source in scope.sources.items()}  # so `returning` sees the row
        if (returning := tree.args.get("returning")) is not None:
            self.queries.inside(returning, scope)

    def _at_cursor(self, leaf: Source) -> None:
        """Bind a table to what the cursor read of it."""
        name = full_name(leaf.table) if leaf.table is not None else ""
        table = declared(name, self._tables)
        read = [one for one in self._current if one.table and unqualified(one.table) == unqualified(name)]
        accounts = [one.account_id for one in read]
        if table is not None and accounts and None not in accounts:
            self._known.rule((leaf.number, table.account_column or ""), self._known.constant(account for account in accounts if account is not None))

    def _moved(self, tree: exp.Update, leaf: Source, scope: Scope) -> Source | None:
        """Count the row under the account and the record that it is given, too; None where it keeps both."""
        table = declared(full_name(tree.this), self._tables)
        assigned = [each for each in tree.expressions if isinstance(each, exp.EQ)]
        names = {name for name in (table.account_column, table.record_column) if name} if table else set()
        if leaf.table is None or names.isdisjoint(every := _columns(assigned)):
            return None
        moved = self.queries.leaf(leaf.table, "write")
        given = {folded(each.this.this): self._columns.node(each.expression, scope) for each in assigned if isinstance(each.this, exp.Column)}
        for name in names:
            node = given.get(name) if name in every else (leaf.number, name)
            if node is not None:
                self._known.rule((moved.number, name), node)
        return moved

    def _copy(self, tree: exp.Copy, scope: Scope) -> None:
        what = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        if isinstance(what, exp.Table):
            self.queries.leaf(what, "write" if tree.args.get("kind") else "export")
        elif isinstance(what, exp.Subquery) and isinstance(what.this, exp.Query):
            before = len(self.queries.leaves)
            self.queries.query(what.this, self.queries.with_(what.this, scope))
            self.queries.leaves[before:] = [(leaf, "export" if action == "read" else action) for leaf, action in self.queries.leaves[before:]]
        else:
            self.queries.is_lost = True


def _columns(assignments: Iterable[exp.Expr]) -> set[str]:
    """Return the columns that assignments set."""
    return {folded(column.this) for each in assignments for column in (each.this if isinstance(each, exp.EQ) else each).find_all(exp.Column)}


def _keys(conflict: exp.OnConflict) -> set[str]:
    """Return the columns in which a row conflicts with an equal one; an expression may be equal where its columns are not."""
    keys = (key.this if isinstance(key, exp.Ordered) else key for key in conflict.args.get("conflict_keys") or ())
    return {folded(key.this) for key in keys if isinstance(key, exp.Column)}
