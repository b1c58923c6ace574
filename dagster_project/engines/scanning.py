"""Looks for persons in what is stored: every text column of the scrubbed and measured tables, and any column no contract names."""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.engines import catalog
from dagster_project.engines.catalog import Table
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.lake import Lake, schema
from dagster_project.evidence.scan import hits

# Tables that hold what the request log was reduced to; ids that the vendor's own ledgers declare are not looked at.
SCANNED = ("requests", "staff_requests", "routes", "vocabulary", "tags")
DECLARED = ("account_id", "staff_id", "input_id", "event_id")


def scan(lake: Lake, connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Return the rows of ledger.scans: hits by table, column and kind (`person` and `cookie` also where there is none); values are counted, never kept."""
    rows: list[dict[str, object]] = []
    for table in catalog.tables().values():
        if table.name.removeprefix("scrubbed.") in SCANNED or table.schema == "measured":
            rows += _undeclared(lake, table)
            rows += [row for column in table.columns if column.type in {"varchar", "varchar[]"} and column.name not in DECLARED for row in _column(connection, table, column.name, column.type)]
    return pa.Table.from_pylist(rows, schema("ledger.scans"))


def scan_store(engine: DuckDBEngine) -> int:
    """Scan what is stored and put ledger.scans in place; return its rows."""
    engine.refresh()
    rows = scan(engine.lake, engine.connection())
    engine.lake.write("ledger.scans", rows, "part")
    engine.refresh()
    return rows.num_rows


def _column(connection: duckdb.DuckDBPyConnection, table: Table, column: str, kind: str) -> list[dict[str, object]]:
    expression = f'unnest("{column}")' if kind.endswith("[]") else f'"{column}"'
    read = connection.execute(f"select distinct {expression} as value from {table.name}")
    values = [row[0] for row in read.fetchall() if row[0] is not None]
    kinds = {"cookie": 0, "person": 0} | hits(values)
    return [{"table_name": table.name, "column_name": column, "kind": name, "values_scanned": len(values), "hits": count} for name, count in sorted(kinds.items())]


def _undeclared(lake: Lake, table: Table) -> list[dict[str, object]]:
    declared = {column.name for column in table.columns}
    stored = {name for path in lake.files(table.name) for name in pq.read_schema(path).names}
    return [{"table_name": table.name, "column_name": name, "kind": "undeclared_column", "values_scanned": 0, "hits": 1} for name in sorted(stored - declared)]
