"""Runs sql/ on DuckDB over the lake: relations are views of Parquet files, results are files moved into place."""

import hashlib
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.engines import catalog, connections
from dagster_project.engines.answers import answer
from dagster_project.engines.catalog import Table
from dagster_project.engines.failures import explained
from dagster_project.engines.judging import chain, write_chain
from dagster_project.engines.lake import BUILT_FROM, Lake, built_from
from dagster_project.engines.memory import roomy
from dagster_project.engines.retention import sealed_days
from dagster_project.errors import GlasshouseError, SealedError
from dagster_project.paths import quoted, replacing

VISITORS = "measured.visitors_daily"
UNJUDGED = "unjudged"  # lies beside a day that was built until the suite of its table is met


class DuckDBEngine:
    """One connection over one lake; `build` replaces a table or one of its days."""

    def __init__(self, home: Path) -> None:
        self.lake = Lake(home)
        self._connection = connections.connect(home / "spill")
        self._judged: dict[str, Path] = {}  # tables of accesses that are made, and wait for their turn
        self._judged_in = home / f"spill-judged-{uuid4().hex}"  # this engine's own: a sensor opens and closes another beside a run
        self._shown: dict[str, bool] = {}  # whether a relation is a view of files; else it is an empty table
        for schema in {table.schema for table in catalog.tables().values()}:
            self._connection.execute(f"create schema {schema}")
        self.refresh()

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Return the connection on which every table of sql/ is a relation."""
        return self._connection

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        shutil.rmtree(self._judged_in, ignore_errors=True)

    def refresh(self) -> None:
        """Recreate the relations of tables that got their first file or lost their last."""
        self._judged.clear()
        for table in catalog.tables().values():
            self.show(table)

    def show(self, table: Table) -> None:
        """Create the relation of a table: a view of its files, its select where it is never stored, else an empty table. A view finds new files by itself."""
        has_files = table.name == catalog.FINDINGS or self.lake.has_files(table.name)
        shown = self._shown.get(table.name)
        if shown == has_files:
            return
        if shown is not None:
            self._connection.execute(f"drop {'view' if shown else 'table'} {table.name}")
        self._view(table) if has_files else catalog.create_empty(table, self._connection)
        self._shown[table.name] = has_files

    def _view(self, table: Table) -> None:
        if table.name == catalog.FINDINGS:
            self._connection.execute(f"create view {table.name} as {table.select}")
            return
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        by_day = "hive_partitioning = true, hive_types = {'day': date}" if self.lake.days(table.name) else "hive_partitioning = false"
        self._look_in(table.name)
        self._connection.execute(f"create view {table.name} as select {columns} from read_parquet(getvariable('files of {table.name}'), {by_day})")

    def build(self, table: Table, day: date | None = None) -> int:
        """Run the select of a table, for one day where it is daily, and put its rows in place; return how many.

        Raises SealedError for the visitors of a day that was sealed: they cannot be counted again; GlasshouseError where DuckDB or the disk fails.
        """
        if table.is_daily != (day is not None):
            raise GlasshouseError(f"{table.name}: a daily table is built a day at a time, any other whole; please report it")
        if table.name == VISITORS and self._is_counted(day):
            raise SealedError(f"{table.name}: the visitors of {day} were counted when it was sealed, and its tokens are gone; the number published stays")
        target = self.lake.folder(table.name, day) / "part.parquet"
        with explained(table.name, table.fault), replacing(target) as beside:
            if table.is_daily:
                if table.name != VISITORS:  # whose suite every landing judges
                    target.with_name(UNJUDGED).touch()
                pq.write_table(self._rows_of(table, day), beside, compression="zstd", compression_level=1)
            elif table.name in chain() and table == catalog.tables()[table.name]:  # what stands in for a file of sql/ is run as it is
                self._judged_of(table).replace(beside)
            else:
                copy = f"copy ({table.select}) to {quoted(beside)} (format parquet, compression zstd)"
                roomy(self._connection, partial(self._connection.execute, copy))
        self.show(table)
        return int(pq.read_metadata(target).num_rows)

    def _judged_of(self, table: Table) -> Path:
        """Return the file of a table that decides on accesses, for the caller to move; all of them are made at once, when one is missing."""
        if table.name not in self._judged:
            self._judged = write_chain(self.lake, self._judged_in)
        return self._judged.pop(table.name)

    def _rows_of(self, table: Table, day: date | None) -> pa.Table:
        """Return the rows of a day of a table, marked with what they are made from."""
        with self._showing(day, table.reads):
            rows = pa.concat_tables([answer(self._connection, part, {"day": day}) for part in table.parts])
        return rows.replace_schema_metadata({BUILT_FROM: self.fingerprint(table, day).encode()})

    @contextmanager
    def _showing(self, day: date | None, names: Collection[str]) -> Iterator[None]:
        """Let views show one day only: a select of a day reads no other, and to look through the folders of all takes longer with each."""
        narrowed = [name for name in names if day and self._shown.get(name) and self.lake.files(name, day)]
        try:
            for name in narrowed:
                self._look_in(name, day)
            yield
        finally:
            for name in narrowed:
                self._look_in(name)

    def _look_in(self, name: str, day: date | None = None) -> None:
        """Say where the view of a table finds its files: in all folders, or in that of a day."""
        files = self.lake.folder(name, day) / "**" / "[!.]*.parquet"
        self._connection.execute(f'set variable "files of {name}" = {quoted(files)}')

    def _is_counted(self, day: date | None) -> bool:
        """Tell whether the visitors of a day are counted, or its key is destroyed."""
        return bool(self.lake.files(VISITORS, day)) or day in sealed_days(self.lake)

    def fingerprint(self, table: Table, day: date | None) -> str:
        """Return what a day of a table is made from: its select and the day's files of every daily table it reads."""
        parts = [table.select]
        for read in table.reads:
            parts += [f"{read}/{path.name}/{path.stat().st_size}" for path in self.lake.files(read, day)] if day else []
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

    def stale_days(self, table: Table) -> list[date]:
        """Return the days that were built from other sources than there are now, or whose suite was never met, so that a failed day does not count as built."""
        if table.name == VISITORS:  # counted once, when a day is sealed
            return []
        days = {day for read in table.reads if catalog.tables()[read].kind == "contract" for day in self.lake.days(read)}
        folders = {day: self.lake.folder(table.name, day) for day in days}
        return sorted(day for day, folder in folders.items() if (folder / UNJUDGED).exists() or built_from(folder / "part.parquet") != self.fingerprint(table, day))

    def accept(self, table: Table) -> None:
        """Count the days of a table as built: its suite is met."""
        for mark in self.lake.folder(table.name).glob(f"day=*/{UNJUDGED}"):
            mark.unlink()
