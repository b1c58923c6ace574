"""Makes the tables of sql/ that decide on accesses, slice by slice: each slice is in memory, however many accesses there are.

The numbers that these tables give to keys hold within one slice, so none of the tables is made from another that is stored; all are made from what the first of
them reads.
"""

import functools
import itertools
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.dataset import dataset

from dagster_project.engines import catalog, connections
from dagster_project.engines.catalog import Table
from dagster_project.engines.evaluation import Evaluation, closure
from dagster_project.engines.intake.spool import Spool
from dagster_project.engines.lake import EVENTS, Lake
from dagster_project.engines.slices import ROWS, Grants, slices

AT_ONCE = min(connections.CORES, 4)  # slices; each holds memory
FIRST, LAST = "flagged.access_facts", ("flagged.access_explanations", "flagged.grant_uses")
BY_ACCOUNT = ("flagged.known_grants", "flagged.grant_scopes")  # what grows with the grants


@functools.cache
def chain() -> tuple[str, ...]:
    """Return the tables that are made slice by slice, dependencies first: those between the facts of an access and what is said of it."""
    tables = catalog.tables()
    needed = {name for last in LAST for name in closure(last, tables)}
    return tuple(name for name in tables if name in needed and FIRST in closure(name, tables))


@functools.cache
def given_to_chain() -> frozenset[str]:
    """Return the tables that the chain is made from, the accesses not among them."""
    return frozenset(read for name in chain() for read in catalog.tables()[name].reads) - {*chain(), EVENTS}


def prerequisites(table: Table) -> set[str]:
    """Return the tables that must exist before a table is made: those that it reads, for a table of the chain those that the whole chain reads."""
    return {*table.reads, *given_to_chain()} if table.name in chain() else set(table.reads)


def judged(results: Sequence[str], given: Mapping[str, pa.Table], spool: Spool, grants: Grants, rows: int = ROWS) -> Iterator[dict[str, pa.Table]]:
    """Yield the rows of each result, slice by slice, in order; several slices are made at once, since DuckDB uses several cores badly for so few rows."""
    numbers, waiting = itertools.count(), deque[Future[dict[str, pa.Table]]]()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for of_accounts, parts in slices(spool, grants, rows):
            evaluation = Evaluation(results, {**given, **of_accounts}, EVENTS, spool.folder / "evaluation")
            for accesses in parts:
                waiting.append(threads.submit(evaluation.of, accesses, next(numbers)))
                if len(waiting) > AT_ONCE:
                    yield waiting.popleft().result()
        for last in waiting:
            yield last.result()


def write_chain(lake: Lake, folder: Path, rows: int = ROWS) -> dict[str, Path]:
    """Write every table of the chain, from what the lake holds, as a file in a folder, in place of one that stands there; return the files by name."""
    given = {name: dataset(files) for name in given_to_chain() if (files := lake.files(name))}
    with Spool(folder / "accesses", lake.files(EVENTS)) as spool, ExitStack() as stack:
        spool.take_known()
        grants = Grants({name: given.pop(name) for name in BY_ACCOUNT if name in given}, spool.folder)
        written = {name: folder / f"{name}.parquet" for name in chain()}
        writers: dict[str, pq.ParquetWriter] = {}
        for found in judged(chain(), {name: rows_of.to_table() for name, rows_of in given.items()}, spool, grants, rows):
            for name, rows_of in found.items():
                if name not in writers:
                    writers[name] = stack.enter_context(pq.ParquetWriter(written[name], rows_of.schema, compression="zstd", compression_level=1))
                writers[name].write_table(rows_of)
    return written
