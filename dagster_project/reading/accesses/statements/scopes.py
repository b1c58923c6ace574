"""The names that a query can refer to: tables, other queries and their columns."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from dagster_project.reading.accesses.statements.equalities import Node
from dagster_project.reading.accesses.statements.tables import unqualified


@dataclass
class Source:
    """An item of a `from`: a table, or a query, with one output for each branch of its union."""

    number: int
    table: exp.Table | None = None
    branches: list["Output"] = field(default_factory=list)
    names: Sequence[str] = ()  # of its columns, where they are given with its alias
    values: Mapping[str, frozenset[str] | None] | None = None  # of a list of values
    passes_down: bool = True  # what binds its column binds the column behind it
    made: set[str] = field(default_factory=set)


@dataclass
class Output:
    """What a query returns: its columns by position, and whether `*` adds others."""

    columns: list[tuple[str, exp.Expr]]
    scope: "Scope"
    has_star: bool


@dataclass
class Joined:
    """A join; its sides are given by the numbers of their sources. Of an optional side, a row of the result may lack the columns."""

    condition: exp.Expr | None
    left: range
    right: range
    right_sources: set[int]
    is_left_optional: bool
    is_right_optional: bool
    is_nested: bool  # in brackets, which other joins are around
    same: list[tuple[Node | None, Node | None]] = field(default_factory=list)  # columns that `using` or `natural` says are the same
    merged: dict[str, Node | None] = field(default_factory=dict)  # the column that it makes of the two, by name

    def bound(self) -> Container[int] | None:
        """Return the sources that the join's condition binds, None for all."""
        if self.is_left_optional and self.is_right_optional:
            return ()
        return self.left if self.is_left_optional else self.right if self.is_right_optional else None


@dataclass
class Scope:
    """The names that a query can refer to; those of the query around it come after its own."""

    around: "Scope | None" = None
    sources: dict[str, Source] = field(default_factory=dict)
    merged: dict[str, Node | None] = field(default_factory=dict)
    queries: dict[str, tuple[exp.CTE, "Scope"]] = field(default_factory=dict)
    joins: list[Joined] = field(default_factory=list)
    is_naturally_outer: bool = False  # a natural outer join may have made one column of two that nobody knows of
    qualified: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # names with a schema, by their last part

    def add(self, name: str, source: Source) -> None:
        """Put a source into the scope."""
        schema, _, last = name.rpartition(".")
        if schema and name not in self.sources:
            self.qualified[last].append(name)
        self.sources[name] = source

    def called(self, name: str, schema: str) -> list[Source]:
        """Return the sources of that name; a table without an alias is called by its schema, too."""
        keys = [f"{schema}.{name}"] if schema and f"{schema}.{name}" in self.sources else [name, *(() if schema else self.qualified.get(name, ()))]
        return [self.sources[key] for key in keys if key in self.sources]

    def query(self, name: str) -> tuple[exp.CTE, "Scope"] | None:
        """Return the query of a `with` by its name, and the scope in which it is read; None where there is none."""
        if name in self.queries:
            return self.queries[name]
        return self.around.query(name) if self.around else None


def full_name(table: exp.Table) -> str:
    """Return the name of a table with its schema, where that is written."""
    return ".".join(folded(part) for part in (table.args.get("db"), table.this) if isinstance(part, exp.Identifier))


def uses(tree: exp.Expr) -> Counter[str]:
    """Return how often, at least, a statement names each table; tables are named without their schema."""
    queries = {folded(query.args["alias"].this) for query in tree.find_all(exp.CTE)}
    read = tree.expression if isinstance(tree, exp.Create) else tree
    tables = (table for table in read.find_all(exp.Table) if not isinstance(table.parent, exp.Into | exp.Lock)) if isinstance(read, exp.Expr) else ()
    named = (table for table in tables if isinstance(table.this, exp.Identifier) and (table.args.get("db") or folded(table.this) not in queries))
    return Counter(unqualified(full_name(table)) for table in named)


def folded(identifier: exp.Expr | str | None) -> str:
    """Return a name folded as PostgreSQL does: in lower case unless it is quoted."""
    if isinstance(identifier, exp.Identifier):
        return str(identifier.this) if identifier.args.get("quoted") else str(identifier.this).lower()
    return str(identifier or "").lower()


def alias_names(named: exp.Expr) -> list[str]:
    """Return the names that an alias gives to columns."""
    alias = named.args.get("alias")
    return [folded(column.this if isinstance(column, exp.ColumnDef) else column) for column in (alias.args.get("columns") or ())] if isinstance(alias, exp.TableAlias) else []


def alias(column: exp.Expr) -> str:
    """Return the name under which a column is seen outside its query; empty where PostgreSQL invents one."""
    if isinstance(column, exp.Alias):
        return folded(column.args["alias"])
    inner = column.this if isinstance(column, exp.Cast) else column
    return folded(inner.this) if isinstance(inner, exp.Column) and isinstance(inner.this, exp.Identifier) else ""


def output_names(source: Source) -> Iterator[str]:
    """Yield the names of a source's columns, as far as they are known."""
    yield from source.names
    if not source.names:
        for output in source.branches[:1]:
            yield from (name for name, _ in output.columns)


def passes_down(query: exp.Expr) -> bool:
    """Tell whether a filter can be moved into a query: no row of it depends on rows that an outer filter removes."""
    return not any(isinstance(node, exp.Window | exp.Limit | exp.Offset | exp.Fetch) or (isinstance(node, exp.Distinct) and node.args.get("on")) for node in query.walk())


def is_plain(query: exp.Expr) -> bool:
    """Tell whether a query returns a row only where its conditions hold: aggregates without a group always return one, and any function may be an aggregate."""
    select = query.unnest() if isinstance(query, exp.Query) else query
    if not isinstance(select, exp.Select):
        return False
    group, order = select.args.get("group"), select.args.get("order")
    if group is None and select.args.get("having"):
        return False
    is_group = group is None or (bool(group.expressions) and all(isinstance(column, exp.Column) for column in group.expressions))
    return is_group and not any(part.find(exp.Func) for part in (*select.expressions, *([order] if order else [])))


def keeps(kind: exp.DataType) -> bool:
    """Tell whether a cast to this type leaves every text as it is."""
    return kind.this in (exp.DataType.Type.TEXT, exp.DataType.Type.VARCHAR) and not kind.expressions
