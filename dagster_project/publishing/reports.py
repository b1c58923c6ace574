"""Which reports there are and where they lie: HOME/reports/<period>, one folder a UTC month."""

import json
import shutil
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pyarrow as pa

from dagster_project import __version__
from dagster_project.engines.catalog import questions
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.engines.lake import schema
from dagster_project.errors import UsageError
from dagster_project.publishing.attest import FOLDER, Made, attest, opened
from dagster_project.publishing.changes import changes, is_any
from dagster_project.publishing.exports import sha256
from dagster_project.publishing.facts import ReportInput, facts_of, month_of, staff_names
from dagster_project.publishing.lines import cells, lines, stream
from dagster_project.publishing.proofs import kept
from dagster_project.publishing.report import write

CLOSINGS, CLOSED_ACCESSES = "ledger.closings", "ledger.closed_accesses"
LONGEST = 120  # signs of an account's id in the name of a folder
Facts = dict[str, Any]


def months(engine: DuckDBEngine) -> list[date]:
    """Return the first days of the months that promises are decided for, sorted."""
    return [row[0] for row in engine.connection().sql("select distinct cast(date_trunc('month', period_start) as date) as month from reported.promises order by month").fetchall()]


def report_latest(house: House, engine: DuckDBEngine) -> list[Path]:
    """Write the report of the last month with evidence, if there is one; return its folder.

    Earlier ones stay as they are until `report --month` writes them again.
    """
    engine.refresh()
    return [_write(house, engine, f"{month:%Y-%m}", None) for month in months(engine)[-1:]]


def report_over(house: House) -> Path:
    """Write the report of the last UTC month that was over at the as-of, as `report_month` does."""
    return report_month(house, f"{house.as_of.replace(day=1) - timedelta(days=1):%Y-%m}")


def report_month(house: House, month: str, account: str | None = None, against: str | None = None, *, is_to_close: bool = False) -> Path:
    """Write the report of one month, or with an account that customer's page; return the folder it stands in.

    `against` is the month of another report, to tell what changed. Raises UsageError for a month or an account without evidence, and for closing one that is not over.
    """
    engine = DuckDBEngine(house.home)
    try:
        known = [f"{each:%Y-%m}" for each in months(engine)]
        if not {month, against or month} <= set(known):
            raise UsageError(f"there is evidence for {', '.join(known) or 'no month'} only; write a month as YYYY-MM")
        if account is not None and account not in _accounts(engine.connection()):
            raise UsageError("there is no evidence of that account; `glasshouse query` on measured.account_requests_daily or flagged.access_decisions shows which there are")
        before = facts_of(_input(house, engine, against, account)) if against else None
        folder = _write(house, engine, month, account, before)
        if is_to_close:
            _close(engine, month)
        return folder
    finally:
        engine.close()


def page_of(account: str) -> str:
    """Return the name of the folder of a customer's page: letters, digits and `_.-~%` alone, and never longer than a file's name may be."""
    quoted = quote(account, safe="")
    return f"account-{quoted}" if len(quoted) <= LONGEST else f"account-{quoted[:LONGEST]}-{sha256(account)[:16]}"


def _input(house: House, engine: DuckDBEngine, month: str, account: str | None) -> ReportInput:
    return ReportInput(engine.connection(), month, _as_of(engine), house.settings.sha256(), __version__, kept(house.home), account, house.settings.reports.name_staff)


def _as_of(engine: DuckDBEngine) -> datetime:
    as_of: datetime = engine.connection().sql("select as_of from scrubbed.run").fetchall()[0][0]
    return as_of


def _write(house: House, engine: DuckDBEngine, month: str, account: str | None, against: Facts | None = None) -> Path:
    """Write a report and return its folder; a closed one is never overwritten: a restatement, or a comparison with another month, goes into a folder inside."""
    folder = house.home / "reports" / month
    made = _input(house, engine, month, account)
    if account:
        folder /= page_of(account)
    elif month in {row["period"] for row in engine.lake.read(CLOSINGS).to_pylist()} and (folder / "report.json").is_file():
        closed = _told(folder)
        said = max(folder.glob("restated-*"), default=folder)
        if not against and not is_any(changes(_told(said), facts_of(made))):
            return said
        folder /= f"since-{against['period']}" if against else f"restated-{made.as_of:%Y%m%dT%H%M%SZ}"
        against = against or closed
    if against is None and account is None:
        earlier = [f"{each:%Y-%m}" for each in months(engine) if f"{each:%Y-%m}" < month]
        against = facts_of(_input(house, engine, earlier[-1], None)) if earlier else None
    outputs = write(made, folder, against)
    _attest(house, engine, made, folder, outputs)
    _export(house, folder)
    return folder


def _told(folder: Path) -> Facts:
    """Return what a report says, as its report.json has it."""
    facts: Facts = json.loads((folder / "report.json").read_bytes())
    return facts


def _accounts(connection: duckdb.DuckDBPyConnection) -> list[str | None]:
    """Return every account of which there is evidence."""
    return [row[0] for row in connection.sql(questions("report")["accounts"]).fetchall()]


def _attest(house: House, engine: DuckDBEngine, made: ReportInput, folder: Path, outputs: dict[str, str]) -> None:
    """Enter a report in the ledger of HOME, with one tree for each account, and lay the proof beside it."""
    ledger = opened(house)
    rows = stream(made.connection, month_of(made.period)[0], made.as_of, None)
    tree = cells(made.period, _accounts(made.connection), lines(rows, staff_names(made)), ledger.salt)
    hers = _told(folder)["lines"] if made.account else []
    attest(ledger, engine, folder, Made(made.period, made.account, made.as_of, outputs, tree, hers))


def _close(engine: DuckDBEngine, month: str) -> None:
    """Enter that a month is closed, and which accesses its report covers: any other from before its end is late."""
    closings, (_, following) = engine.lake.read(CLOSINGS), month_of(month)
    end, as_of = datetime.combine(following, time(), UTC), _as_of(engine)
    if as_of < end:
        raise UsageError(f"--close: {month} was not over at the as-of of the last run; run once more after {end:%Y-%m-%d}")
    if month not in closings.column("period").to_pylist():
        engine.lake.write(CLOSED_ACCESSES, _known(engine, end, as_of), "part")
        new = pa.Table.from_pylist([{"period": month, "period_end": end, "closed_as_of": as_of}], schema(CLOSINGS))
        engine.lake.write(CLOSINGS, pa.concat_tables([closings, new]), "part")


def _known(engine: DuckDBEngine, end: datetime, as_of: datetime) -> pa.Table:
    """Return the accesses that closed reports know, with those decided before the end of a month that is being closed."""
    known = engine.lake.read(CLOSED_ACCESSES)
    decided = engine.connection().execute("select source, event_id from flagged.access_decisions where occurred_at < $end", {"end": end}).to_arrow_table()
    new = decided.join(known, ["source", "event_id"], join_type="left anti").select(["source", "event_id"])
    return pa.concat_tables([known, new.append_column(known.schema.field("closed_as_of"), pa.repeat(pa.scalar(as_of, known.schema.field("closed_as_of").type), new.num_rows))])


def _export(house: House, folder: Path) -> None:
    """Copy a report to the folder that settings name; one that cannot be written is told of, and the report stands in HOME all the same."""
    if not house.settings.reports.export_dir:
        return
    target = Path(house.settings.reports.export_dir).expanduser() / folder.relative_to(house.home / "reports")
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path in [*folder.iterdir(), *(folder / FOLDER).iterdir()]:
            if path.is_file():
                (target / path.relative_to(folder)).parent.mkdir(exist_ok=True)
                shutil.copyfile(path, target / path.relative_to(folder))
    except OSError:
        house.tell("reports.export_dir cannot be written; the report stands in HOME/reports only")
