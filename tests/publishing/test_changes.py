"""What one report says that another does not."""

from typing import Any

import pytest

from dagster_project.publishing import parts
from dagster_project.publishing.changes import changes

FINDING = {
    "finding_id": "f1", "control": "access_without_grant", "code": "EXPIRED", "severity": "medium", "status": "new", "occurred_at": "2026-02-10T10:00:00Z",
    "account_id": "acme", "staff_id": "ada", "summary": "Staff ada read invoice r1 of acme.",
}  # fmt: skip


def told(**altered: str) -> dict[str, Any]:
    """Return a report of one finding."""
    return {"period": "2026-02", "as_of": "2026-03-02T00:00:00Z", "promises": [], "decisions": [], "findings": [{**FINDING, **altered}]}


@pytest.mark.parametrize(
    ("altered", "before", "after"),
    [
        ({"status": "justified"}, "new", "justified"),
        ({"severity": "high"}, "medium", "high"),
        ({"code": "NO_GRANT"}, "EXPIRED", "NO_GRANT"),
        ({"code": "NO_GRANT", "severity": "high", "status": "reopened"}, "EXPIRED, medium, new", "NO_GRANT, high, reopened"),
    ],
    ids=["reviewed", "graver", "judged otherwise", "all of it"],
)
def test_a_finding_that_changed_tells_what_of_it(altered: dict[str, str], before: str, after: str) -> None:
    """`EXPIRED → EXPIRED` hid that somebody had justified it."""
    found = changes(told(), told(**altered))["changed"]
    assert [(row["before"], row["after"]) for row in found] == [(before, after)]


def test_a_finding_of_which_other_words_are_told_did_not_change() -> None:
    """Another grant that comes closest changes the sentence, and nothing that counts."""
    assert changes(told(), told(summary="Staff ada read invoice r2 of acme."))["changed"] == []


def test_the_workbook_tells_what_was_and_what_is() -> None:
    """A finding that is gone has no verdict now; it stood there as if it had."""
    before, after = told(), told()
    before["findings"].append({**FINDING, "finding_id": "gone"})
    after["findings"] += [{**FINDING, "finding_id": "new"}]
    after["findings"][0] = {**FINDING, "status": "justified"}
    rows = parts._changes(changes(before, after))
    assert [(row["what"].partition(":")[0], row["before"], row["now"]) for row in rows] == [("new", None, "EXPIRED"), ("gone", "EXPIRED", None), ("changed", "new", "justified")]
