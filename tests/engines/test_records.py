"""Record stores over days and runs: each is measured once a day, an unchanged file is not opened again, and nothing good is lost to a bad measurement."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dagster_project.engines.intake import steps
from dagster_project.engines.intake.records import stores
from dagster_project.errors import UsageError
from dagster_project.settings import Settings
from tests.engines.conftest import AS_OF
from tests.reading.records.made import parquet

World = Any


def take(world: World, day: int = 0, **declared: dict[str, str]) -> None:
    """Measure the stores of a world, on a later day."""
    house = replace(world.house(AS_OF + timedelta(days=day)), settings=Settings.model_validate({"stores": declared}))
    steps.take_records(house)


def opened(world: World) -> list[int]:
    """Return how many files each measurement opened, in order."""
    return [row["files_opened"] for row in sorted(world.rows("ledger.metering"), key=lambda row: (row["day"], row["store"], row["attempt"]))]


def records(world: World) -> dict[tuple[int, str, str | None], tuple[int, bool]]:
    """Return records and whether a part is missing, by day of the month, store and account."""
    return {(row["day"].day, row["store"], row["account_id"]): (row["records"], row["is_partial"]) for row in world.rows("scrubbed.records")}


def test_an_unchanged_file_is_not_opened_again(world: World) -> None:
    """A store of ten thousand files that grows by one a day costs one file a day, and the numbers are those of a fresh look."""
    for number in range(3):
        parquet(world.landing / f"records/job/{number}.parquet", ["C1"] * 5 + [None] * number)
    parquet(world.landing / "records/job/empty.parquet", [])
    take(world)
    parquet(world.landing / "records/job/new.parquet", ["C2"])
    parquet(world.landing / "records/job/0.parquet", ["C1"] * 6)
    take(world, 1)
    (world.landing / "records/job/1.parquet").unlink()
    take(world, 2)
    assert opened(world) == [4, 2, 0]
    assert records(world) == {
        (3, "job", None): (3, False), (3, "job", "C1"): (15, False),
        (4, "job", None): (3, False), (4, "job", "C1"): (16, False), (4, "job", "C2"): (1, False),
        (5, "job", None): (2, False), (5, "job", "C1"): (11, False), (5, "job", "C2"): (1, False),
    }  # fmt: skip
    assert {row["file_id"] for row in world.rows("scrubbed.record_files")} == {row["file_id"] for row in world.rows("scrubbed.record_files") if len(row["file_id"]) > 32}
    assert "parquet" not in str(world.rows("scrubbed.record_files"))


def test_another_account_column_is_another_look(world: World) -> None:
    """What a file holds by one column says nothing of another."""
    path = parquet(world.landing.parent / "crm.parquet", ["C1", "C2"])
    take(world, 0, crm={"path": str(path), "record_class": "job"})
    take(world, 1, crm={"path": str(path), "record_class": "job", "account_column": "title"})
    assert opened(world) == [1, 1]
    assert world.rows("ledger.metering")[-1]["columns"] == ["title"]


def test_a_store_is_named_by_its_key_or_folder(world: World) -> None:
    """A store that is added, or leaves, must not give its name and its history to another."""
    path = str(parquet(world.landing.parent / "crm.parquet", ["C1"]))
    parquet(world.landing / "records/job/a.parquet", ["C1"])
    take(world, 0, crm={"path": path, "record_class": "job"})
    take(world, 1, archive={"path": path, "record_class": "job"}, crm={"path": path, "record_class": "job"})
    assert sorted({(day, store) for day, store, _ in records(world)}) == [(3, "crm"), (3, "job"), (4, "archive"), (4, "crm"), (4, "job")]
    assert {path.stem for path in world.lake.files("scrubbed.record_files")} == {"archive", "crm", "job"}
    take(world, 2)
    assert {path.stem for path in world.lake.files("scrubbed.record_files")} == {"job"}


def test_two_stores_of_one_name_are_refused(world: World) -> None:
    """Their rows would replace one another."""
    parquet(world.landing / "records/job/a.parquet", ["C1"])
    house = replace(world.house(), settings=Settings.model_validate({"stores": {"job": {"path": "x", "record_class": "job"}}}))
    with pytest.raises(UsageError, match=r"\[stores\.job\].*another key"):
        stores(house, world.landing)


def test_a_part_that_is_missing_is_tried_again_and_nothing_is_overwritten_by_less(world: World) -> None:
    """A better number of the same day replaces a worse one, never the other way round; what was touched is told of each attempt."""
    good = parquet(world.landing / "records/job/a.parquet", ["C1"] * 5)
    bad = world.put("records/job/b.parquet", b"cut short")
    parquet(world.landing / "records/task/a.parquet", ["C1"] * 2)
    take(world)
    assert records(world) == {(3, "job", "C1"): (5, True), (3, "task", "C1"): (2, False)}
    assert [row["advice"] for row in world.inputs().values()] == ["job: b.parquet: no Parquet footer at the end of the file; deliver it again"]
    body = good.read_bytes()
    good.write_bytes(body[:-20])
    take(world)
    assert records(world)[3, "job", "C1"] == (5, True)
    good.write_bytes(body)
    bad.unlink()
    take(world)
    assert records(world) == {(3, "job", "C1"): (5, False), (3, "task", "C1"): (2, False)}
    assert world.inputs() == {}
    take(world)
    attempts = [(row["store"], row["attempt"], row["is_partial"]) for row in world.rows("ledger.metering")]
    assert sorted(attempts) == [("job", 1, True), ("job", 2, True), ("job", 3, False), ("task", 1, False)]


def test_a_store_that_does_not_answer_is_remembered(world: World) -> None:
    """A day on which a disk is not mounted must not cost a look at every file of it, nor pass for an empty store."""
    folder = world.landing.parent / "crm"
    parquet(folder / "a.parquet", ["C1"])
    declared = {"path": str(folder), "record_class": "job"}
    take(world, 0, crm=declared)
    away = folder.rename(folder.with_name("away"))
    take(world, 1, crm=declared)
    away.rename(folder)
    take(world, 2, crm=declared)
    assert opened(world) == [1, 0, 0]
    assert records(world) == {(3, "crm", "C1"): (1, False), (4, "crm", None): (0, True), (5, "crm", "C1"): (1, False)}


def test_what_is_remembered_is_read_in_batches(world: World, tmp_path: Path) -> None:
    """One file's rows may lie in two batches, and a batch may hold many files."""
    accounts = [f"C{number:06d}" for number in range(120_000)]
    for number in range(3):
        parquet(world.landing / f"records/job/{number}.parquet", accounts[number:], row_group_size=200_000)
    take(world)
    before = [row | {"day": None} for row in world.rows("scrubbed.records")]
    take(world, 1)
    after = [row | {"day": None} for row in world.rows("scrubbed.records") if row["day"].day == 4]
    assert after == before
    assert opened(world) == [3, 0]


def test_a_folder_that_is_named_after_somebody_is_refused(world: World) -> None:
    """Its name would be a record class in every table, and part of the names of files in HOME."""
    parquet(world.landing / "records/job/a.parquet", ["C1"])
    parquet(world.landing / "records/jane@example.com/a.parquet", ["C1"])
    take(world)
    assert records(world) == {(3, "job", "C1"): (1, False)}
    (refused,) = world.inputs().values()
    assert (refused["status"], refused["site"]) == ("refused", "{redacted}")
    assert not list(world.house().home.rglob("*jane*"))
