"""Attachments are counted by listing them: no object is opened, and no name, which may tell what is inside, is kept."""

import os
from pathlib import Path

import pytest

from tests.reading.records.made import counts, measured, meter

NAME = "dismissal of a named person"


def put(folder: Path, **sizes: int) -> None:
    """Write objects of some sizes, with `/` in their names written as two underscores."""
    for name, size in sizes.items():
        path = folder / f"{name.replace('__', '/')}.pdf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)


def test_objects_by_the_folder_that_names_the_account(tmp_path: Path) -> None:
    """Sizes of objects are exact, the largest too; what lies above the accounts' folders names none."""
    put(tmp_path, C1__a=3, C1__deep__er__b=10, C2__a=0, loose=5)
    found = measured(tmp_path, kind="objects")
    columns = ("account_id", "records", "bytes", "stored_bytes", "largest_record_bytes", "method", "is_partial")
    assert [tuple(row[name] for name in columns) for row in found.records.to_pylist()] == [
        (None, 1, 5, 5, 5, "exact", False), ("C1", 2, 13, 13, 10, "exact", False), ("C2", 1, 0, 0, 0, "exact", False),
    ]  # fmt: skip
    assert {name: meter(found)[name] for name in ("kind", "files", "files_opened", "content_bytes", "columns")} == {
        "kind": "objects", "files": 4, "files_opened": 0, "content_bytes": 0, "columns": [],
    }  # fmt: skip


def test_accounts_below_other_folders(tmp_path: Path) -> None:
    """Many lay attachments out by year first."""
    put(tmp_path, y2025__C1__a=1, y2026__C1__a=1, y2026__C2__b=1, y2026__none=1)
    assert counts(measured(tmp_path, kind="objects", account_folder="*/{account}")) == {"C1": 2, "C2": 1, None: 1}


@pytest.mark.parametrize("name", [NAME, "\udcff\udcfe"])
def test_no_name_is_kept(name: str, tmp_path: Path) -> None:
    """A file's name says what a record is about; one that is not UTF-8 is counted all the same."""
    for folder in ("C1", name):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{name}.txt").write_text("x")
    found = measured(tmp_path, kind="objects")
    assert sum(found.records["records"].to_pylist()) == 2
    assert f"{name}.txt" not in str(found.records.to_pylist()) + str(found.metering.to_pylist())


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link leads to what another store may hold, or round in a circle."""
    put(tmp_path / "store", C1__a=1)
    (tmp_path / "store/C1/circle").symlink_to(tmp_path / "store")
    (tmp_path / "store/C1/link.pdf").symlink_to(tmp_path / "store/C1/a.pdf")
    assert counts(measured(tmp_path / "store", kind="objects")) == {"C1": 1}


def test_a_folder_that_cannot_be_listed_leaves_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A count that silently lacks a folder would be a wrong count."""
    put(tmp_path, C1__a=1, C2__b=1)
    listing = os.scandir

    def refused(folder: Path) -> object:  # as for whoever is not root
        if Path(folder).name == "C2":
            raise PermissionError
        return listing(folder)

    monkeypatch.setattr(os, "scandir", refused)
    found = measured(tmp_path, kind="objects")
    assert (counts(found), found.records["is_partial"].to_pylist()) == ({"C1": 1}, [True])
    assert [(fault.place, fault.code) for fault in found.faults] == [("crm", "unreadable")]
