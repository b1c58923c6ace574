"""`glasshouse decide`: the access decisions of a landing folder, in memory, with nothing kept."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.engines import catalog
from dagster_project.engines.catalog import Table
from dagster_project.engines.intake.accesses import read_accesses
from dagster_project.engines.intake.accounting import attestations
from dagster_project.engines.intake.delivery import Delivery, deliver
from dagster_project.engines.intake.sources import gaps, source_gaps, source_proofs
from dagster_project.engines.intake.spool import Spool
from dagster_project.engines.memory import roomy
from dagster_project.engines.slices import ROWS, Grants, slices
from dagster_project.errors import GlasshouseError, UsageError
from dagster_project.settings import Settings

MEMORY_LIMIT = "500MB"  # for a slice and all that is made of it
DECISIONS = "flagged.access_decisions"


def decide(landing: Path, as_of: datetime, settings: Settings) -> pa.Table:
    """Return flagged.access_decisions of a landing folder, a row for each access event that exists at `as_of`."""
    return pa.concat_tables(decided(deliver(landing, settings, as_of)))


def decided(delivery: Delivery, rows: int = ROWS) -> Iterator[pa.Table]:
    """Yield the decisions on what a landing folder delivered, so many accesses at a time; the tables of the delivery are used up."""
    with TemporaryDirectory(prefix="glasshouse-") as folder, Spool(Path(folder) / "accesses") as spool:
        pa.default_memory_pool().release_unused()  # what held the ledgers as they were delivered
        grants = Grants(delivery.tables.pop("scrubbed.grants"), Path(folder))
        pa.default_memory_pool().release_unused()
        read_accesses(delivery, spool)
        found = gaps(source_gaps(source_proofs(attestations(delivery.entries))))
        every = pa.concat_tables([delivery.tables["scrubbed.gaps"], found])
        for events, of_accounts in slices(spool, grants, rows):
            yield evaluate(DECISIONS, {**delivery.tables, "scrubbed.access_events": events, "scrubbed.grants": of_accounts, "scrubbed.gaps": every})


def write_decisions(delivery: Delivery, out: Path) -> Counter[str]:
    """Write the decisions as one Parquet file; return how many there are of each outcome. Raises UsageError where it cannot be written."""
    outcomes = Counter[str]()
    parts = decided(delivery)
    first = next(parts)
    with ExitStack() as stack:
        with _written():
            out.parent.mkdir(parents=True, exist_ok=True)
            writer = stack.enter_context(pq.ParquetWriter(out, first.schema))
        for rows in itertools.chain([first], parts):
            with _written():
                writer.write_table(rows)
            outcomes.update({entry["values"]: entry["counts"] for entry in rows.column("outcome").value_counts().to_pylist()})
    return outcomes


@contextmanager
def _written() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise UsageError("--out cannot be written; name a file in a folder of yours") from None


def evaluate(name: str, given: Mapping[str, pa.Table]) -> pa.Table:
    """Return the rows of one table of sql/ from contract tables in memory; a contract that is not given has no row."""
    tables = catalog.tables()
    needed = closure(name, tables)
    order = [table for table in tables.values() if table.name in needed]
    last_reader = {read: table.name for table in order for read in table.reads}
    with TemporaryDirectory(prefix="glasshouse-") as spill:
        connection = catalog.connect(Path(spill), MEMORY_LIMIT)
        for table in order:
            connection.execute(f"create schema if not exists {table.schema}")
            catalog.create_empty(table, connection)
            if table.kind == "contract" and (rows := given.get(table.name)) is not None:
                connection.register("delivered", rows)
                connection.execute(f"insert into {table.name} by name from delivered")
            elif table.kind == "select":
                fill(table, connection)
            # A table that nothing reads any more gives its memory back.
            for read in (read for read in table.reads if last_reader[read] == table.name):
                connection.execute(f"drop table {read}")
        rows = connection.execute(f"from {name}").to_arrow_table()
        connection.close()
    return rows


def fill(table: Table, connection: duckdb.DuckDBPyConnection) -> None:
    """Run the select of a table into the empty table of its name."""
    try:
        roomy(connection, lambda: connection.execute(f"insert into {table.name} {table.select}"))
    except duckdb.Error as error:
        raise GlasshouseError(f"{table.name}: {type(error).__name__} in {table.path.parent.name}/{table.path.name}; run its cases in tests/sql") from None


def closure(name: str, tables: Mapping[str, Table]) -> set[str]:
    """Return a table and everything it reads, directly or not."""
    return {name}.union(*(closure(read, tables) for read in tables[name].reads))
