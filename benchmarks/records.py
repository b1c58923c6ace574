"""What it costs to measure record stores: Parquet files sorted by account and not, the same again unchanged, and a table of PostgreSQL.

`python -m benchmarks.records --files 10000 --rows 10000 --table-rows 10000000` prints the table alone.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measure import cost

ACCOUNTS = 1_000
HEADING = ("| store | records | files | wall s | CPU s | peak MB | records/s |", "|---|---|---|---|---|---|---|")
DAYS = ("2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=10_000, help="records of each file")
    parser.add_argument("--table-rows", type=int, default=10_000_000)
    chosen = parser.parse_args()
    print("\n".join(measure_stores(chosen.files, chosen.rows, chosen.table_rows)))


def measure_stores(files: int, rows: int, table_rows: int) -> list[str]:
    """Return the table of all stores."""
    return [f"## Record stores measured, {ACCOUNTS:,} accounts", "", *HEADING, *_of_files(files, rows), *_of_table(table_rows), ""]


def _of_files(files: int, rows: int) -> Iterator[str]:
    for name, is_sorted in (("sorted by account", True), ("not sorted", False)):
        with tempfile.TemporaryDirectory(prefix="glasshouse-bench-") as folder:
            _write(Path(folder) / "landing" / "records" / "job", files, rows, is_sorted=is_sorted)
            yield _metered(f"Parquet, {name}", Path(folder), DAYS[0], files * rows, files)
            yield _metered(f"Parquet, {name}, a day later", Path(folder), DAYS[1], files * rows, files)


def _write(folder: Path, files: int, rows: int, *, is_sorted: bool, seed: int = 1) -> None:
    """Write files of one row group each, with an account column between content."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(seed)
    names = pa.array([f"C{number:06d}" for number in range(ACCOUNTS)])
    body = pa.array([f"some content of record {number}" for number in range(rows)])
    for number in range(files):
        within = (number * rows + np.arange(rows)) * ACCOUNTS // (files * rows) if is_sorted else draw.integers(0, ACCOUNTS, rows)
        pq.write_table(pa.table({"title": body, "account_id": names.take(pa.array(within)), "body": body}), folder / f"{number:06d}.parquet", row_group_size=rows)


def _of_table(rows: int) -> Iterator[str]:
    """Measure a table in a cluster of its own."""
    from dagster_project.reading.records.postgres_setup import setup_sql
    from dagster_project.settings_file import load
    from tests.postgres.cluster import running

    with tempfile.TemporaryDirectory(prefix="glasshouse-bench-") as folder, running("shared_buffers = '64MB'\npgaudit.log = 'none'") as server:
        (Path(folder) / "landing").mkdir()
        settings = Path(folder) / "glasshouse.toml"
        connection = f"postgresql:///postgres?host={server.folder}&user=meter"
        settings.write_text(f'[stores.notes]\nkind = "postgres"\nconnection = "{connection}"\ntable = "public.notes"\nrecord_class = "note"\ncontent_columns = ["body"]\n')
        script = f"create role meter login; create table notes (account_id text, body text);\n{setup_sql('notes', load(settings).stores['notes'], 'meter')}"
        script += f"insert into notes select 'C' || n % {ACCOUNTS}, repeat('content ', 20) from generate_series(1, {rows}) as n; vacuum analyze notes;"
        psql = ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", str(server.folder), "-U", "postgres", "-f", "-", "postgres"]
        subprocess.run(psql, input=script, text=True, check=True, capture_output=True)
        yield _metered("PostgreSQL, summed by the database", Path(folder), DAYS[0], rows, 0)


def _metered(name: str, folder: Path, as_of: str, records: int, files: int) -> str:
    command = (sys.executable, "-m", "dagster_project.cli", "meter", str(folder / "landing"), "--home", str(folder / "home"), "--as-of", as_of)
    spent = cost(command, {"XDG_STATE_HOME": str(folder / "state")})
    return f"| {name} | {records:,} | {files:,} | {spent.wall_s:.1f} | {spent.cpu_s:.1f} | {spent.peak_mb:,.0f} | {records / spent.wall_s:,.0f} |"


if __name__ == "__main__":
    main()
