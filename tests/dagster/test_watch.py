"""The watch on the landing folder: starts when something new lies there, once, and keeps no file name."""

import os
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.automation import SAMPLE_BYTES, digest, watched


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """Give a landing folder with one log."""
    folder = tmp_path / "landing" / "web_logs"
    folder.mkdir(parents=True)
    (folder / "acme-access.log").write_bytes(b"one\n")
    return folder.parent


def look(landing: Path, cursor: str) -> tuple[int, str]:
    """Return how many runs a look asks for, and its cursor."""
    result = watched(landing, cursor)
    assert isinstance(result, dg.SensorResult)
    return len(result.run_requests or []), result.cursor or ""


def rewrite_same_size_same_time(landing: Path) -> None:
    """Change a byte of a file and put its time back."""
    path = landing / "web_logs" / "acme-access.log"
    before = path.stat()
    path.write_bytes(b"two\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {
    "added": lambda landing: (landing / "web_logs" / "b.log").write_bytes(b""),
    "grown": lambda landing: (landing / "web_logs" / "acme-access.log").write_bytes(b"one\ntwo\n"),
    "renamed": lambda landing: (landing / "web_logs" / "acme-access.log").rename(landing / "web_logs" / "c.log"),
    "moved": lambda landing: (landing / "web_logs" / "acme-access.log").rename(landing / "acme-access.log"),
    "same size, same time": rewrite_same_size_same_time,
}
IGNORED: dict[str, Callable[[Path], object]] = {
    "touched": lambda landing: os.utime(landing / "web_logs" / "acme-access.log", (0, 0)),
    "hidden": lambda landing: (landing / "web_logs" / ".b.log.swp").write_bytes(b"x"),
    "temporary": lambda landing: (landing / "web_logs" / "b.tmp").write_bytes(b"x"),
}


def test_a_run_starts_once_when_the_folder_is_quiet(landing: Path) -> None:
    """A file seen while it is being copied would be read cut short; a second run of the same files would be work for nothing."""
    first, cursor = look(landing, "")
    second, cursor = look(landing, cursor)
    third, cursor = look(landing, cursor)
    assert (first, second, third) == (0, 1, 0)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changes_the_folder_starts_a_run(landing: Path, change: Callable[[Path], object]) -> None:
    """By times alone a file copied with its time, or a second file of one second, would never be read."""
    _, cursor = look(landing, look(landing, "")[1])
    change(landing)
    started, cursor = look(landing, cursor)
    assert started == 0
    assert look(landing, cursor)[0] == 1


@pytest.mark.parametrize("change", IGNORED.values(), ids=IGNORED)
def test_what_is_no_input_starts_none(landing: Path, change: Callable[[Path], object]) -> None:
    """Files that are not read, and a time without a new byte, are nothing new."""
    before = digest(landing)
    change(landing)
    assert digest(landing) == before


def test_a_change_at_the_end_of_a_large_file_is_seen(landing: Path) -> None:
    """Of a large log only both ends are looked at, and that is where a log grows."""
    path = landing / "web_logs" / "large.log"
    path.write_bytes(b"a" * (2 * SAMPLE_BYTES + 100))
    before = digest(landing)
    path.write_bytes(b"a" * (2 * SAMPLE_BYTES + 99) + b"b")
    assert digest(landing) != before


def test_the_cursor_names_no_file(landing: Path) -> None:
    """The cursor is kept in Dagster's store, and the name of a log can be the name of a customer."""
    assert "acme" not in look(landing, "")[1]


def test_without_a_landing_folder_nothing_starts() -> None:
    """The page of a HOME can be open with no landing folder at hand."""
    assert isinstance(watched(None, ""), dg.SkipReason)
