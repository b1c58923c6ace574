"""When things run: landing, then the days that changed, then verdicts; at night, or when something new has landed."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project.checks import key
from dagster_project.dagster_errors import told_outside
from dagster_project.engines.catalog import Table
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.history import end_lost_runs
from dagster_project.reading.files import below

LANDING, DAYS, VERDICTS, SEAL, REPORT, PURGE, PROOF = "landing", "days", "verdicts", "seal_due", "monthly_report", "purge_due", "proof"
FIRST, LAST = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
BY_COMMAND_LINE = {"glasshouse/by": "command_line"}
AFTER = "glasshouse/after"  # the landing run that a run of days follows
MEANING = {
    LANDING: "Reads what is new in the landing folder; the sensor `chain` has days and verdicts follow.",
    DAYS: "Builds the daily tables of the days that changed, of a range or without one of all days.",
    VERDICTS: "Judges every access, decides the promises, and writes the warehouse and the report of the latest month.",
    SEAL: "Counts the visitors of days that are due, drops their tokens and destroys their keys.",
    REPORT: "Writes the report of the month that is over.",
    PURGE: "Removes what [retention] lets stay no longer.",
    PROOF: "Sends invented persons through every step and looks for them in all that is written.",
}
SAMPLE_BYTES = 4 << 20
Job = Any  # dg.define_asset_job returns a class without a public name


def jobs(tables: Sequence[Table], landing: Sequence[dg.AssetKey], apart: Mapping[str, Sequence[dg.AssetKey]], parts: Mapping[str, Sequence[dg.AssetKey]]) -> dict[str, Job]:
    """Return the jobs: what lands, what is built by day, all the rest; `parts` of it with a schedule of their own; and those `apart`, which are in no whole run."""
    landed = dg.AssetSelection.assets(*landing)
    daily = dg.AssetSelection.assets(*(key(table.name) for table in tables if table.is_daily)) - landed
    selections = {
        LANDING: landed,
        DAYS: daily,
        VERDICTS: dg.AssetSelection.all() - landed - daily - dg.AssetSelection.assets(*(asset for chosen in apart.values() for asset in chosen)),
        **{name: dg.AssetSelection.assets(*chosen) for name, chosen in {**parts, **apart}.items()},
    }
    return {name: dg.define_asset_job(name, selection, description=MEANING[name], executor_def=dg.in_process_executor) for name, selection in selections.items()}


def stale_days(engine: DuckDBEngine, tables: Iterable[Table]) -> list[date]:
    """Return the days that any daily table is yet to be built for, sorted."""
    return sorted({day for table in tables if table.is_daily for day in engine.stale_days(table)})


def ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Return first and last of each group of days without a gap; `days` are sorted."""
    grouped: list[tuple[date, date]] = []
    for day in days:
        if grouped and day - grouped[-1][1] == timedelta(days=1):
            grouped[-1] = (grouped[-1][0], day)
        else:
            grouped.append((day, day))
    return grouped


def range_tags(first: date, last: date) -> dict[str, str]:
    """Return the tags by which a run covers a range of days."""
    return {FIRST: first.isoformat(), LAST: last.isoformat()}


def sensors(named: dict[str, Job], tables: Sequence[Table]) -> list[dg.SensorDefinition]:
    """Return what chains the jobs where Dagster's daemon runs them, and the watch on the landing folder."""

    @dg.run_status_sensor(
        name="chain",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[named[LANDING], named[DAYS]],
        request_jobs=[named[DAYS], named[VERDICTS]],
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="After landing builds the days that changed; once none is left, asks for verdicts.",
    )
    @told_outside
    def chain(context: dg.RunStatusSensorContext, engine: dg.ResourceParam[DuckDBEngine]) -> Iterator[dg.RunRequest | dg.SkipReason]:
        done = context.dagster_run
        if done.tags.items() >= BY_COMMAND_LINE.items():
            yield dg.SkipReason("the command line runs what follows itself")
            return
        yield from following(done.job_name, done.tags.get(AFTER, done.run_id), stale_days(engine, tables))

    @dg.sensor(
        name="landing_watch",
        job=named[LANDING],
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run when something new lies in GLASSHOUSE_LANDING and nothing changed since the last look.",
    )
    @told_outside
    def landing_watch(context: dg.SensorEvaluationContext, house: dg.ResourceParam[House]) -> Iterator[dg.SensorResult | dg.SkipReason]:
        end_lost_runs(context.instance, house.home, BY_COMMAND_LINE)  # else one that was killed keeps all others waiting
        yield watched(house.landing, context.cursor or "")

    return [chain, landing_watch]


def following(job: str, landing_run: str, stale: Sequence[date]) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Yield the runs that follow a job that went well: a run of days for each range, else verdicts, once for each landing run that they follow."""
    if not stale:
        yield dg.RunRequest(job_name=VERDICTS, run_key=landing_run)
    elif job == LANDING:
        for first, last in ranges(stale):
            yield dg.RunRequest(job_name=DAYS, run_key=f"{landing_run}/{first}", tags={**range_tags(first, last), AFTER: landing_run})
    else:
        yield dg.SkipReason("days are still to be built")


def watched(landing: Path | None, cursor: str) -> dg.SensorResult | dg.SkipReason:
    """Return a run request for a landing folder that changed since the last run and not since the last look.

    The cursor is two digests, of what was seen last and of what was run last: file names can name a customer.
    """
    if landing is None:
        return dg.SkipReason("GLASSHOUSE_LANDING is not set")
    seen, _, taken = cursor.partition(" ")
    present = digest(landing)
    if present == seen != taken:
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=present)], cursor=f"{present} {present}")
    return dg.SensorResult(skip_reason="nothing new, or still being written", cursor=f"{present} {taken}")


def digest(landing: Path) -> str:
    """Return a digest of name, size and bytes of every file of the landing folder; of a large file, of its first and last bytes, of one that cannot be read, of none.

    Times say nothing: two files of one second, or a copy that keeps its time, would be lost.
    """
    total = hashlib.sha256()
    tops = sorted(landing.iterdir()) if landing.is_dir() else []
    for path in (path for top in tops if not top.name.startswith(".") for path in sorted(below(top)) if path.suffix != ".tmp"):
        total.update(repr((str(path.relative_to(landing)), *_sampled(path))).encode())
    return total.hexdigest()


def _sampled(path: Path) -> tuple[int, str]:
    """Return the size of a file and a digest of its ends."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            first = file.read(SAMPLE_BYTES)
            file.seek(max(SAMPLE_BYTES, size - SAMPLE_BYTES))
            return size, hashlib.sha256(first + file.read(SAMPLE_BYTES)).hexdigest()
    except OSError:
        return 0, ""


def schedules(named: dict[str, Job]) -> list[dg.ScheduleDefinition]:
    """Return the nightly run, the hourly look for days to seal (a key must not outlive its hour), the daily purge, the weekly proof and the monthly report."""
    at = {LANDING: ("nightly", "0 2 * * *"), SEAL: ("hourly", "30 * * * *"), PURGE: ("daily", "0 5 * * *"), PROOF: ("weekly", "0 4 * * 0"), REPORT: ("monthly", "0 6 3 * *")}
    running = dg.DefaultScheduleStatus.RUNNING
    return [
        dg.ScheduleDefinition(name=name, job=named[job], cron_schedule=cron, execution_timezone="UTC", default_status=running, description=MEANING[job])
        for job, (name, cron) in at.items()
        if job in named
    ]
