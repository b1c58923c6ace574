"""Whether nothing but counts and sizes can come back of a query, also not by what it filters, groups or sorts by.

A count of the rows in which a column has some value tells that value; so any use of a column but for its size counts as content.
"""

from collections.abc import Mapping

from sqlglot import exp

from dagster_project.reading.accesses.statements import declared
from dagster_project.settings import Table

_SIZES = {"octet_length", "bit_length", "pg_column_size", "char_length", "character_length", "length", "pg_total_relation_size", "pg_relation_size", "pg_table_size"}
_SIZE_NODES = (exp.Length, exp.BitLength) if hasattr(exp, "BitLength") else (exp.Length,)
_OF_COLUMNS = (exp.Column, exp.Star, exp.Identifier, exp.Cast, exp.DataType, exp.DataTypeParam, exp.Coalesce, exp.Literal, exp.Paren, exp.DPipe, exp.Concat)


def is_only_sizes(tree: exp.Expr, tables: Mapping[str, Table]) -> bool:
    """Tell whether only counts and sizes of rows, and columns that settings call plain, reach whoever asked."""
    if not isinstance(tree, exp.Query) or tree.args.get("into") or not any(_is_size(node) for node in tree.find_all(exp.Func)):
        return False
    if any(isinstance(node, exp.Insert | exp.Update | exp.Delete | exp.Merge | exp.Intersect | exp.Except | exp.Window | exp.Lateral | exp.Lock) for node in tree.walk()):
        return False
    if any(isinstance(node, exp.Union) and node.args.get("distinct") for node in tree.walk()) or any((join.method or "") for join in tree.find_all(exp.Join)):
        return False
    plain = _plain(tree, tables)
    inner = {id(node) for query in tree.find_all(exp.Select) if _only_feeds(query) for column in query.expressions for node in column.find_all(exp.Column, exp.Star)}
    return all(_is_told(node, plain, inner) for node in tree.find_all(exp.Column, exp.Star, exp.Identifier))


def _plain(tree: exp.Expr, tables: Mapping[str, Table]) -> set[str]:
    found = [declared(".".join(part.this for part in (table.args.get("db"), table.this) if isinstance(part, exp.Identifier)), tables) for table in tree.find_all(exp.Table)]
    columns = [{table.account_column, table.record_column, *table.plain_columns} if table else set() for table in found if table]
    return {name for name in set().union(*columns) if name is not None} if columns else set()


def _only_feeds(query: exp.Select) -> bool:
    """Tell whether what a query gives goes on to another query's `from`, where each use of it is looked at again."""
    node: exp.Expr | None = query
    while isinstance(node.parent if node else None, exp.Subquery | exp.Union | exp.Paren):
        node = node.parent  # type: ignore[union-attr]  # it has one
    return node is not None and isinstance(node.parent, exp.From | exp.Join | exp.CTE)


def _is_told(node: exp.Expr, plain: set[str], inner: set[int]) -> bool:
    if isinstance(node, exp.Identifier):
        return not (isinstance(node.parent, exp.Join) and node.this not in plain)  # of `using`
    if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star) and str(node.this.this).lower() in plain:
        return True
    return id(node) in inner or _is_measured(node)


def _is_measured(node: exp.Expr) -> bool:
    """Tell whether a column only stands inside `count(…)` or a function of its size."""
    while node.parent is not None and isinstance(node.parent, _OF_COLUMNS) and not _is_size(node.parent):
        node = node.parent
    parent = node.parent
    if isinstance(parent, exp.Distinct) and isinstance(parent.parent, exp.Count):
        return True
    return parent is not None and _is_size(parent)


def _is_size(node: exp.Expr) -> bool:
    if isinstance(node, (exp.Count, *_SIZE_NODES)):
        return True
    return isinstance(node, exp.Anonymous) and str(node.this).lower() in _SIZES
