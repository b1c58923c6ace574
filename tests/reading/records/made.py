"""Record stores made for tests, and their measurement."""

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.reading.records.measured import Measured
from dagster_project.reading.records.measuring import measure
from dagster_project.settings import Store

DAY = date(2026, 3, 10)
CONTENT = "a customer's secret, never to be read "


class Forgetful:
    """A memory that holds nothing, and one test's notes of what it was to hold."""

    def __init__(self) -> None:
        self.kept: dict[str, pa.Table] = {}

    def recalled(self, identities: Sequence[str]) -> Iterator[tuple[set[str], pa.Table]]:
        """Know nothing."""
        return iter(())

    def keep(self, held: Iterable[tuple[str, pa.Table]]) -> None:
        """Note it."""
        self.kept |= dict(held)


def parquet(path: Path, accounts: Any, **options: Any) -> Path:
    """Write a Parquet file with an account column between two of content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [f"{CONTENT}{number}" for number in range(len(accounts))]
    columns = {"title": texts, "account_id": accounts, "body": [text * 3 for text in texts]}
    pq.write_table(pa.table(columns), path, **({"row_group_size": 1000} | options))
    return path


def mixed(count: int = 5000) -> list[str | None]:
    """Return accounts in no order, some of them none."""
    chance = random.Random(1)
    return [chance.choice(["C1", "C2", "C3", None, ""]) for _ in range(count)]


def measured(path: Path | str, **keys: Any) -> Measured:
    """Measure one store, named `crm`, of invoices."""
    return measure("crm", Store(**{"record_class": "invoice", "path": str(path), **keys}), DAY, Forgetful())


def counts(found: Measured) -> dict[str | None, int]:
    """Return records by account."""
    return {row["account_id"]: row["records"] for row in found.records.to_pylist()}


def meter(found: Measured) -> dict[str, Any]:
    """Return the one row of what was touched."""
    (row,) = found.metering.to_pylist()
    return dict(row)


def spoil_content(path: Path, account_column: str = "account_id") -> None:
    """Overwrite every page of every column but the account's."""
    body, footer = bytearray(path.read_bytes()), pq.read_metadata(path)
    before = bytes(body)
    for number in range(footer.num_row_groups):
        for index in range(footer.num_columns):
            chunk = footer.row_group(number).column(index)
            if chunk.path_in_schema != account_column:
                begin = min(chunk.data_page_offset, chunk.dictionary_page_offset or chunk.data_page_offset)
                body[begin : begin + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    assert bytes(body) != before
    path.write_bytes(body)
