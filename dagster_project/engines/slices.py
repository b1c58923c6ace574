"""Cuts accesses into slices, each with all grants of its accounts, that are small enough to be judged in memory."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow.dataset import Dataset

from dagster_project.engines import connections
from dagster_project.engines.intake.spool import Spool
from dagster_project.engines.lake import EVENTS, schema
from dagster_project.paths import quoted

ROWS = 150_000
ORDER = ("account_id", "day", "occurred_at", "source", "event_id")  # the same, however they were delivered
BATCH = 1 << 16  # accesses that are read at once
GRANTS_EACH = 4  # of an account, for one access in a slice at most: so time grows with the rows


class Grants:
    """Tables of grants on disk, by name, sorted by account; `most` is the largest number of rows that one account has in one of them."""

    def __init__(self, given: Mapping[str, pa.Table | Dataset], folder: Path) -> None:
        self._folder = folder
        self._schemas = {name: rows.schema for name, rows in given.items()}
        self.most = 0
        with connections.connect(folder / "spill") as connection:
            for name, rows in given.items():
                connection.register("grants", rows)
                most = connection.execute("select coalesce(max(each), 0) from (select count(*) as each from grants group by account_id)").fetchall()[0][0]
                connection.execute(f"copy (from grants order by account_id) to {quoted(self._path(name))} (format parquet)")
                self.most = max(self.most, most)

    def of(self, account_ids: pa.ChunkedArray) -> dict[str, pa.Table]:
        """Return the rows of each table for the accounts between the first and the last of these, in the order of their ids."""
        ends = pc.min_max(account_ids).as_py()
        if ends["min"] is None:
            return {name: schema_of.empty_table() for name, schema_of in self._schemas.items()}
        between = [("account_id", ">=", ends["min"]), ("account_id", "<=", ends["max"])]
        return {name: pq.read_table(self._path(name), schema=schema_of, filters=between) for name, schema_of in self._schemas.items()}

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.parquet"


def slices(spool: Spool, grants: Grants, rows: int = ROWS) -> Iterator[tuple[dict[str, pa.Table], Iterator[pa.Table]]]:
    """Yield, at least once, the grants of some accounts and slices of about `rows` of their accesses, which must be consumed before the next are requested.

    Some tables of sql/ read all grants of an account again for each of its slices, so slices grow with the number of grants.
    """
    parts = whole_accounts(spool.events(ORDER, BATCH), max(rows, grants.most // GRANTS_EACH))
    for _, group in itertools.groupby(parts, key=lambda part: part[0]):
        accesses = (part for _, part in group)
        first = next(accesses)
        yield grants.of(first.column("account_id")), itertools.chain([first], accesses)


def whole_accounts(tables: Iterable[pa.Table], rows: int) -> Iterator[tuple[int, pa.Table]]:
    """Yield accesses, sorted by account, in numbered parts of at most `rows`, where one that names several records counts for each; at least one, which may be empty.

    An account is never divided unless it has more than that: then it has parts of its own, all with the same number.
    """
    number, is_parted, waiting = 0, False, schema(EVENTS).empty_table()
    for table in itertools.chain(tables, [None]):
        waiting = pa.concat_tables([waiting, table]) if table is not None else waiting
        while (most := _fitting(waiting, rows)) < waiting.num_rows or (table is None and (waiting.num_rows or not number)):
            ends = [end for end in _ends(waiting) if end <= most]
            cut = most if not ends else ends[0] if is_parted else ends[-1]
            number += not is_parted
            yield number, waiting.slice(0, cut)
            waiting, is_parted = waiting.slice(cut), not ends


def _fitting(events: pa.Table, rows: int) -> int:
    """Return how many of the first accesses, at least one, make a part."""
    records = pc.max_element_wise(pc.list_value_length(events.column("record_ids")), 1)
    return max(1, pc.sum(pc.less_equal(pc.cumulative_sum(records), rows)).as_py() or 0)


def _ends(events: pa.Table) -> list[int]:
    """Return how many rows stand before the end of each account."""
    ends: list[int] = pc.run_end_encode(events.column("account_id").combine_chunks()).run_ends.to_pylist()
    return ends or [0]
