"""The life of a finding over runs: found, reviewed by whoever may, settled, and open again when it appears anew."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.cli import status_of

pytestmark = pytest.mark.usefixtures("unjudged")

GRANT = "grant_id,account_id,granted_by,grantee,valid_from,valid_to,recorded_at,revoked_at,revocation_recorded_at\n"
FILES = {
    "staff/staff.csv": "staff_id,logins\namy,amy@vendor.example.com;amy-admin\nbob,bob@vendor.example.com\n",
    "grantors/grantors.csv": "person_id,account_id,valid_from\ncora,C1,2025-01-01T00:00:00Z\n",
    "grants/first.csv": GRANT + "g1,C1,cora,person:amy,2026-03-01T00:00:00Z,2026-03-10T10:00:00Z,2026-03-01T00:00:00Z,,\n",
    "access_events/first.csv": "event_id,actor,occurred_at,account_id,record_class,record_id,action\ne1,amy,2026-03-10T10:00:00Z,C1,job,r1,read\n",
}
REVOKED = GRANT + "g1,C1,cora,person:amy,2026-03-01T00:00:00Z,2026-03-10T10:00:00Z,2026-03-01T00:00:00Z,2026-03-05T00:00:00Z,2026-03-05T00:00:00Z\n"
HEAD = "finding_id,status,reviewed_at,reviewed_by,note\n"


@pytest.fixture
def landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a landing folder with one access, at the very end of its grant."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name, text in FILES.items():
        put(tmp_path / "landing", name, text)
    return tmp_path / "landing"


def put(landing: Path, name: str, text: str) -> None:
    """Write a file of the landing folder."""
    (landing / name).parent.mkdir(parents=True, exist_ok=True)
    (landing / name).write_text(text)


def run(landing: Path, day: int, capsys: pytest.CaptureFixture[str]) -> tuple[str, str, str, list[Any]]:
    """Run as of a day of March, and return id, code and status of the finding, and what is told of reviews."""
    home = landing.parent / "home"
    capsys.readouterr()
    assert status_of(["run", str(landing), "--home", str(home), "--as-of", f"2026-03-{day}T00:00:00Z", "--json"]) == 0
    told = [(row["fault"], row["is_missing"], row["reviews"]) for row in json.loads(capsys.readouterr().out)["reviews"]]
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
        found = warehouse.sql("select finding_id, code, status from reported.findings where control = 'access_without_grant'").fetchall()
    assert len(found) == 1
    return (*found[0], told)


def test_the_life_of_a_finding(landing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever is under review must not settle it, nobody may lose or rewrite what was decided, and a decision on one verdict is none on another."""
    finding, *new = run(landing, 11, capsys)
    assert new == ["EXPIRED", "new", []]
    own = f"{finding},justified,2026-03-11T09:00:00Z,amy-admin,it was me\n"
    put(landing, "reviews/reviews.csv", HEAD + own + f"{'0' * 32},justified,2026-03-11T09:00:00Z,bob,typing error\n")
    assert run(landing, 12, capsys) == (finding, "EXPIRED", "new", [("FINDING_UNKNOWN", False, 1), ("REVIEWER_UNDER_REVIEW", False, 1)])
    settled = f"{finding},justified,2026-03-12T09:00:00Z,bob@vendor.example.com,the customer asked on the phone\n"
    put(landing, "reviews/reviews.csv", HEAD + own + settled)
    assert run(landing, 13, capsys)[1:3] == ("EXPIRED", "justified")
    put(landing, "reviews/reviews.csv", HEAD + settled.replace("justified", "false_positive"))
    assert run(landing, 14, capsys)[1:] == (
        "EXPIRED",
        "justified",
        [("FINDING_UNKNOWN", True, 1), ("REVIEWER_UNDER_REVIEW", True, 1), ("REVIEW_CHANGED", False, 1), (None, True, 1)],
    )
    put(landing, "grants/later.csv", REVOKED)
    assert run(landing, 15, capsys)[:3] == (finding, "REVOKED", "reopened")
    assert run(landing, 16, capsys)[:3] == (finding, "REVOKED", "reopened")
    put(landing, "reviews/reviews.csv", HEAD + f"{finding},remediated,2026-03-17T09:00:00Z,bob,trained\n")
    assert run(landing, 18, capsys)[:3] == (finding, "REVOKED", "remediated")
    page = (landing.parent / "home" / "reports" / "2026-03" / "report.html").read_text()
    assert "REVIEWER_UNDER_REVIEW" in page
    assert "the customer asked" not in page
