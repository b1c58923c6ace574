"""Finds the stored rows that are past their retention (docs/operations.md#retention), by opening the files that hold them; it removes nothing."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project.engines import catalog
from dagster_project.engines.intake.inputs import TAKEN_ONCE
from dagster_project.engines.lake import EVENTS, FIRST_SEEN, INPUTS, KEYS, PURGES, REQUESTS, RUNS, STAFF_REQUESTS, Lake
from dagster_project.settings import Retention

DATED = ("occurred_at", "period_end", "month")  # the first of these that a table of findings has says how old a row is
UNDATED = date(1970, 1, 1)  # the partition of events whose day is not known


@dataclass(frozen=True)
class Mark:
    """Selects the rows of a file that are past their retention, from some of its columns; null is never past."""

    columns: tuple[str, ...]
    is_past: Callable[[pa.Table], pa.Array]


@dataclass(frozen=True)
class Due:
    """Rows of a table that are past their time: a whole day of it, or in each of its files those that are marked."""

    rule: str
    table: str
    rows: int
    day: date | None = None
    mark: Mark | None = None


def due(lake: Lake, retention: Retention, as_of: datetime) -> list[Due]:
    """Return all that is past its time at an instant, in the order in which it is to go; the rule of each is a key of [retention]."""
    return [
        *_quarantine(lake, as_of - timedelta(days=retention.quarantine_days)),
        *_requests(lake, as_of - timedelta(days=retention.request_days)),
        *_published(lake, retention, as_of),
        *_evidence(lake, years_before(as_of, retention.ledger_years)),
        *_ledgers(lake, years_before(as_of, retention.ledger_years)),
    ]


def request_days_due(lake: Lake, sealed_before: datetime) -> list[date]:
    """Return the days whose request rows are past their time, sorted: their keys were destroyed before an instant."""
    return sorted(sealed_days(lake, sealed_before) & {*lake.days(REQUESTS), *lake.days(STAFF_REQUESTS)})


def sealed_days(lake: Lake, before_instant: datetime | None = None) -> set[date]:
    """Return the days whose keys are destroyed, or were before an instant."""
    destroyed = ((row["day"], row["destroyed_at"]) for row in lake.read(KEYS).to_pylist() if row["destroyed_at"] is not None)
    return {day for day, at in destroyed if before_instant is None or at < before_instant}


def first_month(as_of: datetime, months: int) -> date:
    """Return the first day of the earliest of so many UTC months, counted back from the month of `as_of`, which is one of them."""
    ordinal = as_of.year * 12 + as_of.month - months
    return date(ordinal // 12, ordinal % 12 + 1, 1)


def years_before(at: datetime, years: int) -> datetime:
    """Return the same instant so many years earlier; for 29 February, 28 February."""
    day = 28 if (at.month, at.day) == (2, 29) else at.day
    return at.replace(year=max(1, at.year - years), day=day)


def rows_in(paths: Iterable[object]) -> int:
    """Return how many rows stand in files, by their footers."""
    return sum(pq.read_metadata(path).num_rows for path in paths)


def before(column: str, limit: datetime | date) -> Mark:
    """Return a mark for the rows whose value in a column lies before a limit."""
    return Mark((column,), lambda rows: pc.fill_null(pc.less(rows.column(column), pa.scalar(limit, rows.schema.field(column).type)), False))


def among(column: str, ids: Collection[str]) -> Mark:
    """Return a mark for the rows with one of these ids in a column."""
    return Mark((column,), lambda rows: pc.is_in(rows.column(column), pa.array(sorted(ids), pa.string())))


def past(rows: pa.Table, mark: Mark) -> pa.Table:
    """Return the rows that are marked."""
    return rows.filter(mark.is_past(rows))


def _quarantine(lake: Lake, read_before: datetime) -> Iterator[Due]:
    inputs = lake.read(INPUTS)
    old = past(inputs, before("read_at", read_before)).column("input_id").to_pylist()
    for table in catalog.kept("quarantine_days with its input"):
        yield from _marked(lake, "quarantine_days", table, among("input_id", old))


def _requests(lake: Lake, sealed_before: datetime) -> Iterator[Due]:
    for day in request_days_due(lake, sealed_before):
        yield from _days(lake, "request_days", catalog.kept("request_days after the seal of its day"), [day])


def _published(lake: Lake, retention: Retention, as_of: datetime) -> Iterator[Due]:
    """Yield whole months, so that no sum over a month stands on a part of its days; a day whose request rows are still there would only be built again."""
    going = request_days_due(lake, as_of - timedelta(days=retention.request_days))
    kept = set(lake.days(REQUESTS)) - set(going)
    limit = first_month(as_of, retention.published_months)
    for table in catalog.kept("published_months"):  # what they are built from first, or they would be built again
        yield from _days(lake, "published_months", (table,), [day for day in lake.days(table) if day < limit and day not in kept])


def _evidence(lake: Lake, limit: datetime) -> Iterator[Due]:
    for name in catalog.kept("ledger_years after its day"):
        yield from _days(lake, "ledger_years", (name,), [day for day in lake.days(name) if UNDATED < day < limit.date()])
    for table in catalog.tables().values():
        names = [column.name for column in table.columns]
        dated = next((name for name in DATED if name in names), None)
        if table.layer > 2 and dated:
            yield from _marked(lake, "ledger_years", table.name, before(dated, limit.date().replace(day=1) if dated == "month" else limit))


def _ledgers(lake: Lake, limit: datetime) -> Iterator[Due]:
    for table in catalog.tables().values():
        column = table.kept.removeprefix("ledger_years after ")
        if column in {each.name for each in table.columns}:
            yield from _marked(lake, "ledger_years", table.name, before(column, limit.date() if column == "day" else limit))
    findings = {row["finding_id"] for path in lake.files("reported.findings") for row in pq.read_table(path, columns=["finding_id"], partitioning=None).to_pylist()}
    old = set(past(lake.read(FIRST_SEEN), before("first_seen_at", limit)).column("finding_id").to_pylist())
    yield from _marked(lake, "ledger_years", FIRST_SEEN, among("finding_id", old - findings))
    cut, inputs = _cut(lake, limit)
    for name in catalog.kept("ledger_years with its input"):
        yield from _marked(lake, "ledger_years", name, among("input_id", inputs))
    yield from _marked(lake, "ledger_years", INPUTS, among("input_id", inputs))
    yield from _marked(lake, "ledger_years", RUNS, before("as_of", cut))
    yield from _marked(lake, "ledger_years", PURGES, _settled(limit, set(lake.read(INPUTS).column("input_id").to_pylist()) - inputs))


def _settled(limit: datetime, inputs: Collection[str]) -> Mark:
    """Return what marks the entries of ledger.purges before a limit that the books need no more: their input has no entry either."""
    old, booked = before("purged_at", limit), among("input_id", inputs)
    return Mark((*old.columns, *booked.columns), lambda rows: pc.and_(old.is_past(rows), pc.invert(booked.is_past(rows))))


def _cut(lake: Lake, limit: datetime) -> tuple[datetime, set[str]]:
    """Return the latest instant up to a limit before which runs and the inputs they read go together, and those inputs.

    An input of which a row or a file is stored stays: without its entry a run would sweep that away.
    """
    inputs = [row for row in lake.read(INPUTS).to_pylist() if row["status"] == "read" and row["folder"] in TAKEN_ONCE]
    runs = lake.read(RUNS).to_pylist()
    held = _held(lake) if any(row["read_at"] < limit for row in inputs) else set()
    for cut in sorted({limit, *(run["as_of"] for run in runs if run["as_of"] < limit)}, reverse=True):
        old = [row for row in inputs if row["read_at"] < cut]
        entered = sum(run["inputs_read"] for run in runs if run["as_of"] < cut)
        if len(old) == entered and not any(row["input_id"] in held for row in old):
            return cut, {row["input_id"] for row in old}
    return datetime.combine(date.min, time(), UTC), set()


def _held(lake: Lake) -> set[str]:
    """Return the inputs that stored rows come of or that files are named after."""
    found: set[str] = set()
    for path in (path for table in (REQUESTS, STAFF_REQUESTS, EVENTS) for path in lake.files(table)):
        found |= {path.name.split("-")[0], *pq.read_table(path, columns=["input_id"], partitioning=None).column("input_id").unique().to_pylist()}
    return found


def _days(lake: Lake, rule: str, tables: Iterable[str], days: Iterable[date]) -> Iterator[Due]:
    for day in days:
        for table in tables:
            if files := lake.files(table, day):
                yield Due(rule, table, rows_in(files), day)


def _marked(lake: Lake, rule: str, table: str, mark: Mark) -> Iterator[Due]:
    read = (pq.read_table(path, columns=list(mark.columns), partitioning=None) for path in lake.files(table))
    if rows := sum(past(each, mark).num_rows for each in read):
        yield Due(rule, table, rows, None, mark)
