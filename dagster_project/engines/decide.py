"""`glasshouse decide`: the access decisions of a landing folder, in memory, with nothing kept."""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir

import duckdb
import pyarrow as pa

from dagster_project.engines import catalog
from dagster_project.engines.catalog import Table
from dagster_project.engines.intake.accesses import read_accesses
from dagster_project.engines.intake.accounting import attestations
from dagster_project.engines.intake.delivery import Delivery, deliver
from dagster_project.engines.intake.sources import gaps, source_gaps, source_proofs
from dagster_project.errors import GlasshouseError
from dagster_project.settings import Settings

DECISIONS = "flagged.access_decisions"


def decide(landing: Path, as_of: datetime, settings: Settings) -> pa.Table:
    """Return flagged.access_decisions of a landing folder, a row for each access event that exists at `as_of`."""
    return decided(deliver(landing, settings, as_of))


def decided(delivery: Delivery) -> pa.Table:
    """Return the decisions on what a landing folder delivered."""
    events = read_accesses(delivery)
    found = gaps(source_gaps(source_proofs(attestations(delivery.entries))))
    every = pa.concat_tables([delivery.tables["scrubbed.gaps"], found])
    return evaluate(DECISIONS, {**delivery.tables, "scrubbed.access_events": events, "scrubbed.gaps": every})


def evaluate(name: str, given: Mapping[str, pa.Table]) -> pa.Table:
    """Return the rows of one table of sql/ from contract tables in memory; a contract that is not given has no row."""
    tables = catalog.tables()
    connection = duckdb.connect(config=catalog.CLOSED | {"temp_directory": str(Path(gettempdir()) / f"glasshouse-{os.getpid()}")})
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    needed = closure(name, tables)
    for table in (table for table in tables.values() if table.name in needed):
        connection.execute(f"create schema if not exists {table.schema}")
        catalog.create_empty(table, connection)
        if table.kind == "contract" and (rows := given.get(table.name)) is not None:
            connection.register("delivered", rows)
            connection.execute(f"insert into {table.name} by name from delivered")
        elif table.kind == "select":
            fill(table, connection)
    return connection.execute(f"from {name}").to_arrow_table()


def fill(table: Table, connection: duckdb.DuckDBPyConnection) -> None:
    """Run the select of a table into the empty table of its name."""
    try:
        connection.execute(f"insert into {table.name} {table.select}")
    except duckdb.Error as error:
        raise GlasshouseError(f"{table.name}: {type(error).__name__} in {table.path.parent.name}/{table.path.name}; run its cases in tests/sql") from None


def closure(name: str, tables: Mapping[str, Table]) -> set[str]:
    """Return a table and everything it reads, directly or not."""
    return {name}.union(*(closure(read, tables) for read in tables[name].reads))
