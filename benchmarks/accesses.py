"""Accesses judged a second, 30 % of them and of the grants on one account, beside the plain `not exists` query on the same tables."""

import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.measure import Cost, cost
from dagster_project.engines.lake import schema

AS_OF = datetime(2026, 12, 1, tzinfo=UTC)
BEFORE = datetime(2025, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
START_US = 1_767_225_600 * SECOND  # 2026-01-01
CLASSES = ("invoice", "job", "note", "person", "task")
STAFF, ACCOUNTS, DAYS = 500, 5_000, 300

PLAIN = """
select count(*) from accesses as a where not exists (
    select 1 from grants as g
    where g.account_id = a.account_id and g.grantee_id = a.staff_id and list_contains(g.record_classes, a.record_class)
        and g.recorded_at <= a.occurred_at and g.valid_from <= a.occurred_at and a.occurred_at < g.valid_to
)
"""


def world(count: int, seed: int = 1) -> dict[str, pa.Table]:
    """Return contract tables with as many accesses as grants; one access in twenty comes after its grant has ended."""
    draw = np.random.default_rng(seed)
    account = np.where(draw.random(count) < 0.3, 0, draw.integers(1, ACCOUNTS, count))
    staff, of_class = draw.integers(STAFF, size=count), draw.integers(len(CLASSES), size=count)
    begin = START_US + draw.integers(DAYS * 86_400, size=count) * SECOND
    lasts = draw.integers(1, 30, count) * 86_400 * SECOND
    classes = pa.array(CLASSES).take(pa.array(of_class))
    grants = {
        "grant_id": _named("g", pc.utf8_lpad(pa.array(np.arange(count)).cast(pa.string()), 8, "0")), "account_id": _named("C", account), "is_grantor": True,
        "grantee_kind": "person", "grantee_id": _named("s", staff), "record_classes": pa.ListArray.from_arrays(pa.array(np.arange(count + 1), pa.int32()), classes),
        "valid_from": _instants(begin), "valid_to": _instants(begin + lasts), "recorded_at": _instants(begin),
    }  # fmt: skip
    granted = _table("scrubbed.grants", grants, count)
    members = {"staff_id": _named("s", np.arange(STAFF)), "kind": "person"}
    run = {"as_of": AS_OF, "dark_access_within_s": 60, "k_visitors": 10, "min_seats": 5}
    filled = {"scrubbed.staff": (members, STAFF), "scrubbed.run": (run, 1)}
    tables = {name: _table(name, columns, rows) for name, (columns, rows) in filled.items()}
    return {"scrubbed.grants": granted, "scrubbed.access_events": accesses(granted, count, draw), **tables}


def accesses(grants: pa.Table, count: int, draw: np.random.Generator, first: int = 0) -> pa.Table:
    """Return accesses that rest on grants, one in twenty too late, numbered from `first`."""
    chosen = draw.integers(grants.num_rows, size=count)
    begin, end = (grants.column(name).cast(pa.int64()).to_numpy()[chosen] for name in ("valid_from", "valid_to"))
    at = begin + (draw.random(count) * (end - begin) * 1.05).astype(np.int64)
    rested_on = grants.select(["account_id", "grantee_id", "record_classes"]).take(pa.array(chosen)).combine_chunks()
    numbers = np.arange(first, first + count)
    events = {
        "day": _instants(at).cast(pa.date32()), "input_id": "x", "line_number": pa.array(numbers), "source": "app", "event_id": _named("e", numbers),
        "occurred_at": _instants(at), "time_status": "zoned", "actor_kind": "staff", "staff_id": rested_on["grantee_id"].combine_chunks(),
        "account_id": rested_on["account_id"].combine_chunks(), "record_class": pc.list_flatten(rested_on["record_classes"].combine_chunks()),
        "record_id": "r1", "action": "read", "has_content": True, "outcome": "ok",
    }  # fmt: skip
    return _table("scrubbed.access_events", events, count)


def _named(letter: str, numbers: Any) -> pa.Array:
    return pc.binary_join_element_wise(letter, pa.array(numbers).cast(pa.string()), "")


def _instants(microseconds: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(microseconds).cast(pa.timestamp("us", tz="UTC"))


def _table(name: str, columns: Mapping[str, Any], rows: int) -> pa.Table:
    """Return a contract table; a single value stands in every row, a column that is not named is null."""
    arrays = [given if isinstance(given := columns.get(field.name), pa.Array) else pa.repeat(pa.scalar(given, field.type), rows) for field in schema(name)]
    return pa.table([array.cast(field.type) for array, field in zip(arrays, schema(name), strict=True)], schema(name))


def write_landing(given: Mapping[str, pa.Table], landing: Path) -> None:
    """Write a world as a landing folder of Parquet files."""
    grants = given["scrubbed.grants"]
    folders = {
        "grants": grants.select(["grant_id", "account_id", "record_classes", "valid_from", "valid_to", "recorded_at"])
        .append_column("granted_by", pa.array(["cora"] * grants.num_rows))
        .append_column("grantee", pc.binary_join_element_wise("person:", grants["grantee_id"], "")),
        "access_events": native(given["scrubbed.access_events"]),
        "staff": given["scrubbed.staff"].select(["staff_id"]),
        "grantors": pa.table({"person_id": ["cora"] * ACCOUNTS, "account_id": [f"C{number}" for number in range(ACCOUNTS)], "valid_from": [BEFORE] * ACCOUNTS}),
    }
    for folder, rows in folders.items():
        (landing / folder).mkdir(parents=True)
        pq.write_table(rows, landing / folder / "0.parquet")


def native(events: pa.Table) -> pa.Table:
    """Return accesses as an application delivers them."""
    return events.select(["event_id", "account_id", "record_class", "record_id", "action", "occurred_at"]).append_column("actor", events["staff_id"])


def measure_decisions(count: int) -> list[str]:
    """Return the table of accesses a second at a tenth of the count and at the count."""
    rows, before = [], 0.0
    for size in (count // 10, count):
        given = world(size)
        plain = _plain(given)
        whole = _command(given)
        growth = f"{whole.wall_s / before:.1f}" if before else ""
        rows.append(f"| {size:,} | {size / whole.wall_s:,.0f} | {whole.wall_s:.1f} | {whole.cpu_s:.1f} | {growth} | {plain:.1f} | {whole.together_mb:,.0f} |")
        before = whole.wall_s
    title = f"## Accesses judged, as many grants, 30 % of both on one account ({STAFF} staff)"
    words = "`glasshouse decide` from Parquet files to a Parquet file; whoever is not covered is told the nearest grant. Beside it the plain query, which answers yes or no."
    head = "| accesses | accesses/s | wall s | CPU s | growth | plain `not exists`, s | memory, MB |"
    return [title, "", words, "", head, "|---|---|---|---|---|---|---|", *rows, ""]


def measure_many(files: int, each: int = 1_000_000) -> list[str]:
    """Return the table of accesses a second where they come in many files, all under one set of grants."""
    given, draw, count = world(each), np.random.default_rng(2), files * each
    more = (native(accesses(given["scrubbed.grants"], each, draw, number * each)) for number in range(1, files))
    whole = _command(given, more)
    title = f"### In {files} files, against {each:,} grants"
    head = "| accesses | accesses/s | wall s | CPU s | memory, MB |"
    return [title, "", head, "|---|---|---|---|---|", f"| {count:,} | {count / whole.wall_s:,.0f} | {whole.wall_s:.1f} | {whole.cpu_s:.1f} | {whole.together_mb:,.0f} |", ""]


def _command(given: Mapping[str, pa.Table], more: Iterable[pa.Table] = ()) -> Cost:
    with tempfile.TemporaryDirectory(prefix="glasshouse-bench-") as folder:
        write_landing(given, Path(folder) / "landing")
        for number, events in enumerate(more, 1):
            pq.write_table(events, Path(folder) / "landing" / "access_events" / f"{number}.parquet")
        command = (sys.executable, "-m", "dagster_project.cli", "decide", f"{folder}/landing", "--as-of", AS_OF.isoformat(), "--out", f"{folder}/decisions.parquet")
        return cost(command, {"XDG_STATE_HOME": f"{folder}/state"}, limit_s=3600)


def _plain(given: Mapping[str, pa.Table]) -> float:
    connection = duckdb.connect()
    connection.register("accesses", given["scrubbed.access_events"])
    connection.register("grants", given["scrubbed.grants"])
    started = time.perf_counter()
    connection.execute(PLAIN).fetchall()
    return time.perf_counter() - started
