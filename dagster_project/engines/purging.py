"""Removes what is past its time and enters it in ledger.purges first, so that a purge that is killed is finished by the next run.

A day of request rows or access events that was purged stays so: what comes for it later is refused, and counted.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project.engines.lake import Lake, schema
from dagster_project.engines.retention import EVENTS, INPUTS, PURGES, REQUESTS, STAFF_REQUESTS, Due

BY_INPUT = (REQUESTS, STAFF_REQUESTS, EVENTS)  # the books count these by input; a day of them is purged for good
KEPT_EMPTY = (INPUTS,)  # a file of it stands for a run, without rows too: what else that run wrote goes with it

Key = tuple[str, date | None, str | None]


def remove(lake: Lake, due: Iterable[Due], as_of: datetime) -> None:
    """Enter what is due, then remove it: whole days by their folders, other rows by rewriting their files."""
    for each in due:
        enter(lake, each.rule, _counts(lake, each), as_of)
        if each.day is not None:
            lake.drop(each.table, each.day)
        else:
            _rewrite(lake, each)


def refuse(lake: Lake, tables: Collection[str], as_of: datetime) -> int:
    """Remove the rows of days that were purged before: they came late, or their purge was killed; return how many were refused."""
    refused = 0
    for (table, day), rule in purged_days(lake, tables).items():
        if lake.files(table, day):
            new = enter(lake, rule, _counts(lake, Due(rule, table, 0, day)), as_of, is_refused=True)
            refused += new if table != STAFF_REQUESTS else 0  # the same lines stand in the requests
            lake.drop(table, day)
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
    for path in lake.files(PURGES):
        rows = pq.read_table(path, schema=schema(PURGES), partitioning=None)
        nobody = pa.nulls(rows.num_rows, pa.string())
        lake.write(PURGES, rows.set_column(rows.schema.get_field_index("input_id"), "input_id", nobody), path.stem)


def enter(lake: Lake, rule: str, counts: dict[Key, int], as_of: datetime, *, is_refused: bool = False) -> int:
    """Enter rows by table, day and input in ledger.purges, unless a killed purge did so; return how many are new there."""
    known = {(row["table_name"], row["day"], row["input_id"]) for row in lake.read(PURGES).to_pylist() if row["day"] is not None}
    new = {key: rows for key, rows in counts.items() if rows and key not in known}
    if new:
        told = {"rule": rule, "is_refused": is_refused, "purged_at": as_of}
        entries = [{**told, "table_name": table, "day": day, "input_id": input_id, "rows": rows} for (table, day, input_id), rows in new.items()]
        number = 1 + max((int(path.stem.split("-")[-1]) for path in lake.files(PURGES)), default=0)
        lake.write(PURGES, pa.Table.from_pylist(entries, schema(PURGES)), f"{as_of:%Y%m%dT%H%M%S}-{number:06d}")
    return sum(new.values())


def _counts(lake: Lake, due: Due) -> dict[Key, int]:
    """Return the rows that are due, by input where the books count them so."""
    if due.table not in BY_INPUT:
        return {(due.table, due.day, None): due.rows}
    counts: dict[Key, int] = {}
    for path in lake.files(due.table, due.day):
        for entry in pq.read_table(path, columns=["input_id"], partitioning=None).column("input_id").value_counts().to_pylist():
            key = (due.table, due.day, entry["values"])
            counts[key] = counts.get(key, 0) + entry["counts"]
    return counts


def _rewrite(lake: Lake, due: Due) -> None:
    """Replace each file by one without the marked rows; a file that is left without rows goes, unless its name still counts."""
    for path in lake.files(due.table):
        rows = pq.read_table(path, partitioning=None)
        left = rows.filter(pc.invert(due.mark.is_past(rows))) if due.mark else rows.slice(0, 0)
        if not left.num_rows and due.table not in KEPT_EMPTY:
            path.unlink()
        elif left.num_rows < rows.num_rows:
            with lake.replacing(path) as beside:
                pq.write_table(left, beside, compression="zstd", compression_level=1)
