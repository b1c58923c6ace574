"""`glasshouse decide`: the access decisions of a landing folder, in memory, with nothing kept."""

import itertools
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.engines.intake.accesses import read_accesses
from dagster_project.engines.intake.accounting import attestations
from dagster_project.engines.intake.delivery import Delivery, deliver
from dagster_project.engines.intake.sources import gaps, source_gaps, source_proofs
from dagster_project.engines.intake.spool import Spool
from dagster_project.engines.judging import judged
from dagster_project.engines.slices import ROWS, Grants
from dagster_project.errors import UsageError
from dagster_project.settings import Settings

DECISIONS = "flagged.access_decisions"


def decide(landing: Path, as_of: datetime, settings: Settings) -> pa.Table:
    """Return flagged.access_decisions of a landing folder, a row for each access event that exists at `as_of`."""
    return pa.concat_tables(decided(deliver(landing, settings, as_of)))


def decided(delivery: Delivery, rows: int = ROWS) -> Iterator[pa.Table]:
    """Yield the decisions on what a landing folder delivered, in slices of `rows` accesses; the tables of the delivery are consumed."""
    with TemporaryDirectory(prefix="glasshouse-") as folder, Spool(Path(folder) / "accesses") as spool:
        pa.default_memory_pool().release_unused()  # what held the ledgers as they were delivered
        with ThreadPoolExecutor(1) as beside:
            sorting = beside.submit(Grants, {"scrubbed.grants": delivery.tables.pop("scrubbed.grants")}, Path(folder))
            read_accesses(delivery, spool)
        grants = sorting.result()
        pa.default_memory_pool().release_unused()
        found = gaps(source_gaps(source_proofs(attestations(delivery.entries))))
        every = pa.concat_tables([delivery.tables["scrubbed.gaps"], found])
        given = {**delivery.tables, "scrubbed.gaps": every}
        yield from (found[DECISIONS] for found in judged([DECISIONS], given, spool, grants, rows))


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
    except (OSError, UnicodeEncodeError):
        raise UsageError("--out cannot be written; name a file in a folder of yours") from None
