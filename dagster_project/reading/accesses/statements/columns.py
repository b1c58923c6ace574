"""Resolves an expression to a column or to a known value: names are looked up in the sources of a scope and followed through subqueries."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace

from sqlglot import exp

from dagster_project.reading.accesses.statements.conditions import Among, Equal, NotAmong, Parameters
from dagster_project.reading.accesses.statements.equalities import Equalities, Node
from dagster_project.reading.accesses.statements.literals import cast, several, value
from dagster_project.reading.accesses.statements.scopes import Output, Scope, Source, folded, full_name, keeps, output_names
from dagster_project.reading.accesses.statements.tables import Named, declared


class Columns:
    """Finds columns, and adds to `known` what follows for each from the queries that it comes from."""

    def __init__(self, known: Equalities, parameters: Parameters, tables: Named) -> None:
        self._known, self._parameters, self._tables = known, parameters, tables
        self._listed: dict[Node, frozenset[str]] = {}  # the values of columns of lists

    def node(self, written: exp.Expr, scope: Scope) -> Node | None:
        """Return the node of an expression that is a column or has a known value; None for any other."""
        if isinstance(written, exp.Paren):
            return self.node(written.this, scope)
        if isinstance(written, exp.Cast) and isinstance(written.this, exp.Column):
            column = self.node(written.this, scope)
            return column if keeps(written.to) else self._cast(column, written.to)
        if isinstance(written, exp.Column):
            return self._named(written, scope)
        if isinstance(written, exp.Explode):  # `unnest` in a list of columns
            listed = several(written.this, self._parameters)
            return None if listed is None else self._known.constant(listed)
        known = value(written, self._parameters)
        return None if known is None else self._known.constant([known])

    def take(self, fact: Equal | Among | NotAmong, scope: Scope, bound: Container[int] | None) -> None:
        """Add a fact to what is known; `bound` are the sources that it may bind, None for all."""
        left = self.node(fact.left, scope)
        if isinstance(fact, NotAmong):
            self._known.exclude(left, fact.values, bound)
        else:
            self._known.equal(left, self.node(fact.right, scope) if isinstance(fact, Equal) else self._known.constant(fact.values), bound)

    def owner(self, name: str, sources: Sequence[Source]) -> Node | None:
        """Return the column of that name in the only source that certainly has it; None where there is not just one."""
        if len(sources) == 1:
            return self.column(sources[0], name)
        sure = []
        for source in sources:
            table = declared(full_name(source.table), self._tables) if source.table is not None else None
            names = {table.account_column, table.record_column, *table.plain_columns} if table else set(output_names(source))
            sure += [source] if name in names else []
        return self.column(sure[0], name) if len(sure) == 1 else None

    def column(self, source: Source, name: str) -> Node | None:
        """Return a column of a source, by its name there."""
        node = (source.number, name)
        if source.table is not None or name in source.made:
            return node
        source.made.add(name)
        if source.values is not None:
            if (values := source.values.get(name)) is not None:
                self._listed[node] = values
                self._known.rule(node, self._known.constant(values))
            return node
        names = source.names or (list(output_names(source)) if len(source.branches) > 1 else ())
        behind = [self._behind(output, name, names) for output in source.branches]
        found = [each for each in behind if each is not None]
        if len(found) == len(behind) and found:
            self._known.rule(node, *found)
        for each in found if source.passes_down else ():
            if each[0] > source.number:  # of the query's own tables, which are read after it; a column from outside is not bound by it
                self._known.rule(each, node)
        return node

    def accounts(self, sources: Iterable[Source]) -> list[str]:
        """Return the names of the account columns of sources."""
        tables = [declared(full_name(source.table), self._tables) for source in sources if source.table is not None]
        return [table.account_column for table in tables if table and table.account_column]

    def _cast(self, column: Node | None, kind: exp.DataType) -> Node | None:
        """Return a column of a list of values as another type."""
        told = [cast(value, kind) for value in self._listed.get(column, ())] if column is not None else []
        return self._known.constant(value for value in told if value is not None) if told and None not in told else None

    def _named(self, column: exp.Column, scope: Scope | None) -> Node | None:
        name, of = folded(column.this), folded(column.args.get("table"))
        while scope is not None:
            if of:
                if called := scope.called(of, folded(column.args.get("db"))):
                    return self.column(called[0], name) if len(called) == 1 else None
            elif name in scope.merged:
                return scope.merged[name]
            elif scope.sources:
                return None if scope.is_naturally_outer else self.owner(name, list(scope.sources.values()))
            scope = scope.around
        return None

    def _behind(self, output: Output, name: str, names: Sequence[str]) -> Node | None:
        if name in names:
            place = list(names).index(name)
            is_sure = place < len(output.columns) and not output.has_star
            return self.node(output.columns[place][1], output.scope) if is_sure else None
        found = [written for given, written in output.columns[len(names) :] if given == name]
        if len(found) == 1:
            return self.node(found[0], output.scope)
        if found or not output.has_star or names:
            return None
        stars = [written for _, written in output.columns if isinstance(written, exp.Column) and isinstance(written.this, exp.Star)]
        if not stars or any(isinstance(written, exp.Star) for _, written in output.columns):
            return self._named(exp.column(exp.to_identifier(name, quoted=True)), replace(output.scope, around=None))
        starred = [output.scope.called(folded(star.args["table"]), folded(star.args.get("db"))) for star in stars]
        return self.owner(name, [each[0] for each in starred]) if all(len(each) == 1 for each in starred) else None
