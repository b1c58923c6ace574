"""`glasshouse decide`: the access decisions of a landing folder, in memory, with nothing kept."""

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.engines import catalog
from dagster_project.engines.catalog import Table
from dagster_project.engines.failures import explained
from dagster_project.engines.intake.accesses import read_accesses
from dagster_project.engines.intake.accounting import attestations
from dagster_project.engines.intake.delivery import Delivery, deliver
from dagster_project.engines.intake.sources import gaps, source_gaps, source_proofs
from dagster_project.engines.intake.spool import EVENTS, Spool
from dagster_project.engines.lake import schema
from dagster_project.engines.memory import Made, roomy
from dagster_project.engines.slices import ROWS, Grants, slices
from dagster_project.errors import UsageError
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
        for of_accounts, accesses in slices(spool, grants, rows):
            yield from evaluated(DECISIONS, {**delivery.tables, "scrubbed.grants": of_accounts, "scrubbed.gaps": every}, EVENTS, accesses)


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
    events = given.get(EVENTS, schema(EVENTS).empty_table())
    return pa.concat_tables(evaluated(name, given, EVENTS, [events]))


def evaluated(name: str, given: Mapping[str, pa.Table], changing: str, parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield the rows of one table of sql/ for each part of a contract; what does not rest on that contract is made once."""
    tables = catalog.tables()
    needed = closure(name, tables)
    order = [table for table in tables.values() if table.name in needed - {name}]
    once = [table for table in order if changing not in closure(table.name, tables)]
    each = [table for table in order if table not in once]
    with TemporaryDirectory(prefix="glasshouse-") as spill, catalog.connect(Path(spill), MEMORY_LIMIT) as connection:
        for schema_name in {table.schema for table in order}:
            connection.execute(f"create schema {schema_name}")
        _make(once, given, {read for table in (*each, tables[name]) for read in table.reads}, connection)
        for part in parts:
            _make(each, {changing: part}, {*(table.name for table in once), *tables[name].reads}, connection)
            rows = _run(tables[name], connection, lambda: connection.execute(tables[name].select).to_arrow_table())
            for table in (table for table in each if table.name in tables[name].reads):
                connection.execute(f"drop table {table.name}")
            yield rows


def _make(order: Iterable[Table], given: Mapping[str, pa.Table], kept: Collection[str], connection: duckdb.DuckDBPyConnection) -> None:
    """Make tables; one that nothing of them reads any more gives its memory back, unless it is kept."""
    last_reader = {read: table.name for table in order for read in table.reads}
    for table in order:
        catalog.create_empty(table, connection)
        if table.kind == "contract" and (rows := given.get(table.name)) is not None:
            connection.register("delivered", rows)
            connection.execute(f"insert into {table.name} by name from delivered")
            connection.unregister("delivered")
        elif table.kind == "select":
            fill(table, connection)
        for read in (read for read in table.reads if last_reader[read] == table.name and read not in kept):
            connection.execute(f"drop table {read}")


def fill(table: Table, connection: duckdb.DuckDBPyConnection) -> None:
    """Run the select of a table into the empty table of its name."""
    _run(table, connection, lambda: connection.execute(f"insert into {table.name} {table.select}"))


def _run(table: Table, connection: duckdb.DuckDBPyConnection, work: Callable[[], Made]) -> Made:
    with explained(table.name, table.fault):
        return roomy(connection, work)


def closure(name: str, tables: Mapping[str, Table]) -> set[str]:
    """Return a table and everything it reads, directly or not."""
    return {name}.union(*(closure(read, tables) for read in tables[name].reads))
