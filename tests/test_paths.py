"""Files are replaced whole, and paths reach SQL as they are."""

from pathlib import Path

import duckdb
import pytest

from dagster_project.paths import HALVES, quoted, replacing


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """Who reads meanwhile sees the old one; the folder is made where it is missing."""
    target = tmp_path / "new" / "a.json"
    with replacing(target) as beside:
        beside.write_text("1")
    with replacing(target) as beside:
        beside.write_text("2")
        assert target.read_text() == "1"
        assert list(target.parent.glob(HALVES)) == [beside]
    assert [(path.name, path.read_text()) for path in target.parent.iterdir()] == [("a.json", "2")]


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file_and_nothing_beside_it(stop: type[BaseException], tmp_path: Path) -> None:
    """Half a file is worse than yesterday's; nor may it lie about."""
    (tmp_path / "a.json").write_text("1")
    with pytest.raises(stop), replacing(tmp_path / "a.json") as beside:  # noqa: PT012 (what is written before the error is the matter)
        beside.write_text("2")
        raise stop
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.json", "1")]


def test_nothing_written_is_an_error_of_its_own(tmp_path: Path) -> None:
    """A target that stays as it was must not pass for one that was replaced."""
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a.json"):
        pass


@pytest.mark.parametrize("name", ["it's", "''", 'a"b', "a\\b; drop"])
def test_a_path_reaches_sql_as_it_is(name: str, tmp_path: Path) -> None:
    """A folder named after O'Neill must neither break a statement nor end it."""
    path = tmp_path / f"{name}.csv"
    path.write_text("a\n1\n")
    assert duckdb.sql(f"select a from read_csv({quoted(path)})").fetchall() == [(1,)]
    assert duckdb.sql(f"select {quoted(path)}").fetchall() == [(str(path),)]
