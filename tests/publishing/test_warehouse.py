"""The analysts' database: complete or the old one, documented, in a settled order."""

import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dagster_project.errors import GlasshouseError
from dagster_project.publishing.warehouse import Published, publish

COLUMNS = (("account_id", "varchar", "customer; it's null where unknown"), ("seen_at", "timestamptz", "instant"), ("codes", "varchar[]", "codes"), ("n", "bigint", "count"))


def lake(folder: Path, name: str, counts: list[int]) -> Path:
    """Write a Parquet file whose folder looks like a partition, as the lake's do."""
    folder = folder / "day=2026-10-01"
    folder.mkdir(exist_ok=True)
    rows = {"account_id": ["b", None, "a"], "seen_at": ["2026-10-01T00:00:00Z"] * 3, "codes": [["x"], [], None], "n": counts, "secret": ["s"] * 3}
    frame = pl.DataFrame(rows).with_columns(pl.col("seen_at").str.to_datetime(time_unit="us", time_zone="UTC"))
    frame.write_parquet(folder / name)
    return folder / name


def table(*files: Path) -> Published:
    """Return the table `measured.usage` made of these files."""
    return Published("measured.usage", "One row for each 'account'.", COLUMNS, files)


def read(path: Path, sql: str) -> list[tuple[object, ...]]:
    """Ask the database once."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.sql(sql).fetchall()


def test_tables_columns_and_comments(tmp_path: Path) -> None:
    """An analyst learns from the file itself what a column means; and only contract columns are in it."""
    target = tmp_path / "warehouse.duckdb"
    empty = Published("flagged.nothing", "Nothing.", COLUMNS, ())
    assert publish([table(lake(tmp_path, "1.parquet", [1, 2, 3])), empty], target) == {"measured.usage": 3, "flagged.nothing": 0}
    assert read(target, "select comment from duckdb_tables() where table_name = 'usage'") == [("One row for each 'account'.",)]
    described = read(target, "select column_name, data_type, comment from duckdb_columns() where table_name = 'usage' order by column_index")
    types = ("VARCHAR", "TIMESTAMP WITH TIME ZONE", "VARCHAR[]", "BIGINT")
    assert described == [(name, kind, comment) for (name, _, comment), kind in zip(COLUMNS, types, strict=True)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["day=2026-10-01", "warehouse.duckdb"]


def test_rows_stand_in_one_order_whatever_the_files(tmp_path: Path) -> None:
    """Two runs over the same rows give the same table, row for row."""
    first, second = lake(tmp_path, "1.parquet", [1, 2, 3]), lake(tmp_path, "2.parquet", [6, 5, 4])
    for number, files in enumerate([(first, second), (second, first)]):
        publish([table(*files)], tmp_path / f"{number}.duckdb")
    rows = [read(tmp_path / f"{number}.duckdb", "select account_id, n from measured.usage") for number in (0, 1)]
    assert rows[0] == rows[1] == [(None, 2), (None, 5), ("a", 3), ("a", 4), ("b", 1), ("b", 6)]


def test_a_reader_keeps_the_old_file_while_a_new_one_is_published(tmp_path: Path) -> None:
    """Readers never wait and never see half: theirs stays whole until they open it again."""
    target = tmp_path / "warehouse.duckdb"
    publish([table(lake(tmp_path, "1.parquet", [1, 2, 3]))], target)
    program = (
        "import duckdb, sys\n"
        "connection = duckdb.connect(sys.argv[1], read_only=True)\n"
        "print(connection.sql('select sum(n) from measured.usage').fetchall()[0][0], flush=True)\n"
        "sys.stdin.readline()\n"
        "print(connection.sql('select sum(n) from measured.usage').fetchall()[0][0], flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        assert reader.stdout.readline() == "6\n"
        publish([table(lake(tmp_path, "1.parquet", [10, 20, 30]))], target)
        reader.stdin.write("go on\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "6\n"
    assert read(target, "select sum(n) from measured.usage") == [(60,)]


def test_the_file_is_read_only(tmp_path: Path) -> None:
    """Nobody edits evidence by mistake."""
    target = tmp_path / "warehouse.duckdb"
    publish([table()], target)
    assert target.stat().st_mode & 0o777 == 0o444


def test_a_failure_quotes_nothing_and_leaves_the_old_file(tmp_path: Path) -> None:
    """DuckDB's message would quote the cell; and half a warehouse is worse than yesterday's."""
    target = tmp_path / "warehouse.duckdb"
    publish([table(lake(tmp_path, "1.parquet", [1, 2, 3]))], target)
    before, inode = target.read_bytes(), target.stat().st_ino
    wrong = Published("measured.usage", "", (("secret", "bigint", ""),), (lake(tmp_path, "2.parquet", [1, 2, 3]),))
    with pytest.raises(GlasshouseError, match=r"measured\.usage") as caught:
        publish([wrong], target)
    assert "'s'" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert (target.read_bytes(), target.stat().st_ino) == (before, inode)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
