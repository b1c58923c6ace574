"""The eleven parts of a report as tables, in the order in which an auditor reads them: the workbook and the printed report are made of these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dagster_project.publishing import words

Row = Mapping[str, Any]
EXEMPT = ("EXEMPT_CLASS", "EXEMPT_METRICS_ONLY", "SELF_ACCESS")


@dataclass(frozen=True)
class Part:
    """One part: its title, a sentence, and a table of these columns."""

    title: str
    lead: str
    columns: tuple[str, ...]
    rows: Sequence[Row]


def parts(facts: Row, hashes: Mapping[str, str]) -> list[Part]:
    """Return the parts of a report for compliance; `hashes` are those of the files that are made before it."""
    exempt = [{**row, "meaning": words.CODES[row["code"]]} for row in facts["decisions"] if row["code"] in EXEMPT]
    found = (
        "finding_id", "control", "code", "severity", "occurred_at", "account_id", "staff_id", "summary", "record_class", "nearest_grant_id", "all_faults",
        "is_provisional", "is_late", "first_seen_at", "status",
    )  # fmt: skip
    counted = ("folder", "inputs", "refused_inputs", "lines", "parsed", "quarantined", "blank_or_comment", "duplicates", "is_reconciled")
    granted = ("grant_id", "account_id", "grantee_kind", "grantee_id", "valid_from", "valid_to", "revoked_at", "state", "is_unbounded", "accesses", "last_used_at")
    opened = ("emergency_id", "opened_at", "account_id", "staff_id", "ttl_s", "has_reason", "decision", "decided_at", "accesses", "codes")
    unsure = ("occurred_at", "code", "account_id", "staff_id", "record_class", "source", "event_id")
    return [
        Part("Statement", f"Evidence of {facts['period']}, as of {facts['as_of']}. All times are UTC.", ("what", "count"), _statement(facts)),
        Part("Promises", "A promise that cannot be proven is never counted as kept.", ("promise_id", "promised", "status", "checked", "broken", "reason"), facts["promises"]),
        Part("Population and completeness", f"Every line that was read: lines = parsed + quarantined + blank. {_missing(facts)}", counted, facts["population"]),
        Part("Findings", "What each control found, the gravest first.", found, facts["findings"]),
        Part("Exemptions", "Accesses that need no permission.", ("code", "meaning", "accesses"), exempt),
        Part("Emergencies", "Accesses without a permission, on which the customer decides afterwards.", opened, facts["emergencies"]),
        Part("Grants", "Permissions that stand, and those that began or ended in this month.", granted, facts["grants"]),
        Part("Undetermined", "What the evidence cannot decide; never counted as permitted.", unsure, facts["undetermined"]),
        Part("Changes since the last report", _against(facts["changes"]), ("what", "before", "now"), _changes(facts["changes"])),
        Part("Method", "How the figures came about.", ("step", "meaning"), [{"step": name, "meaning": meaning} for name, meaning in words.METHOD.items()]),
        Part("Integrity", "The same inputs, settings and code give the same bytes; glasshouse verify checks them.", ("what", "value"), _integrity(facts, hashes)),
    ]


def _missing(facts: Row) -> str:
    told = "; ".join(f"{row['reason']} ({', '.join(row['promise_ids'])})" for row in facts["missing"])
    return f"Missing or undecided, with the promises that it keeps from being proven: {told}." if told else "Nothing is missing or undecided."


def _statement(facts: Row) -> list[Row]:
    promises = {f"promises {name.replace('_', ' ')}": sum(row["status"] == name for row in facts["promises"]) for name in words.STATUSES}
    accesses = {f"accesses {label.lower()}": sum(row["accesses"] for row in facts["decisions"] if row["outcome"] == name) for name, label in words.OUTCOMES.items()}
    return [{"what": name, "count": count} for name, count in {**promises, **accesses, "findings of all controls": len(facts["findings"])}.items()]


def _against(changes: Row | None) -> str:
    return "There is no earlier report to compare with." if changes is None else f"Against {changes['against']} as of {changes['against_as_of']}."


def _changes(changes: Row | None) -> list[Row]:
    if changes is None:
        return []
    counted = [
        {"what": f"{kind} {row[key]}", "before": row["before"], "now": row["after"]}
        for kind, key, rows in (("promise", "promise_id", changes["promises"]), ("accesses", "outcome", changes["accesses"]), ("findings of", "control", changes["controls"]))
        for row in rows
    ]
    new = [{"what": f"new: {row['summary']}", "before": None, "now": row["code"]} for row in changes["new"]]
    gone = [{"what": f"gone: {row['summary']}", "before": row["code"], "now": None} for row in changes["gone"]]
    changed = [{"what": f"changed: {row['summary']}", "before": row["before"], "now": row["after"]} for row in changes["changed"]]
    return [*counted, *new, *gone, *changed]


def _integrity(facts: Row, hashes: Mapping[str, str]) -> list[Row]:
    proof = facts["proof"]
    proved = "none so far" if proof is None else f"{proof['proved_at']:%Y-%m-%d}: {proof['leaks']:,} leaks in {proof['canaries']:,} kinds of identifier"
    return [{"what": name, "value": value} for name, value in {**facts["integrity"], "proof by experiment": proved, **hashes, **facts["left_out"]}.items()]
