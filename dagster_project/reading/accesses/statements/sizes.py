"""Whether nothing but counts and sizes can come back from a query, its filters, groups and order included.

A count of the rows in which a column has some value reveals that value; so any use of a column other than its size counts as content.
"""

from collections import defaultdict
from collections.abc import Iterator

from sqlglot import exp

from dagster_project.reading.accesses.statements.scopes import alias, alias_names, folded, full_name
from dagster_project.reading.accesses.statements.tables import Named, declared

_SIZES = {"octet_length", "bit_length", "pg_column_size", "char_length", "character_length", "length", "pg_total_relation_size", "pg_relation_size", "pg_table_size"}
_SIZE_NODES = (exp.Length, exp.BitLength)
_OF_COLUMNS = (exp.Column, exp.Star, exp.Identifier, exp.Cast, exp.DataType, exp.DataTypeParam, exp.Coalesce, exp.Literal, exp.Paren, exp.DPipe, exp.Concat)
_TEXTS = {exp.DataType.Type.TEXT, exp.DataType.Type.VARCHAR, exp.DataType.Type.CHAR, exp.DataType.Type.VARBINARY}
_AROUND = (exp.Subquery, exp.Union, exp.Paren)
_NEVER = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Intersect, exp.Except, exp.Window, exp.Lateral)


def is_only_sizes(tree: exp.Expr, tables: Named, *, is_plan: bool = False) -> bool:
    """Tell whether a query returns only counts, sizes and columns that settings declare as plain; with `is_plan` it returns none of its columns."""
    if isinstance(tree, exp.Copy) and isinstance(tree.this, exp.Subquery):
        tree = tree.this
    if not isinstance(tree, exp.Query) or tree.args.get("into") or not (is_plan or _tells_only_whether(tree) or any(_is_size(node) for node in tree.find_all(exp.Func))):
        return False
    if any(map(_is_never, tree.walk())):
        return False
    plain = _Plain(tree, tables)
    if any(plain.every & set(alias_names(node.parent)) for node in tree.find_all(exp.TableAlias) if node.parent):
        return False
    selects = [query for query in tree.find_all(exp.Select) if _only_feeds(query) or (is_plan and query.find_ancestor(exp.Select) is None)]
    inner = {id(node) for query in selects for column in _handed_on(query, plain.every) for node in column.find_all(exp.Column, exp.Star)}
    return all(id(node) in inner or plain.tells(node) or _is_measured(node) for node in tree.find_all(exp.Column, exp.Star)) and all(
        folded(name) in plain.every for join in tree.find_all(exp.Join) for name in join.args.get("using") or ()
    )


def _is_never(node: exp.Expr) -> bool:
    """Tell whether a node may return content, or change rows, whatever its columns are."""
    if isinstance(node, exp.Union):
        return bool(node.args.get("distinct"))
    return isinstance(node, _NEVER) or (isinstance(node, exp.Join) and bool(node.method)) or (isinstance(node, exp.Lock) and bool(node.args.get("update")))


def _tells_only_whether(tree: exp.Expr) -> bool:
    """Tell whether a query gives the same for each of its rows, `select 1 from …`, or whether there are any, `select exists (…)`."""
    columns = [column.unalias().unnest() for column in tree.expressions] if isinstance(tree, exp.Select) else []
    return bool(columns) and all(isinstance(column, exp.Literal | exp.Boolean | exp.Null | exp.Exists) for column in columns)


class _Plain:
    """The columns that tell nothing of the content, by the tables of each query."""

    def __init__(self, tree: exp.Expr, tables: Named) -> None:
        queries: dict[str, list[exp.CTE]] = defaultdict(list)
        for query in tree.find_all(exp.CTE):
            queries[folded(query.args["alias"].this)].append(query)
        self._of: dict[int, dict[str, set[str]]] = {}
        self.every: set[str] = set()
        derived: list[tuple[int, str, set[str]]] = []
        for source in (found for found in tree.find_all(exp.Table, exp.Subquery) if not isinstance(found.parent, exp.Lock)):
            around, name = id(source.find_ancestor(exp.Select)), _called(source)
            if not isinstance(source, exp.Table):
                derived.append((around, name, _made(source, source)))
            elif not source.args.get("db") and (named := queries.get(folded(source.this))):
                derived.append((around, name, _made(named[0], source) if len(named) == 1 else set()))
            else:
                table = declared(full_name(source), tables)
                columns = {column for column in (table.account_column, table.record_column, *table.plain_columns) if column} if table and not alias_names(source) else set()
                self._of.setdefault(around, {}).setdefault(name, columns).intersection_update(columns)
                self.every |= columns
        for around, name, made in derived:
            # What another query hands on has the name of a plain column only if it is one; what it makes is looked at there.
            self._of.setdefault(around, {}).setdefault(name, self.every | made)

    def tells(self, node: exp.Expr) -> bool:
        """Tell whether a column is a plain one of the table that it must be of."""
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
            return False
        name, of, query = folded(node.this), folded(node.args.get("table")), node.find_ancestor(exp.Select)
        if not of and _is_sorted_by(node, query) and name in _outputs(query):
            return True
        while of and query is not None and of not in self._of.get(id(query), {}):
            query = query.find_ancestor(exp.Select)
        here = self._of.get(id(query), {})
        return name in here[of] if of in here else not of and any(name in columns for columns in here.values())


def _called(source: exp.Expr) -> str:
    """Return the name by which a query calls a source."""
    alias = source.args.get("alias")
    return folded((alias.this if alias is not None else None) or (source.this if isinstance(source, exp.Table) else ""))


def _is_sorted_by(node: exp.Expr, query: exp.Expr | None) -> bool:
    """Tell whether a query is sorted by a column and nothing around it; its name is that of an output, if there is one."""
    return isinstance(node.parent, exp.Ordered) and node.parent.parent is not None and node.parent.parent.parent is query


def _made(derived: exp.Expr, source: exp.Expr) -> set[str]:
    """Return the outputs of a query in brackets or in a `with` that a source, which sees it, has by their names there, and that are no columns as they are."""
    holder = derived.parent.parent if isinstance(derived, exp.CTE) and derived.parent else None
    is_seen = holder is None or any(node is holder for node in _ancestors(source))
    return _outputs(derived.this) if is_seen and not alias_names(derived) and not alias_names(source) else set()


def _outputs(query: exp.Expr | None) -> set[str]:
    columns = query.expressions if isinstance(query, exp.Select) else ()
    return {alias(column) for column in columns if isinstance(column, exp.Alias) and not isinstance(column.this, exp.Column)}


def _ancestors(node: exp.Expr | None) -> Iterator[exp.Expr]:
    while node is not None:
        yield node
        node = node.parent


def _handed_on(query: exp.Select, plain: set[str]) -> Iterator[exp.Expr]:
    """Yield the outputs of a query that are columns as they are, and do not take the name of a plain one; none where it is sorted or grouped by their places."""
    if _has_places(query):
        return
    first = _outermost(query)
    while not isinstance(first, exp.Select):
        first = first.this  # of a union the first query names the columns
    is_placed = first is query or not any(column.find(exp.Star) for column in (*first.expressions, *query.expressions))
    for place, written in enumerate(query.expressions if is_placed else ()):
        column = written.this if isinstance(written, exp.Alias) else written
        name = alias((first.expressions[place : place + 1] or [written])[0])
        if isinstance(column, exp.Column | exp.Star) and name not in plain:
            yield column


def _has_places(query: exp.Expr) -> bool:
    """Tell whether a query, or the union or the brackets that it stands in, is sorted or grouped by places of its columns."""
    clauses = (query.args.get(name) for name in ("distinct", "group", "order"))
    is_here = any(isinstance(clause, exp.Expr) and clause.find(exp.Literal) for clause in clauses)
    return is_here or (isinstance(query.parent, _AROUND) and _has_places(query.parent))


def _only_feeds(query: exp.Select) -> bool:
    """Tell whether what a query gives goes on to another query's `from`, where each use of it is looked at again, or is not looked at at all."""
    return isinstance(_outermost(query).parent, exp.From | exp.Join | exp.CTE | exp.Exists)


def _outermost(query: exp.Expr) -> exp.Expr:
    """Return the union or the brackets that a query stands in."""
    while isinstance(query.parent, _AROUND):
        query = query.parent
    return query


def _is_measured(node: exp.Expr) -> bool:
    """Tell whether a column only stands inside `count(…)` or a function of its size."""
    while node.parent is not None and isinstance(node.parent, _OF_COLUMNS) and not _is_size(node.parent):
        if isinstance(node.parent, exp.Cast) and node.parent.to.this not in _TEXTS:
            return False  # the error of a cast that fails quotes the value
        node = node.parent
    parent = node.parent
    if isinstance(parent, exp.Distinct) and isinstance(parent.parent, exp.Count):
        return True
    return parent is not None and _is_size(parent)


def _is_size(node: exp.Expr) -> bool:
    if isinstance(node.parent, exp.Dot) and folded(node.parent.this) != "pg_catalog":
        return False
    if isinstance(node, (exp.Count, *_SIZE_NODES)):
        return True
    return isinstance(node, exp.Anonymous) and str(node.this).lower() in _SIZES
