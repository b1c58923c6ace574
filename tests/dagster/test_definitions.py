"""What Dagster shows: the graph holds every table of sql/ and nothing else hangs in the air."""

import shutil
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from dagster_project import automation, checks, definitions, history, resources, running
from dagster_project.assets import OVER, PROOF
from dagster_project.checks import key
from dagster_project.engines import catalog
from dagster_project.errors import GlasshouseError
from dagster_project.publishing.proofs import kept
from dagster_project.settings import Retention
from dagster_project.sql_assets import DAYS, sql_assets
from tests.dagster.made import World

SELECTS = [table for table in catalog.tables().values() if table.kind == "select"]


@pytest.fixture(scope="module")
def graph() -> AssetGraph:
    """Give the whole graph."""
    return definitions.assembled().resolve_asset_graph()


@pytest.mark.parametrize("table", SELECTS, ids=lambda table: table.name)
def test_every_select_is_an_asset_documented_by_its_file(table: catalog.Table) -> None:
    """A table that someone adds to sql/ must show in the graph with no other change, or its documentation is written twice."""
    asset = sql_assets([table])[0]
    spec = asset.get_asset_spec(key(table.name))
    columns = spec.metadata["dagster/column_schema"].columns
    assert spec.description == table.comment
    assert [(column.name, column.type, column.description) for column in columns] == [(column.name, column.type, column.meaning) for column in table.columns]
    assert {dep.asset_key for dep in spec.deps} == {key(read) for read in table.reads}
    assert spec.group_name == table.path.parent.name if table.name != catalog.FINDINGS else spec.group_name == "3_flagged"
    assert (spec.partitions_def == DAYS) == table.is_daily


def test_no_asset_waits_for_what_nothing_makes(graph: AssetGraph) -> None:
    """An input that no asset makes would never be fresh, and a reader of the graph could not see where rows come from."""
    assert {each.to_user_string() for each in graph.external_asset_keys} == set()
    assert {key(name) for name in catalog.tables()} <= set(graph.materializable_asset_keys)


def test_every_suite_is_a_check_that_blocks(graph: AssetGraph) -> None:
    """A suite that is not wired up checks nothing; one that does not block lets a broken table be published."""
    suites = {(path.parent.name[2:], path.stem) for path in (catalog.root() / "expectations").rglob("*.json")}
    rules = {("retention", rule) for rule in Retention.model_fields}
    assert {tuple(each.asset_key.path) for each in graph.asset_check_keys} == suites | rules | {("house", "proof")}
    assert [each.name for each in graph.asset_check_keys if not graph.get_check_spec(each).blocking] == ["none_refused"]


def test_every_asset_runs_in_exactly_one_step_of_a_whole_run_or_in_the_purge() -> None:
    """An asset in none of the three jobs is never built; one in two is built twice. What removes evidence is no part of them, nor is the proof, which runs them."""
    defs = definitions.assembled()
    jobs = [defs.resolve_job_def(name) for name in ("landing", "days", "verdicts", "purge_due")]
    chosen = [each for job in jobs for each in job.asset_layer.selected_asset_keys]
    assert len(chosen) == len(set(chosen))
    assert set(chosen) | {PROOF, OVER} == set(defs.resolve_asset_graph().materializable_asset_keys)
    assert set(defs.resolve_job_def("proof").asset_layer.selected_asset_keys) == {PROOF}
    assert set(defs.resolve_job_def("monthly_report").asset_layer.selected_asset_keys) == {OVER}


def test_jobs_schedules_and_sensors_say_what_they_do() -> None:
    """`hourly` tells nobody what is done each hour; a reader of the page has nothing else to go by."""
    defs = definitions.assembled()
    jobs = [defs.resolve_job_def(name) for name in automation.MEANING]
    assert [each.name for each in [*jobs, *(defs.schedules or ()), *(defs.sensors or ())] if not each.description] == []
    assert {each.execution_timezone for each in defs.schedules or () if isinstance(each, dg.ScheduleDefinition)} == {"UTC"}


def test_seal_and_purge_have_schedules_that_run() -> None:
    """A key must not outlive its hour, nor a row its day, because nobody pressed a button."""
    at = {
        schedule.job_name: (schedule.cron_schedule, schedule.default_status) for schedule in definitions.assembled().schedules or [] if isinstance(schedule, dg.ScheduleDefinition)
    }
    running = dg.DefaultScheduleStatus.RUNNING
    assert (at["seal_due"], at["purge_due"]) == (("30 * * * *", running), ("0 5 * * *", running))


def test_a_suite_without_a_table_is_refused(world: World) -> None:
    """A suite with a misspelt name would silently check nothing."""
    stray = world.suites_folder / "2_measured" / "no_such_table.json"
    stray.parent.mkdir(parents=True)
    stray.write_text('{"expectations": []}')
    with pytest.raises(GlasshouseError, match=r"2_measured/no_such_table.json: no file of sql/"):
        checks.refuse_strays(world.tables, world.suites_folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"expectations": [1]}'])
def test_a_suite_that_is_none_is_refused(world: World, text: str) -> None:
    """A damaged suite must stop the start, not pass as a suite without expectations."""
    world.suite("measured.card_number_lines")
    next(world.suites_folder.rglob("*.json")).write_text(text)
    with pytest.raises(GlasshouseError, match=r"2_measured/card_number_lines.json: write an object"):
        checks.specs(world.tables, world.suites_folder)


def test_every_day_a_stamp_can_name_is_a_partition() -> None:
    """A log from 1995 is a log like any other: a day without a partition could not be built."""
    assert DAYS.has_partition_key(date(1995, 7, 1).isoformat())
    assert not DAYS.has_partition_key("1989-12-31")


def test_no_module_of_dagster_postpones_its_annotations() -> None:
    """Postponed annotations break Dagster's context and resource parameters."""
    folder = Path(definitions.__file__).parent
    assert not [path.name for path in folder.glob("*.py") if "from __future__ import annotations" in path.read_text()]


def test_the_proof_is_made_every_week() -> None:
    """A proof that someone must think of is as old as the last audit."""
    schedules = {each.name: each for each in definitions.assembled().schedules or ()}
    assert (schedules["weekly"].cron_schedule, schedules["weekly"].job_name) == ("0 4 * * 0", "proof")
    assert schedules["weekly"].default_status.value == "RUNNING"


@pytest.mark.slow
def test_the_proof_runs_as_an_asset_with_a_check(demo_home: Path, tmp_path: Path) -> None:
    """What the schedule starts is the same proof: its counts are metadata, and a leak would fail a check that blocks."""
    home = Path(shutil.copytree(demo_home, tmp_path / "home"))
    house = resources.open_house(home)
    with history.dagster_instance(home) as instance:
        outcome = running.run(definitions.assembled(), instance, {"house": house}, "proof")
    assert (outcome.is_success, outcome.failed_checks, outcome.faults) == (True, {}, ())
    proof = kept(home)
    assert proof is not None
    assert proof.held
