"""A file's name can name a customer or a person: it stands in HOME's private ledger and on the console, and nowhere else (docs/operations.md#side-channels)."""

import gzip
import sqlite3
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from dagster_project.cli import status_of

NAME = "jane.doeringer-7f3a9"
LINE = '203.0.113.{n} - - [10/Mar/2026:09:00:{n:02d} +0000] "GET /pricing HTTP/1.1" 200 512 "-" "Mozilla/5.0"\n'
PRIVATE = "lake/ledger/input_files"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a HOME that read, refused and measured files of such names, was sealed, reported and purged."""
    root = tmp_path_factory.mktemp("names")
    landing = root / "landing"
    log = "".join(LINE.format(n=n) for n in range(1, 30))
    files = {
        f"web_logs/{NAME}.log": (log + "broken\n").encode(),
        f"web_logs/{NAME}-none.log": b"no log at all\n" * 3,
        f"web_logs/{NAME}.log.gz": gzip.compress(log.replace("10/Mar", "11/Mar").encode())[:-9],
        f"access_events/{NAME}.jsonl": b'{"event_id":"e1","actor":"ada","occurred_at":"2026-03-10T10:00:00Z","account_id":"acme","extra":1}\n',
        f"access_events/{NAME}.csv": b"event_id\ne2\n",
        f"grants/{NAME}.csv": b"grant_id,account_id\ng-1,acme\n",
        "staff/staff.csv": b"staff_id\nada\n",
        f"records/job/{NAME}.parquet": b"no Parquet",
        f"messages/{NAME}.xlsx": b"PK",
    }
    for name, content in files.items():
        (landing / name).parent.mkdir(parents=True, exist_ok=True)
        (landing / name).write_bytes(content)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_STATE_HOME", str(root / "state"))
        assert status_of(["run", str(landing), "--home", str(root / "home"), "--as-of", "2026-04-01T00:00:00Z"]) == 3
        for as_of in ("2026-04-10T00:00:00Z", "2026-06-01T00:00:00Z"):
            assert status_of(["purge", "--home", str(root / "home"), "--as-of", as_of]) == 0
        assert status_of(["report", "--home", str(root / "home"), "--month", "2026-03"]) == 0
    return root / "home"


def told(path: Path) -> str:
    """Return the bytes of a file and what it decodes to, as text."""
    text = path.read_bytes().decode("utf-8", "replace")
    if path.suffix == ".parquet":
        text += repr(pq.read_table(path, partitioning=None).to_pylist()) + str(pq.read_metadata(path).metadata)
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            names = [row[0] for row in connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()]
            text += repr([connection.execute(f"from {name}").fetchall() for name in names])
    if path.read_bytes().startswith(b"SQLite format 3"):
        with sqlite3.connect(path) as connection:
            names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
            text += repr([connection.execute(f'select * from "{name}"').fetchall() for name in names])
    return text


def holding(home: Path, text: str) -> set[str]:
    """Return the files below HOME that hold a text, in their content or their name."""
    files = [path for path in home.rglob("*") if path.is_file()]
    # SQLite takes a log of its own into the database once that is opened.
    return {path.relative_to(home).as_posix() for path in files if text in path.name or (path.exists() and text in told(path))}


def test_a_file_name_stands_in_the_private_ledger_alone(home: Path) -> None:
    """Warehouse, reports, Dagster's store and every other table are free of it; the search finds it where it may stand."""
    found = holding(home, NAME)
    assert found
    assert {Path(name).parent.as_posix() for name in found} == {PRIVATE}


def test_the_search_reads_every_kind_of_file(home: Path) -> None:
    """A search that cannot open the warehouse or Dagster's store would find nothing there, whatever they hold."""
    assert "warehouse.duckdb" in holding(home, "scrubbed.requests") | holding(home, "web_logs")
    assert any(name.startswith("reports/") for name in holding(home, "web_logs"))
    assert any(name.startswith("dagster/") for name in holding(home, "retention") | holding(home, "visitors_daily"))


def test_dagster_stores_no_outputs_and_nothing_is_spilled(home: Path) -> None:
    """No pickle of a step's output, no file of DuckDB's own beside the warehouse, no log of what steps print."""
    assert not [path for path in (home / "dagster" / "storage").rglob("*") if path.is_file()]
    assert not [path for path in home.rglob("*") if path.suffix == ".wal" or path.name.startswith("spill")]
    assert not list((home / "dagster").rglob("compute_logs"))
