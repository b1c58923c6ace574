"""Accesses judged a second, 30 % of them and of the grants on one account, beside the plain `not exists` query on the same tables."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.engines.decide import DECISIONS, evaluate
from dagster_project.engines.lake import schema

AS_OF = datetime(2026, 12, 1, tzinfo=UTC)
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
    chosen = draw.integers(count, size=count)
    at = begin[chosen] + (draw.random(count) * lasts[chosen] * 1.05).astype(np.int64)
    numbers = pa.array(np.arange(count))
    classes = pa.array(CLASSES).take(pa.array(of_class))
    grants = {
        "grant_id": _named("g", pc.utf8_lpad(numbers.cast(pa.string()), 8, "0")), "account_id": _named("C", account), "is_grantor": True,
        "grantee_kind": "person", "grantee_id": _named("s", staff), "record_classes": pa.ListArray.from_arrays(pa.array(np.arange(count + 1), pa.int32()), classes),
        "valid_from": _instants(begin), "valid_to": _instants(begin + lasts), "recorded_at": _instants(begin),
    }  # fmt: skip
    events = {
        "day": _instants(at).cast(pa.date32()), "input_id": "x", "line_number": numbers, "source": "app", "event_id": _named("e", numbers), "occurred_at": _instants(at),
        "time_status": "zoned", "actor_kind": "staff", "staff_id": _named("s", staff[chosen]), "account_id": _named("C", account[chosen]),
        "record_class": classes.take(pa.array(chosen)), "record_id": "r1", "action": "read", "has_content": True, "outcome": "ok",
    }  # fmt: skip
    members = {"staff_id": _named("s", np.arange(STAFF)), "kind": "person"}
    run = {"as_of": AS_OF, "dark_access_within_s": 60, "k_visitors": 10, "min_seats": 5}
    filled = {"scrubbed.grants": (grants, count), "scrubbed.access_events": (events, count), "scrubbed.staff": (members, STAFF), "scrubbed.run": (run, 1)}
    return {name: _table(name, columns, rows) for name, (columns, rows) in filled.items()}


def _named(letter: str, numbers: Any) -> pa.Array:
    return pc.binary_join_element_wise(letter, pa.array(numbers).cast(pa.string()), "")


def _instants(microseconds: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(microseconds).cast(pa.timestamp("us", tz="UTC"))


def _table(name: str, columns: Mapping[str, Any], rows: int) -> pa.Table:
    """Return a contract table; a single value stands in every row, a column that is not named is null."""
    arrays = [given if isinstance(given := columns.get(field.name), pa.Array) else pa.repeat(pa.scalar(given, field.type), rows) for field in schema(name)]
    return pa.table([array.cast(field.type) for array, field in zip(arrays, schema(name), strict=True)], schema(name))


def measure_decisions(count: int) -> list[str]:
    """Return the table of accesses a second at a tenth of the count and at the count."""
    rows = []
    for size in (count // 10, count):
        given = world(size)
        started = time.perf_counter()
        evaluate(DECISIONS, given)
        engine = time.perf_counter() - started
        rows.append(f"| {size:,} | {size / engine:,.0f} | {engine:.1f} | {_plain(given):.1f} |")
    title = f"## Accesses judged, as many grants, 30 % of both on one account ({STAFF} staff)"
    return [title, "", "| accesses | accesses/s | s | plain `not exists`, s |", "|---|---|---|---|", *rows, ""]


def _plain(given: dict[str, pa.Table]) -> float:
    connection = duckdb.connect()
    connection.register("accesses", given["scrubbed.access_events"])
    connection.register("grants", given["scrubbed.grants"])
    started = time.perf_counter()
    connection.execute(PLAIN).fetchall()
    return time.perf_counter() - started
