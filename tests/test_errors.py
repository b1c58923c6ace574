"""What may be shown of an error that is not ours: its type and the place it came through, never its text."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from dagster_project.errors import DISK, SettingsError, full_disk, is_stop, place_of
from dagster_project.settings_file import load


@pytest.mark.parametrize(("given", "raised"), [(Path("/nowhere/glasshouse.toml"), SettingsError), ("jane", AttributeError)])
def test_the_last_step_of_ours_is_named(given: object, raised: type[Exception]) -> None:
    """Whoever gets a report of a fault looks there first, also where a library raised."""
    with pytest.raises(raised) as told:
        load(given)  # type: ignore[arg-type]
    assert place_of(told.value).startswith("settings_file.py:")


def test_an_error_that_passed_nothing_of_ours_has_no_place() -> None:
    """It is told as such instead of with somebody else's file."""
    assert place_of(None) == place_of(ValueError()) == ""


def test_what_stops_a_statement_is_no_fault() -> None:
    """DuckDB 1.5 makes an error of its own of Ctrl-C, and names it as the cause: told as a fault of ours, it would be reported."""
    interrupted = RuntimeError("Query interrupted")
    interrupted.__cause__ = KeyboardInterrupt()
    assert [is_stop(error) for error in (KeyboardInterrupt(), interrupted, RuntimeError(), ValueError(), None)] == [True, True, False, False, False]


def test_a_full_disk_is_no_fault_of_ours(tmp_path: Path) -> None:
    """Whoever makes room can go on; whoever is asked to report a fault waits for nothing."""
    with pytest.raises(OSError, match="No space left") as of_arrow, pa.OSFile("/dev/full", "wb") as full:
        full.write(b"x" * 100_000)
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as small:
        small.execute("pragma max_page_count = 2")
        with pytest.raises(sqlite3.OperationalError) as of_sqlite:
            small.execute("create table a as with recursive n(i) as (select 1 union all select i + 1 from n limit 10000) select i, zeroblob(100) from n")
    with pytest.raises(OperationalError) as of_dagsters_store, create_engine(f"sqlite:///{tmp_path}/nowhere/a.db").connect():
        pass
    assert [str(full_disk(told.value)) for told in (of_arrow, of_sqlite, of_dagsters_store)] == [DISK] * 3
    assert [full_disk(error) for error in (None, ValueError("disk"), FileNotFoundError(2, "No such file"))] == [None] * 3
