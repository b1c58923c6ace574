"""What a run does: builds only stale days, and stops where a check fails."""

from datetime import date, timedelta

import dagster as dg
import pytest

from dagster_project import automation, dagster_resources, history, resources, running
from dagster_project.automation import DAYS, LANDING, VERDICTS, ranges
from dagster_project.checks import key
from dagster_project.engines.duckdb_engine import DuckDBEngine
from tests.dagster.made import World

FIRST = date(2026, 3, 1)
DAILY = ("measured.account_requests_daily", "measured.card_number_lines")
UPPER, LOWER = "flagged.known_grants", "flagged.grant_scopes"


def day(number: int) -> date:
    """Return the day so many days after the first."""
    return FIRST + timedelta(days=number)


def modified(world: World, table: str) -> dict[date, int]:
    """Return when each day of a table was written."""
    return {each: next(world.lake.folder(table, each).glob("*.parquet")).stat().st_mtime_ns for each in world.lake.days(table)}


def alone(world: World, chosen: dg.AssetSelection) -> dg.ExecuteInProcessResult:
    """Run what a reader of the page chose, and nothing else."""
    definitions = dg.Definitions(world.definitions().assets, jobs=[dg.define_asset_job("alone", chosen)], resources=dagster_resources.RESOURCES)
    with history.dagster_instance(world.house.home) as instance:
        return definitions.resolve_job_def("alone").execute_in_process(instance=instance, resources=world.given())


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([], []),
        ([0], [(0, 0)]),
        ([0, 1, 2], [(0, 2)]),
        ([0, 2, 3, 9], [(0, 0), (2, 3), (9, 9)]),
        ([30, 31, 32], [(30, 32)]),
    ],
)
def test_days_are_grouped_into_ranges_without_a_gap(days: list[int], expected: list[tuple[int, int]]) -> None:
    """A range that spans a gap would tell Dagster that days were built which were not."""
    assert ranges([day(each) for each in days]) == [(day(first), day(last)) for first, last in expected]


def test_a_run_over_a_range_builds_only_its_stale_days(world: World) -> None:
    """A late line makes one day stale: rebuilding the others would cost hours and could change what was published."""
    world.land(day(1), day(2), day(3))
    assert world.run(DAYS, (day(0), day(3))).is_success
    before = {table: modified(world, table) for table in DAILY}
    world.land(day(2), name="late")
    world.land(day(8))
    assert world.run(DAYS, (day(0), day(3))).is_success
    for table in DAILY:
        after = modified(world, table)
        assert set(after) == {day(0), day(1), day(2), day(3)}
        assert {each for each in after if after[each] != before[table][each]} == {day(2)}


def test_days_ahead_of_the_clock_are_built(world: World) -> None:
    """A machine whose clock is behind its logs, as with a fixed as-of in a demo, must not refuse them."""
    ahead = resources.now().date() + timedelta(days=400)
    world.land(ahead)
    assert world.run(DAYS, (ahead, ahead)).is_success
    assert world.lake.days("measured.account_requests_daily") == [ahead]


def test_a_whole_run_goes_from_landing_to_verdicts(world: World) -> None:
    """The command line runs the jobs that the schedule chains, in the same order, with nothing left stale."""
    world.land(day(1), day(4))
    outcomes = running.run_all(world.definitions(), world.given(), world.tables)
    assert [outcome.job for outcome in outcomes] == [LANDING, DAYS, DAYS, VERDICTS]
    assert all(outcome.is_success for outcome in outcomes)
    assert automation.stale_days(DuckDBEngine(world.house.home), world.tables) == []
    assert running.exit_status(outcomes) == 0


def test_a_broken_table_blocks_what_is_built_on_it(world: World) -> None:
    """Tables are published only if those they stand on are sound: the check that fails ends its branch, the others go on."""
    world.suite(UPPER, {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}, "meta": {"rule": "one row for each account"}})
    outcome = world.run(VERDICTS)
    assert not outcome.is_success
    assert list(outcome.failed_checks) == [UPPER]
    assert [len(world.lake.files(table)) for table in (UPPER, LOWER, "reported.account_usage_monthly")] == [1, 0, 1]
    assert running.exit_status([outcome]) == 4
    assert running.complaints([outcome]) == (
        f"check of {UPPER} failed: expectation 0 (one row for each account) is not met",
        f"not built because of that: {LOWER}",
    )


def test_a_statement_that_is_stopped_stops_the_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever presses Ctrl-C while DuckDB works is not told of a fault of ours."""

    def interrupted(*_: object) -> None:
        raise RuntimeError from KeyboardInterrupt()

    monkeypatch.setattr(DuckDBEngine, "build", interrupted)
    outcome = world.run(VERDICTS)
    assert outcome.is_stopped
    assert outcome.faults == ()


def test_one_table_can_be_built_alone(world: World) -> None:
    """Whoever repairs one file of sql/ builds its table from the page: what shares its step must neither be built nor be missed."""
    assert world.run(VERDICTS).is_success
    before = {table: world.lake.files(table)[0].stat().st_mtime_ns for table in (UPPER, LOWER)}
    ran = alone(world, dg.AssetSelection.assets(key(LOWER)))
    after = {table: world.lake.files(table)[0].stat().st_mtime_ns for table in (UPPER, LOWER)}
    assert ran.success
    assert [table for table in before if after[table] != before[table]] == [LOWER]


def test_a_check_can_be_run_alone(world: World) -> None:
    """Whoever corrects a suite has it judged from the page, over the table as it lies there."""
    world.suite(UPPER, {"type": "expect_table_row_count_to_be_between", "kwargs": {"max_value": 0}})
    assert world.run(VERDICTS).is_success
    before = world.lake.files(UPPER)[0].stat().st_mtime_ns
    ran = alone(world, dg.AssetSelection.checks(dg.AssetCheckKey(key(UPPER), "suite")))
    assert [check.passed for check in ran.get_asset_check_evaluations()] == [True]
    assert world.lake.files(UPPER)[0].stat().st_mtime_ns == before


def test_a_sound_table_lets_the_rest_be_built(world: World) -> None:
    """The same suite with a bound that holds passes, so it was the fault that blocked and not the check."""
    world.suite(UPPER, {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 0}})
    assert world.run(VERDICTS).is_success
    assert len(world.lake.files(LOWER)) == 1


def test_a_broken_day_keeps_verdicts_from_being_asked_for(world: World) -> None:
    """Verdicts on tables of which one is broken would be published as if they were sound."""
    world.suite(DAILY[0], {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "site", "value_set": ["shop"]}})
    outcomes = running.run_all(world.definitions(), world.given(), world.tables)
    assert [(outcome.job, outcome.is_success) for outcome in outcomes] == [(LANDING, True), (DAYS, False)]


def test_a_broken_day_keeps_verdicts_away_until_it_is_sound(world: World) -> None:
    """A second run that takes the broken day for built would publish what the first refused, with status 0."""
    world.suite(DAILY[0], {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "site", "value_set": ["shop"]}})
    for _ in range(2):
        outcomes = running.run_all(world.definitions(), world.given(), world.tables)
        assert [(outcome.job, list(outcome.failed_checks)) for outcome in outcomes] == [(LANDING, []), (DAYS, [DAILY[0]])]
    world.suite(DAILY[0], {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "site", "value_set": ["web"]}})
    assert [(outcome.job, outcome.is_success) for outcome in running.run_all(world.definitions(), world.given(), world.tables)] == [(LANDING, True), (DAYS, True), (VERDICTS, True)]
    assert [outcome.job for outcome in running.run_all(world.definitions(), world.given(), world.tables)] == [LANDING, VERDICTS]


def test_days_without_a_range_are_all_days(world: World) -> None:
    """The job can be launched without one: a table of days must not be written whole beside its days, which no run could read again."""
    world.land(day(1), day(8))
    ran = world.run(DAYS)
    assert (ran.is_success, ran.faults) == (True, ())
    assert {table: world.lake.days(table) for table in DAILY} == {table: [day(0), day(1), day(8)] for table in DAILY}
    assert world.run(VERDICTS).is_success


def test_what_a_run_of_days_tells_of_a_day_is_no_count_of_its_rows(world: World) -> None:
    """Dagster shows what is told of a range beside each of its days: a day that stays as it is had 0 rows there."""
    assert world.run(DAYS, (day(0), day(0))).is_success
    with history.dagster_instance(world.house.home) as instance:
        assert running.run(world.definitions(), instance, world.given(), DAYS, (day(0), day(0))).is_success
        event = instance.get_latest_materialization_event(key(DAILY[0]))
    assert event is not None
    assert event.asset_materialization is not None
    told = {name: value.value for name, value in event.asset_materialization.metadata.items()}
    assert (told.pop("seconds") >= 0, told) == (True, {"rows_built": 0, "days_built": 0})


def test_one_run_of_verdicts_follows_a_landing(world: World) -> None:
    """Two ranges of days that end between two looks of the sensor asked for verdicts twice."""
    definitions = world.definitions()
    chain = next(sensor for sensor in definitions.sensors or [] if sensor.name == "chain")
    asked = []
    with history.dagster_instance(world.house.home) as instance:
        for after in ("r1", "r1", "r2"):
            job = definitions.resolve_job_def(DAYS)
            ran = job.execute_in_process(
                instance=instance,
                tags={**automation.range_tags(day(0), day(0)), automation.AFTER: after},
                resources={**world.given(), "house": world.house},
                run_config=running.QUIET,
            )
            event = next(each for each in instance.all_logs(ran.run_id) if each.dagster_event and each.dagster_event.is_job_success)
            run = instance.get_run_by_id(ran.run_id)
            context = dg.build_run_status_sensor_context("chain", event.dagster_event, instance, run, resources={"engine": DuckDBEngine(world.house.home)})
            asked += list(chain(context))
    assert [(request.job_name, request.run_key) for request in asked] == [(VERDICTS, "r1"), (VERDICTS, "r1"), (VERDICTS, "r2")]


def test_what_follows_a_job() -> None:
    """The daemon must do what the command line does: days by range, then verdicts once no day is left."""
    after_landing = list(automation.following(LANDING, "r1", [day(0), day(1), day(5)]))
    assert [(request.job_name, request.tags[automation.FIRST], request.tags[automation.LAST], request.tags[automation.AFTER]) for request in after_landing] == [
        (DAYS, "2026-03-01", "2026-03-02", "r1"),
        (DAYS, "2026-03-06", "2026-03-06", "r1"),
    ]
    assert [request.job_name for request in automation.following(LANDING, "r1", [])] == [VERDICTS]
    assert [request.job_name for request in automation.following(DAYS, "r2", [])] == [VERDICTS]
    assert isinstance(next(automation.following(DAYS, "r2", [day(5)])), dg.SkipReason)


def test_runs_of_the_command_line_are_not_run_again_by_the_sensors(world: World) -> None:
    """With the page open beside a terminal, the same days would be built by two processes at once."""
    definitions = world.definitions()
    chain = next(sensor for sensor in definitions.sensors or [] if sensor.name == "chain")
    with history.dagster_instance(world.house.home) as instance:
        outcome = running.run(definitions, instance, {"house": world.house, "suites": None}, LANDING)
        run = instance.get_run_by_id(outcome.run_id)
        event = next(each for each in instance.all_logs(outcome.run_id) if each.dagster_event and each.dagster_event.is_job_success)
        context = dg.build_run_status_sensor_context("chain", event.dagster_event, instance, run, resources={"engine": DuckDBEngine(world.house.home)})
        assert "command line" in str(list(chain(context)))
