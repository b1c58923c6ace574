"""The purge as Dagster runs it: an asset and a check for each rule of retention, HOME held, counts and nothing else kept."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from dagster_project import assets, definitions, resources
from dagster_project.engines.lake import Lake, schema
from dagster_project.history import dagster_instance
from dagster_project.settings import Retention
from tests.dagster.made import REQUEST, SOURCE

DAY = date(2026, 3, 1)
LAST = "dagster/row_count"


def sealed(home: Path, ago: timedelta) -> Lake:
    """Put a request on a day that was sealed so long ago."""
    lake, now = Lake(home), resources.now()
    began = datetime(2026, 3, 1, tzinfo=UTC)
    row = {**REQUEST, "day": DAY, "occurred_at": began}
    key = {"key_id": "0" * 16, "purpose": "visitor", "day": DAY, "created_at": began, "destroy_after": began + timedelta(days=2), "destroyed_at": now - ago}
    lake.write(SOURCE, pa.Table.from_pylist([row], schema(SOURCE)), "a-0", DAY)
    keys = {**key, "destroyed_by_run": "r", "rows_tokenised": 1, "kcv": "0" * 8, "checked_at": now}
    lake.write("ledger.keys", pa.Table.from_pylist([keys], schema("ledger.keys")), "part")
    return lake


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a HOME that the environment names, as for schedules."""
    monkeypatch.setenv("GLASSHOUSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("GLASSHOUSE_LANDING", raising=False)
    return tmp_path / "home"


@pytest.mark.parametrize(("ago", "rows"), [(timedelta(days=6), 0), (timedelta(days=8), 1)])
def test_the_daily_job_removes_what_is_past_its_time(ago: timedelta, rows: int, home: Path) -> None:
    """The schedule starts just this job: a rule that only the command line knew would be kept by nobody."""
    lake = sealed(home, ago)
    with dagster_instance(home) as instance:
        ran = definitions.assembled().resolve_job_def("purge_due").execute_in_process(instance=instance)
    assert ran.success
    assert len(lake.days(SOURCE)) == 1 - rows
    made = {"/".join(event.asset_key.path): event.materialization.metadata[LAST].value for event in ran.get_asset_materialization_events() if event.asset_key}
    assert made["retention/request_days"] == made["ledger/purges"] == rows
    judged = {each.asset_key.path[-1]: each.passed for each in ran.get_asset_check_evaluations()}
    assert judged == dict.fromkeys([*Retention.model_fields, "purges"], True)


def test_a_row_that_stays_fails_its_check(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """The check opens the files again: what a purge left behind is seen, by rule."""
    sealed(home, timedelta(days=8))
    monkeypatch.setattr(assets, "purge", lambda *_: [])
    with dagster_instance(home) as instance:
        ran = definitions.assembled().resolve_job_def("purge_due").execute_in_process(instance=instance, raise_on_error=False)
    assert not ran.success
    failed = [(each.asset_key, each.metadata["rows_past_their_time"].value) for each in ran.get_asset_check_evaluations() if not each.passed]
    assert failed == [(dg.AssetKey(["retention", "request_days"]), 1)]
