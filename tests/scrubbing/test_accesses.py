"""Each access event counts once, under the person it was, and an id used twice for different things is found out."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dagster_project.reading.accesses import native
from dagster_project.scrubbing.accesses import Merged, contract, merged
from dagster_project.scrubbing.people import People

CONTRACT = Path(__file__).parents[2] / "sql" / "1_scrubbed" / "access_events.sql"
TYPES = {
    "varchar": pa.string(), "varchar[]": pa.list_(pa.string()), "timestamptz": pa.timestamp("us", "UTC"), "boolean": pa.bool_(),
    "bigint": pa.int64(), "date": pa.date32(),
}  # fmt: skip
EVENT = {"event_id": "e1", "actor": "amy", "occurred_at": "2026-03-10T10:00:00Z", "account_id": "C1"}
TEN = datetime(2026, 3, 10, 10, tzinfo=UTC)


@pytest.fixture
def people() -> People:
    """Know a member of staff with a login, and two users, one of whom is staff too."""
    texts, instant = pa.list_(pa.string()), pa.timestamp("us", "UTC")
    return People.of(
        pa.table({"staff_id": ["amy"], "logins": [["amy@vendor"]]}),
        pa.table({"user_id": ["cora", "cora", "amy"], "account_id": ["C2", "C1", "C1"]}),
        pa.table({"person_id": pa.array([], pa.string()), "account_id": pa.array([], pa.string()), "valid_from": pa.array([], instant),
                  "valid_to": pa.array([], instant)}),
        pa.table({"account_id": ["C1"], "hosts": pa.array([None], texts)}),
    )  # fmt: skip


def _scrub(tmp_path: Path, people: People, *events: dict[str, Any], input_id: str = "i1", known: pa.Table | None = None) -> Merged:
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(EVENT | event) + "\n" for event in events))
    rows = native.read(path, "crm", {}).rows
    return merged(contract(rows.add_column(0, "input_id", pa.array([input_id] * rows.num_rows, pa.string())), people), known)


def test_the_table_is_its_contract(people: People, tmp_path: Path) -> None:
    """The columns of the contract, in their order and types, with or without rows."""
    wanted = [(name, TYPES[kind]) for name, kind in re.findall(r"^    (\w+) (\w+(?:\[\])?)", CONTRACT.read_text(), re.MULTILINE)]
    for found in (_scrub(tmp_path, people), _scrub(tmp_path, people, {})):
        assert [(field.name, field.type) for field in found.table.schema] == wanted


@pytest.mark.parametrize(("actor", "resolved"), [
    ("amy", ("staff", "amy", None)), ("amy@vendor", ("staff", "amy", None)), ("cora", ("user", None, ["C1", "C2"])), ("mallory", ("unresolved", None, None)),
    ("", ("unresolved", None, None)), ("Amy", ("unresolved", None, None)),
])  # fmt: skip
def test_actors(actor: str, resolved: tuple[Any, ...], people: People, tmp_path: Path) -> None:
    """Staff goes before user, and a stranger's name is not kept."""
    (row,) = _scrub(tmp_path, people, {"actor": actor}).table.to_pylist()
    assert (row["actor_kind"], row["staff_id"], row["user_account_ids"]) == resolved
    assert actor in ("", "amy") or actor not in row.values()


@pytest.mark.parametrize(("change", "day"), [
    ({}, date(2026, 3, 10)), ({"occurred_at": "2026-03-10T23:30:00-02:00"}, date(2026, 3, 11)),
    ({"occurred_at": "2026-03-10T10:00:00", "observed_at": "2026-03-12T00:00:00Z"}, date(2026, 3, 12)), ({"occurred_at": "2026-03-10T10:00:00"}, date(1970, 1, 1)),
])  # fmt: skip
def test_days(change: dict[str, Any], day: date, people: People, tmp_path: Path) -> None:
    """An event without a zone still has a partition to stand in."""
    assert _scrub(tmp_path, people, change).table["day"].to_pylist() == [day]


def test_the_same_again_is_a_duplicate_and_other_content_is_refused(people: People, tmp_path: Path) -> None:
    """Logs are delivered twice; an id that is used for another access hides one of the two."""
    found = _scrub(tmp_path, people, {}, {}, {"account_id": "C2"}, {"source": "desk"}, {"event_id": "e2", "record_ids": ["a"]}, {"event_id": "e2", "record_ids": ["b"]})
    assert found.table["line_number"].to_pylist() == [1, 4, 5]
    assert found.duplicates.to_pylist() == [{"input_id": "i1", "line_number": 2}]
    assert found.refused.to_pylist() == [{"input_id": "i1", "line_number": line, "reason": "duplicate_event"} for line in (3, 6)]


def test_events_that_are_stored_count_too(people: People, tmp_path: Path) -> None:
    """Yesterday's event that comes again today is the same event."""
    known = _scrub(tmp_path, people, {}, {"event_id": "e2"}).table
    found = _scrub(tmp_path, people, {}, {"event_id": "e2", "case_id": ""}, {"event_id": "e3"}, {}, input_id="i2", known=known)
    assert found.table["event_id"].to_pylist() == ["e3"]
    assert found.duplicates["line_number"].to_pylist() == [1, 4]
    assert found.refused.to_pylist() == [{"input_id": "i2", "line_number": 2, "reason": "duplicate_event"}]
    assert found.table["occurred_at"].to_pylist() == [TEN]
