"""Scans what is stored for persons and cookies: the text columns that derive from logs and tags, and every column that no contract names.

It also counts what the last check of routes blanked (the backstop), and warns where clients come from private addresses.
"""

import re
from collections.abc import Collection

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.engines import catalog
from dagster_project.engines.catalog import Table
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.engines.lake import Lake, schema
from dagster_project.evidence.scan import hits
from dagster_project.scrubbing.codes import REDACTED
from dagster_project.scrubbing.detectors import kinds
from dagster_project.settings import Settings, Site

# Of what logs and tag calls were reduced to; ids that the vendor's own ledgers declare are not looked at.
DECLARED = ("account_id", "staff_id", "input_id", "event_id")
TEXTS = ("varchar", "varchar[]")
# A refused line keeps its shape: letters are A and digits 9, so what looks like an address in it is nobody's.
SHAPES = ("ledger.quarantine", "shape")
_SHAPE = re.compile(r'[A9\[\]"{}:,\-/ ]*')
BACKSTOP = "backstop"
MAX_PRIVATE = 0.01  # share of private clients above which a proxy is missing from the settings (docs/privacy.md#rule-by-rule)

Row = dict[str, object]


def scan(lake: Lake, connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Return the rows of ledger.scans: hits by table, column and kind (`person` and `cookie` also where there is none); values are counted, never kept."""
    rows: list[Row] = []
    for table in catalog.tables().values():
        if table.schema in ("scrubbed", "measured"):
            rows += _undeclared(lake, table)
        if table.is_scanned:
            rows += [row for column in table.columns if column.type in TEXTS and column.name not in DECLARED for row in _column(connection, table, column.name, column.type)]
    return pa.Table.from_pylist(rows, schema("ledger.scans"))


def scan_store(engine: DuckDBEngine, house: House) -> int:
    """Scan what is stored and put ledger.scans in place; return its rows. Tells of sites whose clients are private."""
    engine.refresh()
    connection = engine.connection()
    rows = pa.concat_tables([scan(engine.lake, connection), backstop(connection, house.settings)])
    for site, share in private_clients(connection):
        house.tell(f"site {site}: {share:.1%} of its requests come from private addresses; name the proxies in front of it in sites.trusted_proxies")
    engine.lake.write("ledger.scans", rows, "part")
    engine.refresh()
    return int(rows.num_rows)


def backstop(connection: duckdb.DuckDBPyConnection, settings: Settings) -> pa.Table:
    """Return the rows of ledger.scans for the last check of the detectors (docs/privacy.md#routes).

    `scrubbed.routes`: common routes that turned out to name somebody once they were assembled, and were blanked. `settings`: declared words, routes and
    query values that name somebody; there must be none, since what is declared is shown to every reader of a report.
    """
    ((routes, redacted),) = connection.execute("select count(*), count(*) filter (where route = $redacted) from scrubbed.routes", {"redacted": REDACTED}).fetchall()
    declared = sorted({text for site in (settings.sites.default, *settings.sites.by_name.values()) for text in _declared(site)} | set(settings.access.customer_record_routes))
    named = sum(bool(kinds(text)) for text in declared)
    rows: list[Row] = [
        {"table_name": "scrubbed.routes", "column_name": "route", "kind": BACKSTOP, "values_scanned": routes, "hits": redacted},
        {"table_name": "settings", "column_name": "sites", "kind": BACKSTOP, "values_scanned": len(declared), "hits": named},
    ]
    return pa.Table.from_pylist(rows, schema("ledger.scans"))


def private_clients(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, float]]:
    """Return the sites of which more than 1 % of the requests come from private addresses, each with that share."""
    query = """
        select site, avg(case when client_class = 'private' then 1.0 else 0.0 end) as share
        from scrubbed.requests
        group by site
        having share > $most
        order by site
    """
    return connection.execute(query, {"most": MAX_PRIVATE}).fetchall()


def _declared(site: Site) -> list[str]:
    values = [value for allowed in site.query.values() if allowed != "count" for value in allowed]
    return [*site.routes, *site.vocabulary, *site.query, *values]


def _column(connection: duckdb.DuckDBPyConnection, table: Table, column: str, kind: str) -> list[Row]:
    expression = f'unnest("{column}")' if kind.endswith("[]") else f'"{column}"'
    read = connection.execute(f"select distinct {expression} as value from {table.name}")
    values = [value for (value,) in read.fetchall() if value is not None]
    rows = _found(table, column, [value for value in values if (table.name, column) != SHAPES or not _SHAPE.fullmatch(value)])
    return [{**each, "values_scanned": len(values)} for each in rows]


def _found(table: Table, column: str, values: Collection[str]) -> list[Row]:
    """Return a row for each kind found among the distinct values of a column."""
    found = {"cookie": 0, "person": 0} | hits(values)
    return [{"table_name": table.name, "column_name": column, "kind": kind, "values_scanned": len(values), "hits": count} for kind, count in sorted(found.items())]


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
