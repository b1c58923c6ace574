"""A table that cannot be built says what to do next: room, memory, or a report to us; and never what DuckDB quotes."""

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from dagster_project.engines import catalog
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.evaluation import fill
from dagster_project.engines.failures import MEMORY, explained
from dagster_project.errors import DISK, GlasshouseError
from dagster_project.publishing.warehouse import publish

TABLE = catalog.tables()["measured.account_requests_daily"]
OURS = "a fault in sql/2_measured/account_requests_daily.sql; please report it"
LARGE = "create table x as select hash(range)::varchar || hash(range + 1)::varchar as a from range(3_000_000)"


@pytest.mark.parametrize(
    ("statement", "advice"),
    [
        ("select len(list(range)) from range(5_000_000)", MEMORY),  # a list cannot spill
        (f"set max_temp_directory_size = '1MB'; {LARGE}", DISK),
        ("copy (select hash(range) from range(1_000_000)) to '/dev/full' (format parquet)", DISK),
        ("from read_parquet('/nowhere/jane.parquet')", DISK),
        ("select 'jane@example.com'::int", f"ConversionException: {OURS}"),
        ("from scrubbed.jane", f"CatalogException: {OURS}"),
        ("selects 1", f"ParserException: {OURS}"),
    ],
)
def test_each_failure_says_what_to_do_next(statement: str, advice: str, tmp_path: Path) -> None:
    """Whoever reads it at night has a full disk, too small a machine, or a fault that only we can mend: each wants another deed."""
    settings: dict[str, str | bool | int | float | list[str]] = {"memory_limit": "20MB", "temp_directory": str(tmp_path), "threads": 1}
    with duckdb.connect(config=settings) as connection, pytest.raises(GlasshouseError) as told, explained(TABLE.name, TABLE.fault):
        connection.execute(statement).fetchall()
    assert str(told.value) == f"{TABLE.name}: {advice}"
    assert told.value.__suppress_context__


def test_a_disk_that_python_finds_full_is_told_alike() -> None:
    """Days are written by Arrow, not by DuckDB."""
    with pytest.raises(GlasshouseError, match=DISK), explained(TABLE.name, TABLE.fault):
        raise OSError(28, "No space left on device")


def test_a_warehouse_without_room_is_told_alike(tmp_path: Path) -> None:
    """It is the largest file that a run writes at once."""
    (tmp_path / "house").write_bytes(b"")
    with pytest.raises(GlasshouseError, match=f"^warehouse.duckdb: {DISK}$"):
        publish([], tmp_path / "house" / "warehouse.duckdb")


def test_a_table_of_the_lake_and_one_in_memory_fail_alike(tmp_path: Path) -> None:
    """`run` and `decide` share the sentence."""
    engine = DuckDBEngine(tmp_path)
    shutil.rmtree(tmp_path / "lake", ignore_errors=True)
    (tmp_path / "lake").write_bytes(b"")
    with pytest.raises(GlasshouseError, match=DISK):
        engine.build(TABLE, date(2026, 3, 1))
    engine.close()
    with duckdb.connect() as connection, pytest.raises(GlasshouseError, match="please report it"):
        fill(TABLE, connection)
