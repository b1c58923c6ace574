"""What HOME remembers of findings from run to run."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from dagster_project.engines.intake.reviews import remembered, seen
from dagster_project.engines.lake import FIRST_SEEN, REVIEWS, schema

Row = dict[str, Any]


def day(number: int) -> datetime:
    """Return a day of April."""
    return datetime(2026, 4, number, tzinfo=UTC)


def review(status: str, reviewer: str | None = "bob") -> Row:
    """Return a row of scrubbed.reviews."""
    return {"finding_id": "f1", "status": status, "reviewed_at": day(1), "reviewed_by_staff_id": reviewer}


def taken(*deliveries: list[Row]) -> list[tuple[str, str | None, int]]:
    """Return what is remembered after a run for each delivery: status, reviewer and the day it was taken."""
    rows = schema(REVIEWS).empty_table()
    for number, delivered in enumerate(deliveries, 1):
        rows = remembered(rows, pa.Table.from_pylist(delivered, schema("scrubbed.reviews")), day(number))
    return [(row["status"], row["reviewed_by_staff_id"], row["taken_at"].day) for row in rows.to_pylist()]


@pytest.mark.parametrize(
    ("deliveries", "expected"),
    [
        ([[review("justified")], [review("justified")]], [("justified", "bob", 1)]),
        ([[review("justified")], []], [("justified", "bob", 1)]),
        ([[review("acknowledged")], [review("justified")]], [("acknowledged", "bob", 1), ("justified", "bob", 2)]),
        ([[review("justified")], [], [review("justified")]], [("justified", "bob", 1)]),
        ([[review("justified", None)], []], []),
        ([[review("justified", None)], [review("justified")]], [("justified", "bob", 2)]),
        ([[], [review("justified"), review("justified")]], [("justified", "bob", 2)]),
    ],
    ids=["again", "removed", "changed", "removed and back", "a stranger's", "a stranger who turns out to be staff", "twice at once"],
)
def test_a_review_that_was_taken_stays(deliveries: list[list[Row]], expected: list[tuple[str, str | None, int]]) -> None:
    """Whoever can edit the folder could otherwise undo what compliance decided, or have decided it all along."""
    assert taken(*deliveries) == expected


def story(*runs: tuple[int, dict[str, str]]) -> dict[str, tuple[str, int, int, bool, int | None]]:
    """Return what is known of each finding after runs (as-of, codes by finding): code, first and last day it was seen, whether it is gone, and the day it changed."""
    rows = schema(FIRST_SEEN).empty_table()
    for number, codes in runs:
        known = {row["finding_id"]: row["first_seen_at"] for row in rows.to_pylist()}
        found = [{"finding_id": name, "code": code, "first_seen_at": known.get(name, day(number))} for name, code in codes.items()]
        names = {"finding_id": pa.string(), "code": pa.string(), "first_seen_at": pa.timestamp("us", "UTC")}
        rows = seen(rows, pa.Table.from_pylist(found, pa.schema(list(names.items()))), day(number))
    return {row["finding_id"]: (row["code"], row["first_seen_at"].day, row["seen_at"].day, row["is_gone"], row["changed_at"] and row["changed_at"].day) for row in rows.to_pylist()}


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([(1, {"f": "X"})], ("X", 1, 1, False, None)),
        ([(1, {"f": "X"}), (2, {"f": "X"})], ("X", 1, 2, False, None)),
        ([(1, {"f": "X"}), (2, {"f": "Y"})], ("Y", 1, 2, False, 2)),
        ([(1, {"f": "X"}), (2, {"f": "Y"}), (3, {"f": "Y"})], ("Y", 1, 3, False, 2)),
        ([(1, {"f": "X"}), (2, {})], ("X", 1, 1, True, None)),
        ([(1, {"f": "X"}), (2, {}), (3, {"f": "X"})], ("X", 1, 3, False, 3)),
        ([(2, {"f": "X"}), (1, {"f": "Y"})], ("X", 2, 2, False, None)),
        ([(2, {"f": "X"}), (1, {})], ("X", 2, 2, False, None)),
        ([(2, {"g": "X"}), (1, {"f": "X"})], ("X", 1, 1, False, None)),
        ([(1, {"f": "X"}), (1, {"f": "Y"})], ("Y", 1, 1, False, 1)),
    ],
    ids=["new", "the same", "another verdict", "the same after that", "gone", "back", "another verdict earlier", "gone earlier", "new earlier", "the same as-of again"],
)
def test_a_finding_appears_anew(runs: list[tuple[int, dict[str, str]]], expected: tuple[str, int, int, bool, int | None]) -> None:
    """A review settles the verdict that stood when it was made: of a later one nobody has decided anything."""
    assert story(*runs)["f"] == expected
