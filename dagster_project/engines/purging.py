"""Removes what is past its time and enters it in ledger.purges first, so that a purge that is killed is finished by the next run.

A day of request rows or access events that was purged stays so: what comes for it later is refused, and counted.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project.engines.lake import EVENTS, INPUTS, PURGES, REQUESTS, STAFF_REQUESTS, Lake, schema
from dagster_project.engines.retention import Due
from dagster_project.paths import replacing

BY_INPUT = (REQUESTS, STAFF_REQUESTS, EVENTS)  # the books count these by input; a day of them is purged for good
KEPT_EMPTY = (INPUTS,)  # a file of it stands for a run, without rows too: what else that run wrote goes with it


@dataclass(frozen=True)
class Entry:
    """Rows that are to go: by input where the books count them so, else by day alone, or by table."""

    rule: str
    table: str
    day: date | None
    input_id: str | None
    rows: int


def entries(lake: Lake, due: Iterable[Due]) -> list[Entry]:
    """Return what is to be entered for rows that are due."""
    found: list[Entry] = []
    for each in due:
        by_input = _by_input(lake, each) if each.table in BY_INPUT else {None: each.rows}
        found += [Entry(each.rule, each.table, each.day, input_id, rows) for input_id, rows in by_input.items()]
    return found


def enter(lake: Lake, found: Iterable[Entry], as_of: datetime, *, is_refused: bool = False) -> int:
    """Enter rows in ledger.purges, but a day that a killed purge entered only once; return how many rows are new there."""
    before = lake.read(PURGES)
    known = {(row["table_name"], row["day"], row["input_id"]) for row in before.to_pylist() if row["day"] is not None}
    new = [each for each in found if each.rows and (each.table, each.day, each.input_id) not in known]
    if new:
        told = {"is_refused": is_refused, "purged_at": as_of}
        rows = [{"rule": each.rule, "table_name": each.table, "day": each.day, "input_id": each.input_id, "rows": each.rows, **told} for each in new]
        lake.write(PURGES, pa.concat_tables([before, pa.Table.from_pylist(rows, schema(PURGES))]), "part")
    return sum(each.rows for each in new)


def remove(lake: Lake, due: Due) -> None:
    """Remove rows that are due and entered: a whole day by its folder, others by rewriting their files."""
    if due.day is not None:
        lake.drop(due.table, due.day)
    else:
        _rewrite(lake, due)


def refuse(lake: Lake, tables: Collection[str], as_of: datetime) -> int:
    """Remove the rows of days that were purged before: they came late, or their purge was killed; return how many were refused."""
    late = [Due(rule, table, 0, day) for (table, day), rule in purged_days(lake, tables).items() if lake.files(table, day)]
    found = entries(lake, late)
    enter(lake, [each for each in found if each.table == STAFF_REQUESTS], as_of, is_refused=True)  # the same lines stand in the requests
    refused = enter(lake, [each for each in found if each.table != STAFF_REQUESTS], as_of, is_refused=True)
    for each in late:
        remove(lake, each)
    return refused


def purged_days(lake: Lake, tables: Collection[str] = BY_INPUT) -> dict[tuple[str, date], str]:
    """Return the days of tables whose rows were purged, each with the rule."""
    return {(row["table_name"], row["day"]): row["rule"] for row in lake.read(PURGES).to_pylist() if row["table_name"] in tables and row["day"] is not None}


def purged_rows(lake: Lake, table: str, input_ids: Collection[str]) -> int:
    """Return how many rows of these inputs were stored in a table, or would have been, and are purged."""
    entered = lake.read(PURGES)
    of_table = pc.and_(pc.equal(entered.column("table_name"), table), pc.is_in(entered.column("input_id"), pa.array(sorted(input_ids), pa.string())))
    return int(pc.sum(entered.filter(of_table).column("rows")).as_py() or 0)


def forget_inputs(lake: Lake) -> None:
    """Keep what was purged as history only: a rebuild reads the inputs again, and refuses the lines of purged days anew."""
    if (rows := lake.read(PURGES)).num_rows:
        nobody = pa.nulls(rows.num_rows, pa.string())
        lake.write(PURGES, rows.set_column(rows.schema.get_field_index("input_id"), "input_id", nobody), "part")


def _by_input(lake: Lake, due: Due) -> dict[str | None, int]:
    counts: dict[str | None, int] = {}
    for path in lake.files(due.table, due.day):
        for entry in pq.read_table(path, columns=["input_id"], partitioning=None).column("input_id").value_counts().to_pylist():
            counts[entry["values"]] = counts.get(entry["values"], 0) + entry["counts"]
    return counts


def _rewrite(lake: Lake, due: Due) -> None:
    """Replace each file by one without the marked rows; a file that is left without rows goes, unless its name still counts."""
    for path in lake.files(due.table):
        rows = pq.read_table(path, partitioning=None)
        left = rows.filter(pc.invert(due.mark.is_past(rows))) if due.mark else rows.slice(0, 0)
        if not left.num_rows and due.table not in KEPT_EMPTY:
            path.unlink()
        elif left.num_rows < rows.num_rows:
            with replacing(path) as beside:
                pq.write_table(left, beside, compression="zstd", compression_level=1)
