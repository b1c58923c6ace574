"""An old report is made again from the same files, and from files that have grown: what was recorded later did not exist."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.cli import status_of

pytestmark = pytest.mark.usefixtures("unjudged")

T1, T2 = "2026-03-20T00:00:00Z", "2026-03-30T00:00:00Z"
GRANT = "grant_id,account_id,granted_by,grantee,record_classes,valid_from,valid_to,recorded_at,revoked_at,revocation_recorded_at\n"
EMERGENCY = {"emergency_id": "b1", "staff_id": "kim", "account_id": "C1", "opened_at": "2026-03-10T09:00:00Z", "ttl_s": 7200, "decide_within_s": 2592000, "reason": "outage"}
DECIDED = {"decision": "approve", "decided_by": "cora", "decided_at": "2026-03-20T00:00:00.000001Z"}
EVENTS = "event_id,actor,occurred_at,observed_at,account_id,record_class,record_id,action\n"

FIRST = {
    "staff/staff.csv": "staff_id\namy\nbob\nkim\nlee\npam\n",
    "grantors/grantors.csv": "person_id,account_id,valid_from\ncora,C1,2025-01-01T00:00:00Z\n",
    "grants/first.csv": GRANT + "g-amy,C1,cora,person:amy,job,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,2026-03-01T00:00:00Z,,\n"
    "g-note,C1,cora,person:amy,note,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,2026-03-01T00:00:00Z,,\n"
    "g-team,C1,cora,team:support,job,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,2026-03-01T00:00:00Z,,\n",
    "teams/first.csv": "staff_id,team,valid_from,valid_to,recorded_at\nlee,support,2026-03-01T00:00:00Z,,2026-03-01T00:00:00Z\n",
    "emergencies/first.jsonl": json.dumps(EMERGENCY) + "\n",
    "opt_outs/first.csv": "account_id,valid_from,record_class,recorded_at\nC1,2026-03-01T00:00:00Z,ticket,2026-03-01T00:00:00Z\n",
    "access_events/first.csv": EVENTS
    + "".join(f"{name},{name},2026-03-10T10:00:00Z,,C1,job,r1,read\n" for name in ("amy", "bob", "kim", "lee", "pam"))
    + "note,amy,2026-03-10T10:00:00Z,,C1,note,r1,read\n"
    + "at_as_of,amy,2026-03-10T11:00:00Z,2026-03-20T00:00:00Z,C1,job,r1,read\n",
}
LATER = {
    "grants/later.csv": GRANT + "g-bob,C1,cora,person:bob,job,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,2026-03-20T00:00:00.000001Z,,\n"
    "g-amy,C1,cora,person:amy,job,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,2026-03-01T00:00:00Z,2026-03-10T10:30:00Z,2026-03-20T00:00:00.000001Z\n",
    "teams/later.csv": "staff_id,team,valid_from,valid_to,recorded_at\nlee,support,2026-03-01T00:00:00Z,2026-03-10T10:00:00Z,2026-03-20T00:00:00.000001Z\n"
    "pam,support,2026-03-01T00:00:00Z,,2026-03-20T00:00:00.000001Z\n",
    "emergencies/later.jsonl": json.dumps(EMERGENCY | DECIDED) + "\n",
    "opt_outs/later.csv": "account_id,valid_from,record_class,recorded_at\nC1,2026-03-01T00:00:00Z,note,2026-03-20T00:00:00.000001Z\n",
    "access_events/later.csv": EVENTS + "known_later,bob,2026-03-10T10:00:00Z,2026-03-20T00:00:00.000001Z,C1,job,r1,read\nlater,amy,2026-03-21T10:00:00Z,,C1,job,r1,read\n",
}
AT_T1 = {"amy": "GRANTED", "at_as_of": "GRANTED", "bob": "NOT_TEAM_MEMBER", "kim": "BREAK_GLASS_PENDING", "lee": "GRANTED", "note": "GRANTED", "pam": "NOT_TEAM_MEMBER"}
AT_T2 = {
    "amy": "GRANTED", "at_as_of": "RETRO_REVOKED", "bob": "BACKDATED", "kim": "BREAK_GLASS_APPROVED", "lee": "RETRO_REVOKED", "note": "RETRO_REVOKED", "pam": "BACKDATED",
    "known_later": "BACKDATED", "later": "SCOPE_CLASS",
}  # fmt: skip
# What tells of the files and settings themselves.
OF_FILES = {"integrity", "population", "balance", "inputs"}


def deliver(landing: Path, files: dict[str, str]) -> None:
    """Write files below a landing folder."""
    for name, text in files.items():
        (landing / name).parent.mkdir(parents=True, exist_ok=True)
        (landing / name).write_text(text)


def run(landing: Path, home: Path, as_of: str) -> dict[str, str]:
    """Run, and return the code of each access."""
    assert status_of(["run", str(landing), "--home", str(home), "--as-of", as_of, "--json"]) == 0
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
        return dict(warehouse.sql("select event_id, code from flagged.access_decisions").fetchall())


def report(home: Path) -> dict[str, bytes]:
    """Return the files of the report of March."""
    return {path.name: path.read_bytes() for path in sorted((home / "reports" / "2026-03").iterdir()) if path.is_file()}


def told(files: dict[str, bytes]) -> dict[str, Any]:
    """Return what a report says, less what tells of the files it was made from."""
    facts: dict[str, Any] = json.loads(files["report.json"])
    return {name: value for name, value in facts.items() if name not in OF_FILES}


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a folder in which `first` holds the files of T1, `landing` has grown since, and `home` ran on both days."""
    folder = tmp_path_factory.mktemp("grown")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        deliver(folder / "first", FIRST)
        deliver(folder / "landing", FIRST)
        assert run(folder / "landing", folder / "home", T1) == AT_T1
        shutil.copytree(folder / "home" / "reports" / "2026-03", folder / "old" / "reports" / "2026-03")
        deliver(folder / "landing", LATER)
        assert run(folder / "landing", folder / "home", T2) == AT_T2
        yield folder


def test_the_same_files_give_the_old_report_again(grown: Path) -> None:
    """An auditor who was given files and report must come to the same bytes, whatever happened since."""
    assert run(grown / "first", grown / "again", T1) == AT_T1
    assert report(grown / "again") == report(grown / "old")
    assert report(grown / "home") != report(grown / "old")


def test_files_that_have_grown_tell_the_old_story(grown: Path) -> None:
    """Nothing recorded after the as-of exists: a permission entered later must not mend an old report, nor a revocation spoil it."""
    assert run(grown / "landing", grown / "again", T1) == AT_T1
    assert told(report(grown / "again")) == told(report(grown / "old"))


def test_an_earlier_as_of_in_the_same_home_tells_the_old_story(grown: Path) -> None:
    """Whoever asks again in the HOME that has grown must not be told otherwise."""
    shutil.copytree(grown / "home", grown / "asked")
    assert run(grown / "landing", grown / "asked", T1) == AT_T1
    assert told(report(grown / "asked")) == told(report(grown / "old"))
