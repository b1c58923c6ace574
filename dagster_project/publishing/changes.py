"""The differences between two reports, both as report.json has them. Keep out: tables."""

from typing import Any

from dagster_project.publishing.exports import as_json

Row = dict[str, Any]
VERDICT = ("code", "severity", "status")


def changes(before: Row, after: Row) -> Row:
    """Return what changed from one report to another: promises, accesses by outcome, findings by control; of the same period each finding too."""
    before, after = as_json(before), as_json(after)
    is_same = before["period"] == after["period"]
    old, new = ({row["finding_id"]: row for row in each["findings"]} for each in (before, after))
    return {
        "against": before["period"],
        "against_as_of": before["as_of"],
        "promises": _differing("promise_id", {row["promise_id"]: row["status"] for row in before["promises"]}, {row["promise_id"]: row["status"] for row in after["promises"]}),
        "accesses": _differing("outcome", _summed(before["decisions"]), _summed(after["decisions"])),
        "controls": _differing("control", _counted(before["findings"]), _counted(after["findings"])),
        "new": [_told(new[each]) for each in sorted(new.keys() - old.keys())] if is_same else [],
        "gone": [_told(old[each]) for each in sorted(old.keys() - new.keys())] if is_same else [],
        "changed": [_told(new[each], old[each]) for each in sorted(new.keys() & old.keys()) if _differences(old[each], new[each])],
    }


def is_any(changed: Row) -> bool:
    """Tell whether anything changed."""
    return any(changed[name] for name in ("promises", "accesses", "controls", "new", "gone", "changed"))


def _differing(name: str, before: Row, after: Row) -> list[Row]:
    keys = sorted(before.keys() | after.keys())
    return [{name: key, "before": before.get(key), "after": after.get(key)} for key in keys if before.get(key) != after.get(key)]


def _summed(decisions: list[Row]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for row in decisions:
        totals[row["outcome"]] = totals.get(row["outcome"], 0) + row["accesses"]
    return totals


def _counted(findings: list[Row]) -> dict[str, int]:
    return _summed([{"outcome": row["control"], "accesses": 1} for row in findings])


def _differences(before: Row, after: Row) -> list[str]:
    return [name for name in VERDICT if before[name] != after[name]]


def _told(row: Row, before: Row | None = None) -> Row:
    """Return what tells a finding; of one that changed, what it was and what it is in all that differs."""
    differing = [] if before is None else _differences(before, row)
    told = {"before": before and ", ".join(before[name] for name in differing), "after": before and ", ".join(row[name] for name in differing)}
    return {name: row[name] for name in ("finding_id", "control", "code", "severity", "occurred_at", "account_id", "staff_id", "summary")} | told
