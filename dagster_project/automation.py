"""When things run: landing, then the days that changed, then verdicts; by command line, at night, or when something new has landed."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterAssetCheckFailedError  # no public name

from dagster_project.checks import key
from dagster_project.engines.catalog import Table
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.house import House
from dagster_project.errors import GlasshouseError, UsageError, is_stop, place_of
from dagster_project.history import dagster_instance
from dagster_project.resources import dagster_environment, now, redacted

LANDING, DAYS, VERDICTS, SEAL, REPORT, PURGE, PROOF = "landing", "days", "verdicts", "seal_due", "monthly_report", "purge_due", "proof"
FIRST, LAST = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
BY_COMMAND_LINE = {"glasshouse/by": "command_line"}
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
STOP_S = 10
SAMPLE_BYTES = 4 << 20
SHOWN = 6  # tables that a complaint lists
CHECK_ERROR = "DagsterAssetCheckErrorError"
Job = Any  # dg.define_asset_job returns a class without a public name


@dataclass(frozen=True)
class Fault:
    """A step that failed: our own error where it is one, else only its type and where in our code it arose."""

    step: str
    error: GlasshouseError | None
    kind: str
    place: str


@dataclass(frozen=True)
class Outcome:
    """How a job ended; `failed_checks` are tables whose suite is broken, `not_built` those that a failed job did not come to; `is_stopped`: by Ctrl-C."""

    job: str
    run_id: str
    is_success: bool
    failed_steps: tuple[str, ...]
    failed_checks: tuple[str, ...]
    not_built: tuple[str, ...]
    faults: tuple[Fault, ...]
    is_stopped: bool


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
    return {name: dg.define_asset_job(name, selection, executor_def=dg.in_process_executor) for name, selection in selections.items()}


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


def run_all(definitions: dg.Definitions, given: Mapping[str, Any], tables: Sequence[Table]) -> list[Outcome]:
    """Run landing, days and verdicts in this process on HOME's own instance with the resources given, each only if those before it went well."""
    with dagster_instance(given["house"].home) as instance:
        done = [run(definitions, instance, given, LANDING)]
        days = stale_days(given["engine"], tables) if done[-1].is_success else []
        done += [run(definitions, instance, given, DAYS, between) for between in ranges(days)]
        if all(outcome.is_success for outcome in done):
            done.append(run(definitions, instance, given, VERDICTS))
        return done


def run(definitions: dg.Definitions, instance: dg.DagsterInstance, given: Mapping[str, object], job: str, days: tuple[date, date] | None = None) -> Outcome:
    """Run one job in this process with the resources given; a failing step is told in the outcome, never raised, and none of its words are kept."""
    faults: list[Fault] = []
    stops: list[BaseException | None] = []

    @dg.failure_hook
    def remember(context: dg.HookContext) -> None:
        if is_stop(context.op_exception):
            stops.append(context.op_exception)
        elif not isinstance(context.op_exception, DagsterAssetCheckFailedError):  # told by the check itself
            faults.append(_fault(context.step_key, context.op_exception))

    tags = {**BY_COMMAND_LINE, **(range_tags(*days) if days else {})}
    # Logs can be ahead of this machine's clock: the last day of the range exists whatever the clock says.
    horizon = max(now(), datetime.combine(days[1] if days else date.min, time(), UTC) + timedelta(days=2))
    with redacted(), dg.partition_loading_context(effective_dt=horizon):
        definition = definitions.resolve_job_def(job).with_hooks({remember})
        result = definition.execute_in_process(QUIET, instance, raise_on_error=False, tags=tags, resources=given)
    failed_steps = {event.step_key for event in result.filter_events(lambda event: event.is_step_failure) if event.step_key}
    failed_checks = {check.asset_key for check in result.get_asset_check_evaluations() if not check.passed}
    built = {event.asset_key for event in result.get_asset_materialization_events()}
    not_built = set() if result.success else definition.asset_layer.selected_asset_keys - built
    is_stopped = bool(stops or result.filter_events(lambda event: event.event_type == dg.DagsterEventType.RUN_CANCELED))
    return Outcome(job, result.run_id, result.success, tuple(sorted(failed_steps)), _names(failed_checks), _names(not_built), tuple(faults), is_stopped)


def _names(keys: Iterable[dg.AssetKey]) -> tuple[str, ...]:
    return tuple(sorted(".".join(each.path) for each in keys))


def _fault(step: str, error: BaseException | None) -> Fault:
    """Reduce an exception to what may be shown: its text can quote data unless it is ours."""
    return Fault(step, error if isinstance(error, GlasshouseError) else None, type(error).__name__, place_of(error))


def complaints(outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """Return a line for each fault: what, where and what to do next, with no data in it."""
    lines = []
    for outcome in outcomes:
        lines += [f"check of {table} failed; its counts stand in Dagster's page, `glasshouse ui`" for table in outcome.failed_checks]
        if outcome.failed_checks and outcome.not_built:
            more = f" and {len(outcome.not_built) - SHOWN} more" if len(outcome.not_built) > SHOWN else ""
            lines.append(f"not built because of that: {', '.join(outcome.not_built[:SHOWN])}{more}")
        for fault in outcome.faults:
            if fault.error is not None:
                lines.append(str(fault.error))
            elif fault.kind != CHECK_ERROR:
                lines.append(f"a fault of ours in {fault.step}: {fault.kind} at {fault.place or 'no place of ours'}; please report it")
        if not outcome.is_success and not outcome.failed_steps:
            lines.append(f"job {outcome.job} did not start; `glasshouse ui` shows run {outcome.run_id}")
    return tuple(dict.fromkeys(lines))


def exit_status(outcomes: Sequence[Outcome]) -> int:
    """Return the gravest exit status of the faults: 4 before 2 before 3; 0 without any."""
    if all(outcome.is_success for outcome in outcomes):
        return 0
    told = {fault.error.exit_status if fault.error else GlasshouseError.exit_status for outcome in outcomes for fault in outcome.faults}
    return next((status for status in (4, 2, 3) if status in told), GlasshouseError.exit_status)


def serve(home: Path, landing: Path, settings: Path | None, port: int) -> int:
    """Show Dagster's page on 127.0.0.1 until it is stopped, with sensors and schedules at work; return its exit status.

    Raises UsageError where the extra that holds the page is not installed.
    """
    if find_spec("dagster_webserver") is None:
        raise UsageError("the page is not installed; install glasshouse[ui]")
    command = [sys.executable, "-m", "dagster", "dev", "-m", "dagster_project.definitions", "-h", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, env=dagster_environment(home, landing, settings), start_new_session=True)  # noqa: S603 (our own words)
    stopped_by: list[int] = []

    def stop(number: int, _frame: object) -> None:
        stopped_by.append(number)
        _stop(process)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    ended = process.wait()
    return 128 + stopped_by[0] if stopped_by else ended


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop Dagster and all that it started: its page and its daemon outlive it otherwise, and a second daemon refuses to work beside them."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)


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
    def chain(context: dg.RunStatusSensorContext, engine: dg.ResourceParam[DuckDBEngine]) -> Iterator[dg.RunRequest | dg.SkipReason]:
        done = context.dagster_run
        if done.tags.items() >= BY_COMMAND_LINE.items():
            yield dg.SkipReason("the command line runs what follows itself")
            return
        yield from following(done.job_name, done.run_id, stale_days(engine, tables))

    @dg.sensor(
        name="landing_watch",
        job=named[LANDING],
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run when something new lies in GLASSHOUSE_LANDING and nothing changed since the last look.",
    )
    def landing_watch(context: dg.SensorEvaluationContext, house: dg.ResourceParam[House]) -> dg.SensorResult | dg.SkipReason:
        return watched(house.landing, context.cursor or "")

    return [chain, landing_watch]


def following(job: str, run_id: str, stale: Sequence[date]) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Yield the runs that follow a job that went well: a run of days for each range, else verdicts."""
    if not stale:
        yield dg.RunRequest(job_name=VERDICTS, run_key=run_id)
    elif job == LANDING:
        for first, last in ranges(stale):
            yield dg.RunRequest(job_name=DAYS, run_key=f"{run_id}/{first}", tags=range_tags(first, last))
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
    """Return a digest of name, size and bytes of every file of the landing folder; of a large file, of its first and last bytes.

    Times say nothing: two files of one second, or a copy that keeps its time, would be lost.
    """
    total = hashlib.sha256()
    for path in sorted(path for path in landing.rglob("*") if path.is_file() and not path.name.startswith(".") and path.suffix != ".tmp"):
        size = path.stat().st_size
        with path.open("rb") as file:
            first = file.read(SAMPLE_BYTES)
            file.seek(max(SAMPLE_BYTES, size - SAMPLE_BYTES))
            last = file.read(SAMPLE_BYTES)
        total.update(repr((str(path.relative_to(landing)), size, hashlib.sha256(first + last).hexdigest())).encode())
    return total.hexdigest()


def schedules(named: dict[str, Job]) -> list[dg.ScheduleDefinition]:
    """Return the nightly run, the hourly look for days to seal (a key must not outlive its hour), the daily purge, the weekly proof and the monthly report."""
    at = {LANDING: ("nightly", "0 2 * * *"), SEAL: ("hourly", "30 * * * *"), PURGE: ("daily", "0 5 * * *"), PROOF: ("weekly", "0 4 * * 0"), REPORT: ("monthly", "0 6 3 * *")}
    running = dg.DefaultScheduleStatus.RUNNING
    return [
        dg.ScheduleDefinition(name=name, job=named[job], cron_schedule=cron, execution_timezone="UTC", default_status=running) for job, (name, cron) in at.items() if job in named
    ]
