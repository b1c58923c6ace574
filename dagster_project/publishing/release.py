"""Publishes: the suppressed copies and their ledger, then the warehouse that analysts open."""

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from dagster_project.engines import catalog
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.retention import sealed_days
from dagster_project.paths import replacing
from dagster_project.publishing.suppress import BREAKDOWNS, RELEASES, suppress
from dagster_project.publishing.warehouse import Published, publish
from dagster_project.settings import Settings

TOTALS = "measured.account_requests_daily"


def release(engine: DuckDBEngine, settings: Settings) -> int:
    """Make the published copy of every suppressed table below HOME/lake/published and enter it in ledger.releases; return its cells."""
    connection = engine.connection()
    totals = connection.sql(f"from {TOTALS}").pl()
    ledgers = [RELEASES.to_frame(), _of_purged_days(engine)]
    sealed = sealed_days(engine.lake)
    for name in BREAKDOWNS:
        made = suppress(name, connection.sql(f"from {name}").pl(), totals, settings.thresholds, sealed)
        with replacing(copy_of(engine, name)) as beside:
            pq.write_table(made.published.to_arrow(), beside, compression="zstd")
        ledgers.append(made.ledger)
    entered = pl.concat(ledgers)
    engine.lake.write("ledger.releases", entered.to_arrow(), "part")
    engine.show(catalog.tables()["ledger.releases"])
    return int(entered["cells"].sum())


def _of_purged_days(engine: DuckDBEngine) -> pl.DataFrame:
    """Return what was entered for days that were published and are gone since: the ledger outlives the tables."""
    kept = [(name, day) for name in BREAKDOWNS for day in engine.lake.days(name)]
    days = pl.DataFrame(kept, {"table_name": pl.String, "day": pl.Date}, orient="row")
    entered = pl.DataFrame(engine.lake.read("ledger.releases"))
    return entered.join(days, on=["table_name", "day"], how="anti").select(RELEASES.names()).cast(RELEASES)


def copy_of(engine: DuckDBEngine, name: str) -> Path:
    """Return where the published copy of a suppressed table lies."""
    return engine.lake.folder("published." + name.split(".")[1]) / "part.parquet"


def publish_warehouse(engine: DuckDBEngine, target: Path) -> dict[str, int]:
    """Build the warehouse of every table that may leave HOME; return the rows of each."""
    published = []
    for table in catalog.tables().values():
        if not table.is_published:
            continue
        files = [copy_of(engine, table.name)] if table.name in BREAKDOWNS else engine.lake.files(table.name)
        columns = tuple((column.name, column.type, column.meaning) for column in table.columns)
        published.append(Published(table.name, table.comment, columns, tuple(path for path in files if path.exists())))
    return publish(published, target)
