"""Which reports there are and where they lie: HOME/reports/<period>, one folder a UTC month."""

from datetime import date
from pathlib import Path
from urllib.parse import quote

from dagster_project import __version__
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.errors import UsageError
from dagster_project.publishing.proofs import kept
from dagster_project.publishing.report import ReportInput, write


def months(engine: DuckDBEngine) -> list[date]:
    """Return the first days of the months that promises are decided for, sorted."""
    return [row[0] for row in engine.connection().sql("select distinct cast(date_trunc('month', period_start) as date) as month from reported.promises order by month").fetchall()]


def report_latest(house: House, engine: DuckDBEngine) -> list[Path]:
    """Write the reports of the months that this run could have changed and that lie before its as-of; return their folders."""
    engine.refresh()
    return [_write(house, engine, f"{month:%Y-%m}", None) for month in months(engine)[-1:]]


def report_month(house: House, month: str, account: str | None) -> Path:
    """Write the report of one month, or with an account that customer's page; return its folder.

    Raises UsageError for a month without evidence.
    """
    engine = DuckDBEngine(house.home)
    try:
        known = [f"{each:%Y-%m}" for each in months(engine)]
        if month not in known:
            raise UsageError(f"--month: there is evidence for {', '.join(known) or 'no month'} only; write it as YYYY-MM")
        return _write(house, engine, month, account)
    finally:
        engine.close()


def _write(house: House, engine: DuckDBEngine, month: str, account: str | None) -> Path:
    folder = house.home / "reports" / month
    folder = folder / f"account-{quote(account, safe='')}" if account else folder
    as_of = engine.connection().sql("select as_of from scrubbed.run").fetchall()
    made = ReportInput(engine.connection(), month, as_of[0][0], house.settings.sha256(), __version__, kept(house.home), account)
    write(made, folder)
    return folder
