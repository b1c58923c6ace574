"""A report as events of the Open Cybersecurity Schema Framework 1.5, JSON Lines, for whoever collects such events; by the same words as the page.

2004 Detection Finding for each finding, 2003 Compliance Finding for each promise and period, 6005 Datastore Activity for each access to records,
6003 API Activity where what was done is no reading or writing of them. No address stands in them: where an access came from is its log.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from dagster_project.evidence.merkle import canonical
from dagster_project.publishing.words import CODES, titled

VERSION = "1.5.0"
Row = Mapping[str, Any]
Event = dict[str, Any]
FINDING, COMPLIANCE, DATASTORE, API = 2004, 2003, 6005, 6003
SEVERITY = {"low": 2, "medium": 3, "high": 4, "critical": 5}
INFORMATIONAL, OTHER = 1, 99
REVIEWED = {"new": 1, "reopened": 1, "acknowledged": 2, "justified": 3, "false_positive": 3, "remediated": 4}  # new, in progress, suppressed, resolved
PROVEN = {"kept": 1, "unproven": 2, "broken": 3}  # pass, warning, fail
DONE = {"read": 1, "export": 1, "view": 1, "update": 2, "query": 4, "search": 4, "write": 5, "create": 6, "delete": 7, "list": 8}
DENIED = "ATTEMPT_DENIED"


def events(facts: Row, accesses: Iterable[Row], named: Callable[[str | None], str | None], as_of: datetime) -> Iterator[bytes]:
    """Yield a line for each event: promises, findings, then the accesses, which are rows of sql/report/lines.sql; what has no instant has that of the as-of."""
    told = {"version": VERSION, "product": {"name": "Glasshouse", "version": facts["integrity"]["code_version"]}}
    made = (*(_promise(row, facts["period"], as_of) for row in facts["promises"]), *(_finding(row, as_of) for row in facts["findings"]))
    for event in made:
        yield canonical({**event, "metadata": told}) + b"\n"
    for row in accesses:
        yield canonical({**_access(row, named, as_of), "metadata": told}) + b"\n"


def _event(kind: int, activity: int, severity: int, at: datetime | None, as_of: datetime) -> Event:
    since_1970_ms = int((at or as_of).timestamp() * 1000)
    return {"category_uid": kind // 1000, "class_uid": kind, "type_uid": kind * 100 + activity, "activity_id": activity, "severity_id": severity, "time": since_1970_ms}


def _promise(row: Row, period: str, as_of: datetime) -> Event:
    status = PROVEN.get(row["status"], OTHER)
    detail = {"status_details": [row["reason"]]} if row["reason"] else {}
    compliance = {"control": row["promise_id"], "desc": row["promised"] or "", "standards": [row["policy"]], "status": row["status"], "status_id": status, **detail}
    return {
        **_event(COMPLIANCE, 1, SEVERITY["high"] if row["status"] == "broken" else INFORMATIONAL, None, as_of),
        "finding_info": {"uid": f"{row['policy']}/{row['promise_id']}/{period}", "title": f"{row['promise_id']}, {period}: {row['status']}", "types": row["controls"]},
        "compliance": compliance,
        "unmapped": {"period": period, "checked": row["checked"], "broken": row["broken"]},
    }


def _finding(row: Row, as_of: datetime) -> Event:
    actor = [{"actor": {"user": {"uid": row["staff_id"]}}}] if row["staff_id"] else []
    return {
        **_event(FINDING, 1, SEVERITY.get(row["severity"], OTHER), row["occurred_at"], as_of),
        "status_id": REVIEWED.get(row["status"], OTHER),
        "status": row["status"],
        "message": row["summary"],
        "finding_info": {"uid": row["finding_id"], "title": titled(row["control"]), "desc": row["summary"], "types": [row["control"], row["code"]]},
        "resources": [{"uid": row["account_id"], "type": "account"}] if row["account_id"] else [],
        "evidences": actor,
        "unmapped": {"code": row["code"], "promises": row["promise_ids"]},
    }


def _access(row: Row, named: Callable[[str | None], str | None], as_of: datetime) -> Event:
    staff, action = named(row["staff_id"]), row["action"] or "read"
    severity = SEVERITY["high"] if row["outcome"] == "violation" else INFORMATIONAL
    kept = ("account_id", "record_class", "records", "bytes", "purpose", "grant_id", "outcome", "verdict", "id")
    event: Event = {
        "actor": {"user": {"uid": staff}} if staff else {"app_name": row["source"]},
        "src_endpoint": {"svc_name": row["source"]},
        "status_id": 2 if row["verdict"] == DENIED else 1,
        "message": CODES.get(row["verdict"], row["verdict"]),
        "unmapped": {name: row[name] for name in kept if row[name] is not None},
    }
    if action in DONE:
        database = {"name": row["record_class"] or "unknown", "type_id": 0}
        return {**_event(DATASTORE, DONE[action], severity, row["happened_at"], as_of), **event, "database": database}
    return {**_event(API, OTHER, severity, row["happened_at"], as_of), **event, "activity_name": action, "api": {"operation": action}}
