"""The scan of what is stored: the shape of a refused line names nobody, its text would."""

from pathlib import Path

import pyarrow as pa
import pytest

from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.lake import Lake, schema
from dagster_project.engines.scanning import scan
from dagster_project.reading.rejects import shape


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (shape("2001:db8:85a3::8a2e:370:7334 no line"), 0),
        (shape("00:11:22:33:44:55 203.0.113.77 jane@example.com"), 0),
        (shape("1984-03-17 +49 30 12345678"), 0),
        ("2001:db8:85a3::8a2e:370:7334 no line", 1),
        ("jane@example.com", 1),
    ],
)
def test_a_shape_names_nobody(stored: str, expected: int, tmp_path: Path) -> None:
    """CR-6 would be broken by the first refused line that begins with an address, though only nines are kept of it."""
    row = {"input_id": "a", "line_number": 1, "byte_offset": 0, "length": 40, "reason": "no_match", "shape": stored}
    Lake(tmp_path).write("ledger.quarantine", pa.Table.from_pylist([row], schema("ledger.quarantine")), "part")
    engine = DuckDBEngine(tmp_path)
    try:
        rows = [row for row in scan(engine.lake, engine.connection()).to_pylist() if (row["table_name"], row["column_name"]) == ("ledger.quarantine", "shape")]
    finally:
        engine.close()
    assert sum(row["hits"] for row in rows) == expected
    assert {row["values_scanned"] for row in rows} == {1}
