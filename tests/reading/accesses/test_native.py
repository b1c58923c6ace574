"""An access event is evidence: a stamp is never guessed at, and nothing that was delivered goes unnoticed."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.errors import ColumnError
from dagster_project.reading.accesses import native
from dagster_project.reading.accesses.events import Events

EVENT = {"event_id": "e1", "actor": "amy", "occurred_at": "2026-03-10T10:00:00Z", "account_id": "C1"}
TEN = datetime(2026, 3, 10, 10, tzinfo=UTC)
ZONES = {"desk": "Europe/Berlin"}


def _events(tmp_path: Path, *changes: dict[str, Any], source: str = "access_events") -> Events:
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(EVENT | change) + "\n" for change in changes))
    found = native.read(path, source, ZONES)
    assert found.lines == found.rows.num_rows + found.rejects.num_rows + found.blank
    return found


@pytest.mark.parametrize(
    ("stamp", "source", "instant", "status"),
    [
        ("2026-03-10T10:00:00Z", "desk", TEN, "zoned"),
        ("2026-03-10T11:00:00", "desk", TEN, "zoned"),
        ("2026-03-10T11:00:00", "Desk", None, "unzoned"),
        ("2026-03-10T11:00:00", None, None, "unzoned"),
        ("2026-03-29T01:59:59.999999", "desk", datetime(2026, 3, 29, 0, 59, 59, 999999, tzinfo=UTC), "zoned"),
        ("2026-03-29T02:00:00", "desk", datetime(2026, 3, 29, 1, tzinfo=UTC), "ambiguous"),
        ("2026-10-25T02:59:59", "desk", datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC), "ambiguous"),
        ("2026-10-25T03:00:00", "desk", datetime(2026, 10, 25, 2, tzinfo=UTC), "zoned"),
    ],
)
def test_zones(stamp: str, source: str | None, instant: datetime | None, status: str, tmp_path: Path) -> None:
    """A local time takes its own source's declared zone and no other's (docs/verdicts.md, step 1)."""
    found = _events(tmp_path, {"event_id": "z"}, {"occurred_at": stamp, "source": source})
    row = found.rows.to_pylist()[1]
    assert (row["occurred_at"], row["time_status"]) == (instant, status)
    assert found.rows["time_status"].to_pylist()[0] == "zoned"


@pytest.mark.parametrize("column", ["occurred_at", "observed_at", "started_at", "ended_at"])
@pytest.mark.parametrize("stamp", ["yesterday", "2026-03-10", "2026-02-30T10:00:00Z", 1773133200])
def test_a_stamp_that_cannot_be_read_refuses_the_event(column: str, stamp: Any, tmp_path: Path) -> None:
    """An access at no known time proves nothing; it is counted in the quarantine."""
    found = _events(tmp_path, {}, {column: stamp})
    assert (found.rejects["line_number"].to_pylist(), found.rejects["reason"].to_pylist()) == ([2], ["bad_time"])


def test_observed_without_a_zone_is_missing(tmp_path: Path) -> None:
    """Even where the source declares a zone: it is the collector's clock, not the source's."""
    found = _events(tmp_path, {"observed_at": "2026-03-10T10:00:05", "source": "desk"}, {"observed_at": "2026-03-10T10:00:05Z"})
    assert found.rows["observed_at"].to_pylist() == [None, TEN.replace(second=5)]


def test_a_session_without_a_zone_is_as_uncertain_as_its_stamp(tmp_path: Path) -> None:
    """A session whose ends cannot be placed must not pass as a single instant."""
    found = _events(tmp_path, {"started_at": "2026-03-10T09:00:00", "ended_at": "2026-03-10T11:00:00Z"}, {"source": "desk", "ended_at": "2026-03-10T12:00:00"})
    assert found.rows["time_status"].to_pylist() == ["unzoned", "zoned"]
    assert found.rows["ended_at"].to_pylist() == [TEN.replace(hour=11), TEN.replace(hour=11)]


def test_defaults(tmp_path: Path) -> None:
    """What is not said is the stricter thing: the access took place and showed content."""
    row = _events(tmp_path, {}, source="crm").rows.to_pylist()[0]
    assert (row["source"], row["content"], row["outcome"], row["record_id"], row["record_ids"]) == ("crm", True, "ok", None, None)


@pytest.mark.parametrize(("outcome", "kept"), [("ok", "ok"), ("denied", "denied"), ("Denied", "denied"), ("success", "ok"), ("", "ok"), (None, "ok")])
def test_only_denied_is_denied(outcome: str | None, kept: str, tmp_path: Path) -> None:
    """An outcome nobody declared is judged as an access, not excused as an attempt."""
    assert _events(tmp_path, {"outcome": outcome}).rows["outcome"].to_pylist() == [kept]


def test_empty_values(tmp_path: Path) -> None:
    """An empty account or class is none; an empty case, record or actor was delivered as such."""
    change = {"account_id": "", "record_class": "", "case_id": "", "record_id": "", "actor": ""}
    row = _events(tmp_path, change).rows.to_pylist()[0]
    assert [row[name] for name in change] == [None, None, "", "", ""]


@pytest.mark.parametrize(("change", "reason"), [
    ({"event_id": None}, "field_missing"), ({"event_id": ""}, "field_missing"), ({"actor": None}, "field_missing"), ({"occurred_at": None}, "field_missing"),
    ({"occurred_at": ""}, "bad_time"), ({"content": "perhaps"}, "other"), ({"rows": "many"}, "other"), ({"rows": 1.5}, "other"), ({"actor": {"name": "x"}}, "other"),
])  # fmt: skip
def test_refused_events(change: dict[str, Any], reason: str, tmp_path: Path) -> None:
    """Native events are strict, and say by place what is wrong."""
    assert _events(tmp_path, {}, change).rejects["reason"].to_pylist() == [reason]


def test_the_three_formats_agree(tmp_path: Path) -> None:
    """The same event is the same evidence, whatever file carries it."""
    change = {"record_ids": ["r1", "r2"], "content": False, "rows": 3, "bytes": 900, "record_class": "invoice", "purpose": "billing", "request_id": "q"}
    first = _events(tmp_path, change)
    event = EVENT | change
    cells = [f'"{json.dumps(cell)}"'.replace('"r1", "r2"', '""r1"",""r2""') if isinstance(cell, list) else str(cell) for cell in event.values()]
    (tmp_path / "e.csv").write_text(",".join([*event, "extra"]) + "\n" + ",".join([*cells, "1"]))
    pq.write_table(pa.table({name: [TEN if name == "occurred_at" else cell] for name, cell in event.items()}), tmp_path / "e.parquet")
    in_csv, in_parquet = (native.read(tmp_path / name, "access_events", {}) for name in ("e.csv", "e.parquet"))
    assert first.rows.drop_columns("line_number").equals(in_csv.rows.drop_columns("line_number"))
    assert first.rows.equals(in_parquet.rows)
    assert (in_csv.unmapped, first.unmapped) == (("extra",), ())


def test_parquet_stamps_without_a_zone_are_local(tmp_path: Path) -> None:
    """Parquet knows both kinds of timestamp, and the plain one is no instant."""
    columns = {"event_id": ["a"], "actor": ["amy"], "source": ["desk"], "occurred_at": pa.array([datetime(2026, 3, 10, 11)], pa.timestamp("ns"))}  # noqa: DTZ001
    pq.write_table(pa.table(columns), tmp_path / "e.parquet")
    row = native.read(tmp_path / "e.parquet", "x", ZONES).rows.to_pylist()[0]
    assert (row["occurred_at"], row["time_status"]) == (TEN, "zoned")


def test_an_actor_column_is_required(tmp_path: Path) -> None:
    """Events that name nobody cannot be judged at all: the file is wrong, not each line."""
    (tmp_path / "e.csv").write_text("event_id,occurred_at\ne,2026-03-10T10:00:00Z\n")
    with pytest.raises(ColumnError, match="actor"):
        native.read(tmp_path / "e.csv", "x", {})


def test_an_empty_file_holds_no_event(tmp_path: Path) -> None:
    """A quiet hour is written as an empty file."""
    found = _events(tmp_path)
    assert (found.rows.num_rows, found.lines, found.rows.schema.field("occurred_at").type) == (0, 0, pa.timestamp("us", "UTC"))


@pytest.mark.parametrize("depth", [300, 960, 1010])
def test_a_row_that_nests_as_deep_as_it_likes_ends_no_run(depth: int, tmp_path: Path) -> None:
    """A number that must be read again as it was written may stand beside it."""
    path = tmp_path / "events.jsonl"
    deep = json.dumps(EVENT | {"event_id": 1.5, "note": "@"}).replace('"@"', "[" * depth + "1" + "]" * depth)
    path.write_text(f"{deep}\n{json.dumps(EVENT)}\n")
    found = native.read(path, "desk", ZONES)
    assert (found.lines, found.rows["event_id"].to_pylist()[-1], found.unmapped) == (2, "e1", ("note",))
