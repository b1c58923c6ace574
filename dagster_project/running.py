"""Runs jobs in this process, as the command line does, and tells how they ended: what failed and where, in words that quote no data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterAssetCheckFailedError  # no public name

from dagster_project.automation import BY_COMMAND_LINE, DAYS, LANDING, VERDICTS, range_tags, ranges, stale_days
from dagster_project.dagster_errors import Told
from dagster_project.engines.catalog import Table
from dagster_project.errors import GlasshouseError, is_stop
from dagster_project.history import dagster_instance
from dagster_project.resources import now, redacted

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
COUNTS = "its counts stand in Dagster's page, `glasshouse ui`"
SHOWN = 6  # tables that a complaint lists
CHECK_ERROR = "DagsterAssetCheckErrorError"


@dataclass(frozen=True)
class Fault:
    """A step that failed: our own error where it is one, else only its type and where in our code it arose."""

    step: str
    error: GlasshouseError | None
    kind: str
    place: str


@dataclass(frozen=True)
class Outcome:
    """How a job ended; `failed_checks` are tables whose check failed, and why, `not_built` those that a failed job did not come to; `is_stopped`: by Ctrl-C."""

    job: str
    run_id: str
    is_success: bool
    failed_steps: tuple[str, ...]
    failed_checks: Mapping[str, str]
    not_built: tuple[str, ...]
    faults: tuple[Fault, ...]
    is_stopped: bool


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
    failed = [check for check in result.get_asset_check_evaluations() if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR]
    failed_checks = dict(sorted((_name(check.asset_key), check.description or COUNTS) for check in failed))
    built = {event.asset_key for event in result.get_asset_materialization_events()}
    not_built = set() if result.success else definition.asset_layer.selected_asset_keys - built
    is_stopped = bool(stops or result.filter_events(lambda event: event.event_type == dg.DagsterEventType.RUN_CANCELED))
    return Outcome(job, result.run_id, result.success, tuple(sorted(failed_steps)), failed_checks, tuple(sorted(map(_name, not_built))), tuple(faults), is_stopped)


def _name(asset: dg.AssetKey) -> str:
    return ".".join(asset.path)


def _fault(step: str, error: BaseException | None) -> Fault:
    """Reduce an exception to what may be shown: its text can quote data unless it is ours."""
    told = error if isinstance(error, Told) else Told(error)
    return Fault(step, told.error, told.kind, told.place)


def complaints(outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """Return a line for each fault: what, where and what to do next, with no data in it."""
    lines = []
    for outcome in outcomes:
        lines += [f"check of {table} failed: {why}" for table, why in outcome.failed_checks.items()]
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
