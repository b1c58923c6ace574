"""Runs that Dagster itself starts hold HOME as the command line does: two that write never mix."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import dagster as dg
import pytest

from dagster_project import dagster_resources
from dagster_project.engines.house import House
from dagster_project.engines.intake.recovery import held
from dagster_project.errors import UsageError
from dagster_project.history import LOST, dagster_instance, end_lost_runs

SEEN: list[House] = []


@dg.op(required_resource_keys={"house"})
def write(context: dg.OpExecutionContext) -> None:
    """Stand for a step that writes, and see that nobody else can."""
    house = context.resources.house
    with pytest.raises(UsageError, match="another run is at work"), held(house.home):
        pass
    SEEN.append(house)


@dg.job(resource_defs={"house": dagster_resources.house}, executor_def=dg.in_process_executor)
def writing() -> None:
    """Run the step."""
    write()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a HOME that the environment names, as for schedules."""
    monkeypatch.setenv("GLASSHOUSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    SEEN.clear()
    yield tmp_path / "home"
    SEEN.clear()


def is_done(home: Path) -> bool:
    """Run the job as Dagster does; tell whether it went well."""
    with dagster_instance(home) as instance:
        return writing.execute_in_process(instance=instance, raise_on_error=False).success


def test_a_run_of_dagster_holds_home_and_lets_go_of_it(home: Path) -> None:
    """A `glasshouse run` beside it would sweep away what it is writing."""
    assert is_done(home)
    assert [house.home for house in SEEN] == [home]
    with held(home):
        assert home.is_dir()


def test_a_run_that_waits_in_vain_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It writes nothing: the other run has HOME for itself."""
    monkeypatch.setattr(dagster_resources, "PATIENCE_S", 0)
    with held(home):
        assert not is_done(home)
    assert SEEN == []
    assert is_done(home)


def test_a_scheduled_run_waits_for_the_one_at_work(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A night must not be lost to a seal of seconds; and what it knows is as of when it began to work."""
    monkeypatch.setattr(dagster_resources, "LOOK_AGAIN_S", 0.05)
    ended = []

    def other() -> None:
        with held(home):
            time.sleep(1)
            ended.append(dagster_resources.now())

    thread = Thread(target=other)
    thread.start()
    while not (home / "lock").exists():
        time.sleep(0.01)
    time.sleep(0.1)
    assert is_done(home)
    thread.join()
    assert SEEN[0].as_of >= ended[0]


def test_a_run_that_waits_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour without a word looks like a run that hangs; and one that waited in vain says why it failed."""
    monkeypatch.setattr(dagster_resources, "PATIENCE_S", 0)
    with held(home), dagster_instance(home) as instance:
        ran = writing.execute_in_process(instance=instance, raise_on_error=False)
        said = [event.user_message for event in instance.all_logs(ran.run_id)]
        failed = [str(event.dagster_event.event_specific_data) for event in instance.all_logs(ran.run_id) if event.dagster_event and event.dagster_event.is_failure]
    assert said.count("another run is at work in this HOME; this one waits for it, up to 0 minutes") == 1
    assert any("another run is at work in this HOME; wait until it has ended" in each for each in failed)


def test_a_sensor_only_looks(home: Path) -> None:
    """The watch on the landing folder must go on while a run is at work, and must not keep one from starting."""
    with held(home), dg.build_resources({"house": dagster_resources.house}) as given:
        assert given.house.home == home
    with dg.build_resources({"house": dagster_resources.house}), held(home):
        assert home.is_dir()


BY_COMMAND_LINE = {"glasshouse/by": "command_line"}


@pytest.mark.parametrize(
    ("tags", "is_held", "expected"),
    [(None, False, ["FAILURE", "FAILURE", "SUCCESS"]), (BY_COMMAND_LINE, False, ["FAILURE", "STARTED", "SUCCESS"]), (None, True, ["STARTED", "STARTED", "SUCCESS"])],
)
def test_a_run_that_was_killed_keeps_no_other_waiting(tags: dict[str, str] | None, is_held: bool, expected: list[str], home: Path) -> None:
    """One run writes at a time: after a power cut Dagster would wait for ever for what was at work, and no day were sealed."""
    with dagster_instance(home) as instance, ExitStack() as stack:
        runs = [instance.create_run_for_job(writing, status=dg.DagsterRunStatus.STARTED, tags=each) for each in (BY_COMMAND_LINE, {})]
        runs.append(instance.create_run_for_job(writing, status=dg.DagsterRunStatus.SUCCESS))
        if is_held:
            stack.enter_context(held(home))
        end_lost_runs(instance, home, tags)
        now = [instance.get_run_by_id(run.run_id) for run in runs]
        said = [event.message for event in instance.all_logs(runs[0].run_id)]
    assert [run.status.value for run in now if run] == expected
    assert (LOST in said) == (expected[0] == "FAILURE")


@pytest.mark.parametrize(("folder", "said"), [("home/dagster", "holds no dagster.yaml of Glasshouse"), ("other/dagster", "not the folder dagster of GLASSHOUSE_HOME")])
def test_dagster_by_hand_works_on_the_store_of_home_alone(folder: str, said: str, home: Path) -> None:
    """Another's would end runs that are at work there, and one without our dagster.yaml would keep what steps print."""
    (home.parent / folder).mkdir(parents=True)
    with dg.DagsterInstance.from_config(str(home.parent / folder)) as instance:
        ran = writing.execute_in_process(instance=instance, raise_on_error=False)
        failed = [str(event.dagster_event.event_specific_data) for event in instance.all_logs(ran.run_id) if event.dagster_event and event.dagster_event.is_failure]
        with pytest.raises(UsageError, match=said):
            end_lost_runs(instance, home)
    assert not ran.success
    assert any(said in each for each in failed)
    assert SEEN == []
