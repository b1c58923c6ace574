"""Scrubs parsed rows and writes them to the lake: small inputs are scrubbed together and share a file, large ones have files of their own."""

from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.engines.lake import REQUESTS, STAFF_REQUESTS, VISITS, Lake
from dagster_project.scrubbing.scrub import Origin, Scrubbed, Scrubber

BATCH_ROWS = 50_000  # of small inputs; below it, setting up columns costs more than the rows
FILE_ROWS = 125_000
TABLES = (REQUESTS, VISITS, STAFF_REQUESTS)


@dataclass(frozen=True)
class Lot:
    """The parsed rows of one piece of an input; `on_time` are sealed days whose lines are nevertheless not late, since a rebuild reads them again."""

    origin: Origin
    rows: pa.Table
    first_line: int
    on_time: frozenset[date]


class Batches:
    """Scrubs and writes what is added; a file is named after the first input in it, so that it counts once that input does."""

    def __init__(self, lake: Lake, scrubber: Scrubber) -> None:
        self._lake = lake
        self._scrubber = scrubber
        self._name: str | None = None
        self._files = 0
        self._begun: str | None = None
        self._lots: list[Lot] = []
        self._rows = 0
        self._scrubbed: list[Scrubbed] = []
        self._tokens: Counter[date] = Counter()
        self._tokens_before: Counter[date] = Counter()
        self._writer = ThreadPoolExecutor(1)
        self._writing: list[Future[int]] = []

    def begin(self, input_id: str) -> None:
        """Begin an input that comes in several pieces and may yet be refused: its rows go into files of its own."""
        self.close()
        self._name, self._files, self._begun = input_id, 0, input_id
        self._tokens_before = self._tokens.copy()

    def discard(self) -> None:
        """Drop all rows of the input begun last."""
        self._written()
        if self._name is not None:
            for table in TABLES:
                self._lake.remove(table, self._name)
        self._lots, self._rows, self._scrubbed, self._name = [], 0, [], None
        self._tokens = self._tokens_before

    def add(self, lot: Lot) -> None:
        """Take the rows of one piece."""
        if self._lots and _site(self._lots[0]) != _site(lot):
            self._scrub()
        if self._name is None:
            self._name, self._files = lot.origin.input_id, 0
        self._lots.append(lot)
        self._rows += lot.rows.num_rows
        if self._rows >= BATCH_ROWS or lot.origin.input_id == self._begun:
            self._scrub()

    def close(self) -> dict[date, int]:
        """Write what is left; return how many rows hold a token, by day."""
        self._scrub()
        self._write()
        self._written()
        return dict(self._tokens)

    def _scrub(self) -> None:
        lots, self._lots, self._rows = self._lots, [], 0
        if not lots:
            return
        scrubbed = self._scrubber.requests(lots[0].rows, lots[0].origin, lots[0].first_line) if len(lots) == 1 else _together(self._scrubber, lots)
        scrubbed = replace(scrubbed, requests=_punctual(scrubbed.requests, lots))
        self._scrubbed.append(scrubbed)
        held = scrubbed.visits.column("day").filter(scrubbed.visits.column("visitor_high").is_valid()).value_counts()
        self._tokens.update({entry["values"]: entry["counts"] for entry in held.to_pylist()})
        if sum(each.requests.num_rows for each in self._scrubbed) >= FILE_ROWS:
            self._write()

    def _write(self) -> None:
        """Begin to write the rows by day, on the other core; the next small input begins a file of its own name."""
        self._written(waiting=1)
        scrubbed, self._scrubbed = self._scrubbed, []
        for table in TABLES:
            parts = [getattr(each, table.removeprefix("scrubbed.")) for each in scrubbed]
            if parts and (rows := pa.concat_tables(parts)).num_rows:
                self._writing.append(self._writer.submit(self._lake.write_days, table, rows, f"{self._name}-{self._files}"))
        self._files += 1

    def _written(self, waiting: int = 0) -> None:
        """Wait until at most so many files are still to be written."""
        while len(self._writing) > waiting:
            self._writing.pop(0).result()


def _site(lot: Lot) -> tuple[str, str]:
    return lot.origin.folder, lot.origin.site


def _together(scrubber: Scrubber, lots: list[Lot]) -> Scrubbed:
    """Scrub several inputs of a site at once: rows are numbered through, and told apart again by their numbers."""
    rows = pa.concat_tables([lot.rows for lot in lots]).combine_chunks()
    numbers = pa.array(np.arange(1, rows.num_rows + 1))
    scrubbed = scrubber.requests(rows.set_column(rows.schema.get_field_index("line_number"), "line_number", numbers), lots[0].origin)
    shifts = np.repeat([lot.first_line - 1 for lot in lots], [lot.rows.num_rows for lot in lots])
    lines = pc.add(rows.column("line_number"), pa.array(shifts)).combine_chunks()
    lot_of = pa.array(np.repeat(np.arange(len(lots)), [lot.rows.num_rows for lot in lots]))
    input_ids = pa.array([lot.origin.input_id for lot in lots]).take(lot_of)
    return replace(scrubbed, requests=_placed(scrubbed.requests, input_ids, lines), staff_requests=_placed(scrubbed.staff_requests, input_ids, lines))


def _placed(rows: pa.Table, input_ids: pa.Array, lines: pa.Array) -> pa.Table:
    place = pc.subtract(rows.column("line_number"), 1)
    known = {"input_id": input_ids.take(place), "line_number": lines.take(place)}
    return pa.table([known.get(name, rows.column(name)) for name in rows.column_names], schema=rows.schema)


def _punctual(rows: pa.Table, lots: list[Lot]) -> pa.Table:
    """Return the rows with those no longer late that came before their day was sealed: a rebuild only reads them again."""
    on_time = {(lot.origin.input_id, day) for lot in lots for day in lot.on_time}
    if not on_time:
        return rows
    asked = zip(rows.column("is_late").to_pylist(), rows.column("input_id").to_pylist(), rows.column("day").to_pylist(), strict=True)
    is_late = pa.array([late and (input_id, day) not in on_time for late, input_id, day in asked], pa.bool_())
    return rows.set_column(rows.schema.get_field_index("is_late"), "is_late", is_late)
