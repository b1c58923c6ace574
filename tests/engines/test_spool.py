"""Access events wait on disk: each once, none of a refused input, and nothing is left behind."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from dagster_project.engines.intake import spool as spool_module
from dagster_project.engines.intake.spool import Spool
from dagster_project.reading.accesses import native
from dagster_project.reading.ledgers import schema
from dagster_project.scrubbing.people import People

TEN = datetime(2026, 3, 10, 10, tzinfo=UTC)
STAMP = {"instant": TEN, "local": None}
EVENT = {"event_id": "e1", "actor": "amy", "occurred_at": STAMP, "account_id": "C1"}


@pytest.fixture
def people() -> People:
    """Know nobody."""
    instant = pa.timestamp("us", "UTC")
    grantors = pa.schema([("person_id", pa.string()), ("account_id", pa.string()), ("valid_from", instant), ("valid_to", instant)])
    text, texts = pa.string(), pa.list_(pa.string())
    staff = pa.schema([("staff_id", text), ("logins", texts)])
    users = pa.schema([("user_id", text), ("account_id", text)])
    accounts = pa.schema([("account_id", text), ("hosts", texts)])
    return People.of(staff.empty_table(), users.empty_table(), grantors.empty_table(), accounts.empty_table())


def rows(*changes: Mapping[str, Any]) -> pa.Table:
    """Return native events, a line each."""
    delivered = [{"line_number": number, **EVENT, **change} for number, change in enumerate(changes, 1)]
    return native.completed(pa.Table.from_pylist(delivered, schema(native.EVENTS)), "crm", {})


def places(tables: Sequence[pa.Table]) -> list[tuple[str, int]]:
    """Return where the rows of tables stand."""
    return [(row["input_id"], row["line_number"]) for table in tables for row in table.to_pylist()]


def test_an_event_that_comes_again_is_found_in_whatever_file(people: People, tmp_path: Path) -> None:
    """Inputs are told apart by the order in which they came, not by their names: the first telling stands."""
    with Spool(tmp_path / "spool") as spool:
        for input_id, batches in (("b", [rows({}), rows({"event_id": "e2"})]), ("a", [rows({"event_id": "e3"}, {}, {"event_id": "e2", "case_id": "t1"})])):
            with spool.input(input_id, people) as take:
                for batch in batches:
                    take(batch)
        refused, duplicates = zip(*spool.merge(), strict=True)
        assert places(refused) == [("a", 3)]
        assert places(duplicates) == [("a", 2)]
        assert places(list(spool.events(("event_id",), 2))) == [("b", 1), ("b", 1), ("a", 1)]
        assert sorted(spool.spans()) == [("a", TEN, TEN), ("b", TEN, TEN)]
    assert list(tmp_path.iterdir()) == []


def test_an_input_that_is_refused_in_its_midst_leaves_nothing(people: People, tmp_path: Path) -> None:
    """A file that ends early adds no rows; those read before its damage must not count, nor hide the same event elsewhere."""
    with Spool(tmp_path / "spool") as spool:
        with pytest.raises(pl.exceptions.ColumnNotFoundError), spool.input("a", people) as take:
            list(map(take, [rows({}), pa.table({"damaged": [1]})]))
        with spool.input("b", people) as take:
            take(rows({}))
        assert list(spool.merge()) == []
        assert places(list(spool.events(("event_id",), 10))) == [("b", 1)]


@pytest.mark.parametrize("most", [1, 3, 100])
def test_events_come_in_order_whatever_can_be_sorted_at_once(people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """More than memory can sort is sorted in parts; an event without a customer comes last, and none is lost between two parts."""
    monkeypatch.setattr(spool_module, "MOST_SORTED", most)
    told = [("C2", 11), ("C1", 12), (None, 11), ("C1", 10), ("C2", 11), ("C1", 12), (None, 10)]
    events = [{"event_id": f"e{place}", "account_id": account, "occurred_at": {"instant": TEN.replace(day=day), "local": None}} for place, (account, day) in enumerate(told)]
    with Spool(tmp_path / "spool") as spool:
        with spool.input("a", people) as take:
            take(rows(*events))
        assert list(spool.merge()) == []
        assert places(list(spool.events(("account_id", "day", "line_number"), 2))) == [("a", line) for line in (4, 2, 6, 1, 5, 7, 3)]
