"""A HOME with a sealed report of October 2026 and a customer's page, of synthetic tables and with keys that are known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from dagster_project.engines.catalog import questions
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.lake import schema
from dagster_project.evidence.ledger import Ledger
from dagster_project.publishing.attest import Made, attest
from dagster_project.publishing.facts import facts_of, month_of
from dagster_project.publishing.lines import cells, lines, stream
from dagster_project.publishing.report import write
from tests.publishing import synthetic

PRIVATE, OTHER, SALT = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32


def opened(home: Path, private: bytes = PRIVATE) -> Ledger:
    """Open the ledger of a HOME."""
    return Ledger(home / "evidence", private, SALT)


def put_inputs(engine: DuckDBEngine, count: int) -> None:
    """Leave so many inputs, and a key for each of them, as runs would have."""
    at = datetime(2026, 10, 1, tzinfo=UTC)
    counts = dict.fromkeys(("bytes", "lines", "parsed", "quarantined", "blank_or_comment", "duplicates"), 1)
    told = {"folder": "web_logs", "site": "web", "format": "combined", "parser_version": "1", "read_at": at, "status": "read", **counts}
    inputs = [{"input_id": f"{number:032x}", **told} for number in range(count)]
    keys = [
        {
            "key_id": f"{number:016x}", "purpose": "visitor", "day": (at + timedelta(days=number)).date(), "created_at": at, "destroy_after": at,
            "destroyed_at": at, "rows_tokenised": 5, "kcv": "0" * 8, "checked_at": at,
        }
        for number in range(count)
    ]  # fmt: skip
    for name, rows in (("ledger.inputs", inputs), ("ledger.keys", keys)):
        engine.lake.write(name, pa.Table.from_pylist(rows, schema(name)), "part")
    engine.refresh()


def seal(home: Path, inputs: int, connection: duckdb.DuckDBPyConnection, account: str | None = None, day: int = 1, private: bytes = PRIVATE) -> Path:
    """Write and seal the report of October, or a customer's page, as of a day of November; return its folder."""
    report = replace(synthetic.report(connection, account), as_of=datetime(2026, 11, day, tzinfo=UTC))
    folder = home / "reports" / "2026-10" / (f"account-{account}" if account else "")
    outputs = write(report, folder)
    ledger, span = opened(home, private), (month_of(report.period)[0], report.as_of)
    accounts = [row[0] for row in connection.sql(questions("report")["accounts"]).fetchall()]
    tree = cells(report.period, accounts, lines(stream(connection, *span, None), lambda staff: staff), ledger.salt)
    engine = DuckDBEngine(home)
    put_inputs(engine, inputs)
    attest(ledger, engine, folder, Made(report.period, account, report.as_of, outputs, tree, facts_of(report)["lines"]))
    engine.close()
    return folder


def sealed(home: Path) -> tuple[Path, Path]:
    """Seal a report three times, each time with more inputs, and after the second the page of a customer, which is sealed again at the end."""
    seal(home, 4, synthetic.month(30), day=1)
    seal(home, 7, synthetic.month(40), day=2)
    seal(home, 7, synthetic.month(40), "dune", day=2)
    report = seal(home, 10, synthetic.month(), day=3)
    return report, seal(home, 10, synthetic.month(), "dune", day=3)
