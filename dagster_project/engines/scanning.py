"""Looks for persons and cookies in what is stored: the text columns that came of logs and tags, and every column that no contract names."""

import re
from collections.abc import Collection

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.engines import catalog
from dagster_project.engines.catalog import Table
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.lake import Lake, schema
from dagster_project.evidence.scan import hits

# Tables that hold what logs and tag calls were reduced to; ids that the vendor's own ledgers declare are not looked at.
SCANNED = ("scrubbed.requests", "scrubbed.staff_requests", "scrubbed.routes", "scrubbed.vocabulary", "scrubbed.tags", "ledger.quarantine")
DECLARED = ("account_id", "staff_id", "input_id", "event_id")
TEXTS = ("varchar", "varchar[]")
# A refused line keeps its shape: letters are A and digits 9, so what looks like an address in it is nobody's.
SHAPES = ("ledger.quarantine", "shape")
_SHAPE = re.compile(r'[A9\[\]"{}:,\-/ ]*')

Row = dict[str, object]


def scan(lake: Lake, connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Return the rows of ledger.scans: hits by table, column and kind (`person` and `cookie` also where there is none); values are counted, never kept."""
    rows: list[Row] = []
    for table in catalog.tables().values():
        if table.schema in ("scrubbed", "measured"):
            rows += _undeclared(lake, table)
        if table.name in SCANNED or table.schema == "measured":
            rows += [row for column in table.columns if column.type in TEXTS and column.name not in DECLARED for row in _column(connection, table, column.name, column.type)]
    return pa.Table.from_pylist(rows, schema("ledger.scans"))


def scan_store(engine: DuckDBEngine) -> int:
    """Scan what is stored and put ledger.scans in place; return its rows."""
    engine.refresh()
    rows = scan(engine.lake, engine.connection())
    engine.lake.write("ledger.scans", rows, "part")
    engine.refresh()
    return int(rows.num_rows)


def _column(connection: duckdb.DuckDBPyConnection, table: Table, column: str, kind: str) -> list[Row]:
    expression = f'unnest("{column}")' if kind.endswith("[]") else f'"{column}"'
    read = connection.execute(f"select distinct {expression} as value from {table.name}")
    values = [value for (value,) in read.fetchall() if value is not None]
    rows = _found(table, column, [value for value in values if (table.name, column) != SHAPES or not _SHAPE.fullmatch(value)])
    return [{**each, "values_scanned": len(values)} for each in rows]


def _found(table: Table, column: str, values: Collection[str]) -> list[Row]:
    """Return a row for each kind found among the distinct values of a column."""
    kinds = {"cookie": 0, "person": 0} | hits(values)
    return [{"table_name": table.name, "column_name": column, "kind": kind, "values_scanned": len(values), "hits": count} for kind, count in sorted(kinds.items())]


def _undeclared(lake: Lake, table: Table) -> list[Row]:
    """Return a row for each stored column that the contract does not name, and what was found in it."""
    declared = {column.name for column in table.columns}
    values: dict[str, set[str]] = {}
    for path in lake.files(table.name):
        for name in set(pq.read_schema(path).names) - declared:
            stored = pq.read_table(path, columns=[name], partitioning=None).column(name).to_pylist()
            values.setdefault(name, set()).update(str(value) for value in stored if value is not None)
    rows: list[Row] = []
    for name, found in sorted(values.items()):
        rows += [{"table_name": table.name, "column_name": name, "kind": "undeclared_column", "values_scanned": len(found), "hits": 1}, *_found(table, name, found)]
    return rows
