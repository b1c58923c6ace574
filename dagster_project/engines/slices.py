"""Accesses some at a time, each with all grants of its account: a world small enough to be judged in memory, however many there are."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project.engines import catalog
from dagster_project.engines.intake.spool import EVENTS, Spool
from dagster_project.engines.lake import schema

ROWS = 200_000
GRANTS_EACH = 4  # of an account, for one access in a slice at most: so time grows with the rows


class Grants:
    """The grants of a landing folder on disk, in the order of their accounts."""

    def __init__(self, grants: pa.Table, folder: Path) -> None:
        self._path = folder / "grants.parquet"
        connection = catalog.connect(folder / "spill")
        connection.register("grants", grants)
        self.most = int(connection.execute("select coalesce(max(each), 0) from (select count(*) as each from grants group by account_id)").fetchall()[0][0])
        place = str(self._path).replace("'", "''")
        connection.execute(f"copy (from grants order by account_id) to '{place}' (format parquet)")
        self._schema = grants.schema
        connection.close()

    def of(self, account_ids: pa.ChunkedArray) -> pa.Table:
        """Return the grants of the accounts between the first and the last of these, in the order of their ids."""
        ends = pc.min_max(account_ids).as_py()
        if ends["min"] is None:
            return self._schema.empty_table()
        return pq.read_table(self._path, schema=self._schema, filters=[("account_id", ">=", ends["min"]), ("account_id", "<=", ends["max"])])


def slices(spool: Spool, grants: Grants, rows: int = ROWS) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield accesses and the grants of their accounts, so many at a time, and at least once.

    An account that fills several slices costs its grants again for each, so where it has many grants slices grow with them.
    """
    tables = spool.events("account_id, occurred_at", max(rows, grants.most // GRANTS_EACH))
    for events in itertools.chain([next(tables, schema(EVENTS).empty_table())], tables):
        yield events, grants.of(events.column("account_id"))
