"""Accesses judged a second, 30 % of them and of the grants on one account, beside the plain `not exists` query on the same tables."""

import time
from datetime import UTC, datetime, timedelta
from random import Random

import duckdb
import pyarrow as pa

from dagster_project.engines.decide import DECISIONS, evaluate
from dagster_project.engines.lake import schema

AS_OF = datetime(2026, 12, 1, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
CLASSES = ("invoice", "job", "note", "person", "task")
STAFF, ACCOUNTS, DAYS = 500, 5_000, 300

PLAIN = """
select count(*) from accesses as a where not exists (
    select 1 from grants as g
    where g.account_id = a.account_id and g.grantee_id = a.staff_id and list_contains(g.record_classes, a.record_class)
        and g.recorded_at <= a.occurred_at and g.valid_from <= a.occurred_at and a.occurred_at < g.valid_to
)
"""


def _account(draw: Random) -> str:
    return "C0" if draw.random() < 0.3 else f"C{draw.randrange(1, ACCOUNTS)}"


def world(count: int, seed: int = 1) -> dict[str, pa.Table]:
    """Return contract tables with as many accesses as grants."""
    draw = Random(seed)
    grants, events = [], []
    for number in range(count):
        begin = START + timedelta(seconds=draw.randrange(DAYS * 86_400))
        grants.append(
            {
                "grant_id": f"g{number:08d}", "account_id": _account(draw), "is_grantor": True, "grantee_kind": "person", "grantee_id": f"s{draw.randrange(STAFF)}",
                "record_classes": [draw.choice(CLASSES)], "valid_from": begin, "valid_to": begin + timedelta(days=draw.randrange(1, 30)), "recorded_at": begin,
            }
        )  # fmt: skip
        chosen = grants[draw.randrange(len(grants))]
        lasts_s = (chosen["valid_to"] - chosen["valid_from"]).total_seconds()
        at = chosen["valid_from"] + timedelta(seconds=draw.random() * lasts_s * 1.05)  # one in twenty comes too late
        events.append(
            {
                "day": at.date(), "input_id": "x", "line_number": number, "source": "app", "event_id": f"e{number}", "occurred_at": at,
                "time_status": "zoned", "actor_kind": "staff",
                "staff_id": chosen["grantee_id"], "account_id": chosen["account_id"], "record_class": chosen["record_classes"][0], "record_id": "r1", "action": "read",
                "has_content": True, "outcome": "ok",
            }
        )  # fmt: skip
    staff = [{"staff_id": f"s{number}", "kind": "person"} for number in range(STAFF)]
    run = [{"as_of": AS_OF, "dark_access_within_s": 60, "k_visitors": 10, "min_seats": 5}]
    rows = {"scrubbed.grants": grants, "scrubbed.access_events": events, "scrubbed.staff": staff, "scrubbed.run": run}
    return {name: pa.Table.from_pylist(listed, schema(name)) for name, listed in rows.items()}


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
