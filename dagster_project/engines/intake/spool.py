"""Keeps scrubbed access events on disk until all inputs are read, then gives each event once, in any order, batch by batch.

Memory holds one batch. What is written has the columns of a contract of sql/, so it names no person; the folder is removed when the spool is closed.
"""

import itertools
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.engines import connections
from dagster_project.engines.lake import EVENTS, schema
from dagster_project.paths import quoted
from dagster_project.scrubbing.accesses import contract, merged
from dagster_project.scrubbing.people import People

MEMORY_LIMIT = "500MB"
MOST_SORTED = 5_000_000  # at once: what sorts holds memory for each run on disk, and 50 million are too many for the limit
ROWS = 1 << 17  # at a time
_KEY = "source, event_id"


class Spool:
    """The access events of one run in a folder of its own, which goes with it; `known` are files of those stored before."""

    def __init__(self, folder: Path, known: Sequence[Path] = ()) -> None:
        shutil.rmtree(folder, ignore_errors=True)  # what a killed run left
        folder.mkdir(parents=True)
        self.folder = folder
        self._columns = ", ".join(schema(EVENTS).names)
        self._schema = schema(EVENTS).append(pa.field("is_part", pa.bool_()))
        self._inputs: list[str] = []
        self._used = set(schema(EVENTS).names) if known else {"source"}  # columns that hold something: a sort moves those of nulls as well
        self._connection = connections.connect(folder / "spill", MEMORY_LIMIT)
        # DuckDB judges many files by the first, and would hold the events in memory to join them to a few keys; the right side of each join is the small one.
        self._connection.execute("set disabled_optimizers = 'join_order,build_side_probe_side'")
        for name, kind in (("delivered", self._schema), ("merged", schema(EVENTS)), ("known", schema(EVENTS))):
            pq.write_table(kind.empty_table(), self.folder / f"{name}.parquet")
        self._known = known
        self._view("known", [self.folder / "known.parquet", *known])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def input(self, input_id: str, people: People) -> Iterator[Callable[[pa.Table], None]]:
        """Give a function that takes the native events of an input, batch by batch; after an error none of them is kept."""
        path = self.folder / f"input-{input_id}.parquet"
        try:
            with pq.ParquetWriter(path, self._schema) as writer:

                def take(rows: pa.Table) -> None:
                    for first in range(0, rows.num_rows, ROWS):
                        batch = rows.slice(first, ROWS)
                        named = batch.add_column(0, "input_id", pa.repeat(pa.scalar(input_id, pa.string()), batch.num_rows))
                        writer.write_table(self._noted(contract(named, people).cast(self._schema)))

                yield take
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._inputs.append(input_id)

    def merge(self) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Find events that were delivered more than once; yield, batch by batch, those refused and the duplicates, as `scrubbing.accesses.merged` returns them."""
        self._view("delivered", [self.folder / "delivered.parquet", *(self.folder / f"input-{input_id}.parquet" for input_id in self._inputs)])
        self._connection.execute(
            f"create table repeated as select {_KEY}, count(*) as times from (select {_KEY} from delivered union all select {_KEY} from known) group by all having times > 1"
        )
        parts = self._count("select coalesce(sum(times), 0) from repeated") // ROWS + 1
        self._connection.execute("create table inputs as select unnest($ids) as input_id, unnest(range(len($ids))) as place", {"ids": self._inputs})
        with pq.ParquetWriter(self.folder / "merged.parquet", schema(EVENTS)) as writer:
            for part in range(parts if self._count("select count(*) from repeated") else 0):
                found = merged(*(self._repeated(name, part, parts) for name in ("delivered", "known")))
                writer.write_table(self._noted(found.table))
                yield found.refused, found.duplicates
        self._view("merged", [self.folder / "merged.parquet"])
        self._connection.execute(f"create view event as select {self._columns} from delivered anti join repeated using ({_KEY}) union all select {self._columns} from merged")

    def take_known(self) -> None:
        """Use the stored events alone."""
        self._used = {name for path in self._known for name in _held(path)} | {"source"}
        self._connection.execute(f"create view event as select {self._columns} from known")

    def spans(self) -> list[tuple[str, datetime | None, datetime | None]]:
        """Return the first and the last instant of the events of each input."""
        return self._connection.execute("select input_id, min(occurred_at), max(occurred_at) from event group by input_id").fetchall()

    def events(self, order: Sequence[str], rows: int) -> Iterator[pa.Table]:
        """Yield all events sorted by columns, in batches of `rows`; they are sorted into a file first, so that the sort holds no memory meanwhile."""
        path = self.folder / "sorted.parquet"
        columns = ", ".join(name for name in schema(EVENTS).names if name in self._used)
        for part in range(self._parts(order[:2])):
            of_part = f"semi join (from parts where part = {part}) as part on " + " and ".join(f"event.{name} is not distinct from part.{name}" for name in order[:2])
            self._connection.execute(f"copy (select {columns} from event {of_part} order by {', '.join(order)}) to {quoted(path)} (format parquet, compression lz4_raw)")
            for batch in pq.ParquetFile(path).iter_batches(rows):
                yield pa.concat_tables([schema(EVENTS).empty_table(), pa.Table.from_batches([batch])], promote_options="permissive").cast(schema(EVENTS))

    def _parts(self, columns: Sequence[str]) -> int:
        """Cut the events where some columns change, in their order, into parts that can be sorted; return how many."""
        names = ", ".join(columns)
        counted = f"select {names}, count(*) as times from event group by {names}"
        self._connection.execute(f"create or replace table parts as select {names}, (sum(times) over (order by {names}) - times) // {MOST_SORTED} as part from ({counted})")
        return 1 + self._count("select coalesce(max(part), 0) from parts")

    def _repeated(self, name: str, part: int, parts: int) -> pa.Table:
        """Return a part of the events that have the key of another, in the order in which they came."""
        place, columns = ("place, file_row_number", f"{self._columns}, is_part") if name == "delivered" else ("file_row_number", self._columns)
        joined = " join inputs using (input_id)" if name == "delivered" else ""
        found = self._connection.execute(
            f"select {columns} from {name}{joined} semi join repeated using ({_KEY}) where hash({_KEY}) % $parts = $part order by {place}", {"part": part, "parts": parts}
        )
        return found.to_arrow_table()

    def _noted(self, rows: pa.Table) -> pa.Table:
        """Note which columns hold something."""
        self._used |= {name for name, column in zip(rows.column_names, rows.columns, strict=True) if column.null_count < rows.num_rows}
        return rows

    def _count(self, query: str) -> int:
        return int(self._connection.execute(query).fetchall()[0][0])

    def _view(self, name: str, files: Sequence[Path]) -> None:
        listed = ", ".join(map(quoted, files))
        self._connection.execute(f"create view {name} as from read_parquet([{listed}], hive_partitioning = false, file_row_number = true)")


def _held(path: Path) -> Iterator[str]:
    """Yield the columns of a file that hold something, as its footer tells."""
    footer = pq.read_metadata(path)
    for group, place in itertools.product(range(footer.num_row_groups), range(footer.num_columns)):
        column = footer.row_group(group).column(place)
        if column.statistics is None or column.statistics.null_count is None or column.statistics.null_count < column.num_values:
            yield column.path_in_schema.partition(".")[0]
