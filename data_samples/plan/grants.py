"""What customers permitted: forty grants, their opt-outs, and the emergencies of an account that grants nothing."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from plan.company import OTTO_LEFT, Row, chief, user
from plan.week import AS_OF, TICK, at, iso, on

_NOTHING: list[str] = []
_BEGIN: Final = at(9)
_END: Final = at(15)
_RECORDED: Final = at(8, "16:00")
_ULF = chief("gorse")


@dataclass(frozen=True)
class Grant:
    """A row of grants/, with what is weak about it; `is_used` says whether a planted access relies on it."""

    grant_id: str
    grantee: str
    record_classes: list[str] | None
    valid_from: datetime = _BEGIN
    valid_to: datetime | None = _END
    recorded_at: datetime = _RECORDED
    granted_by: str = ""
    record_ids: list[str] | None = None
    actions: list[str] | None = field(default_factory=lambda: ["read", "list"])
    case_id: str | None = None
    revoked_at: datetime | None = None
    revocation_recorded_at: datetime | None = None
    weakness: str | None = None
    is_used: bool = True

    @property
    def account(self) -> str:
        """Return the account, told by the initial in the grant's id."""
        return {a[0]: a for a in ("alder", "birch", "cedar", "damson", "elder", "fern", "gorse", "hazel")}[self.grant_id[2]]


NINETY_DAYS = timedelta(days=90)
F01 = (at(9, "14:00"), at(11, "20:00"))
F02 = (at(9, "09:00:00.500000"), at(12, "12:00:00.500000"))

GRANTS = (
    Grant("g-a01", "person:amy", ["job"], at(9, "09:00"), at(13, "17:00"), at(9, "08:55")),
    Grant("g-a02", "person:ben", ["task"], record_ids=["t-1", "t-2", "t-3"]),
    Grant("g-a03", "person:cho", ["note"], case_id="C-501"),
    Grant("g-a04", "person:dev", ["timesheet"], granted_by="dev", is_used=False),
    Grant("g-a05", "person:eva", ["todo"], granted_by="gwen", is_used=False),
    Grant("g-a06", "person:finn", ["document"], OTTO_LEFT, recorded_at=OTTO_LEFT, granted_by=user("otto", "alder"), is_used=False),
    Grant("g-a07", "person:gwen", ["employee"], OTTO_LEFT, recorded_at=OTTO_LEFT - TICK, granted_by=user("otto", "alder")),
    Grant("g-a08", "person:hugo", ["person"], recorded_at=at(12, "10:00")),
    Grant("g-a09", "person:ines", ["invoice"], granted_by=chief("birch"), is_used=False),
    Grant("g-a10", "person:kim", ["contract"], granted_by="jack", is_used=False),
    Grant("g-a11", "person:cho", ["payment"], granted_by="chollis", is_used=False),
    Grant("g-b01", "team:support", ["job", "task"], valid_to=at(15, "12:00")),
    Grant("g-b02", "person:finn", ["invoice"], valid_to=at(14), revoked_at=at(11, "15:00")),
    Grant("g-b03", "person:dev", ["note"], valid_to=at(14), revoked_at=at(10, "12:00"), revocation_recorded_at=at(12, "09:00")),
    Grant("g-b04", "person:eva", ["timesheet"], valid_to=at(12, "12:00"), revoked_at=at(12, "12:00")),
    Grant("g-b05", "person:gwen", ["document"], at(11), at(14), revoked_at=at(10), is_used=False),
    Grant("g-b06", "person:ines", ["person"], valid_to=at(11)),
    Grant("g-b07", "person:ines", ["person"], at(11), at(13)),
    Grant("g-c01", "anystaff:", ["task"], valid_to=at(16)),
    Grant("g-c02", "person:kim", ["contract"], recorded_at=AS_OF + TICK),
    Grant("g-c03", "person:gwen", ["job"], valid_to=at(14), revoked_at=at(10)),
    Grant("g-c04", "person:gwen", ["job"], valid_to=at(14)),
    Grant("g-d01", "person:amy", None, record_ids=["p-1", "p-2", "p-3"]),
    Grant("g-d02", "person:ben", ["person"], at(11, "08:00"), recorded_at=at(11, "08:00")),
    Grant("g-d03", "person:cho", ["person"], at(11), recorded_at=at(11), is_used=False),
    Grant("g-d04", "person:dev", ["person"], at(11) + TICK, recorded_at=at(11) + TICK),
    Grant("g-d05", "person:eva", ["job"]),
    Grant("g-e01", "person:finn", ["job"]),
    Grant("g-e02", "person:gwen", ["task"], on("2026-01-01"), on("2026-01-01") + NINETY_DAYS + TICK, on("2025-12-30"), weakness="GRANT_TOO_LONG"),
    Grant("g-e03", "person:hugo", ["note"], on("2026-01-01"), on("2026-01-01") + NINETY_DAYS, on("2025-12-30")),
    Grant("g-e04", "person:ines", None, valid_to=None, actions=None, weakness="GRANT_UNBOUNDED"),
    Grant("g-e05", "person:amy", ["invoice"], at(10), at(12), weakness="GRANT_UNUSED", is_used=False),
    Grant("g-e06", "person:ben", _NOTHING, weakness="GRANT_EMPTY", is_used=False),
    Grant("g-f01", "person:dev", ["invoice"], *F01),
    Grant("g-f02", "person:eva", ["payment"], *F02),
    Grant("g-g01", "person:kim", ["job"], at(10), at(10), weakness="GRANT_EMPTY", is_used=False),
    Grant("g-h01", "person:jack", ["job"]),
    Grant("g-h02", "person:kim", ["job"]),
    Grant("g-h03", "person:amy", ["job", "person"]),
    Grant("g-h04", "person:svc-backup", ["document"], actions=["export"]),
)


def _row(grant: Grant) -> Row:
    plain: Row = {"grant_id": grant.grant_id, "account_id": grant.account, "granted_by": grant.granted_by or chief(grant.account), "grantee": grant.grantee}
    plain |= {name: getattr(grant, name) for name in ("record_classes", "record_ids", "actions", "case_id")}
    instants = ("valid_from", "valid_to", "recorded_at", "revoked_at", "revocation_recorded_at")
    return plain | {name: (value := getattr(grant, name)) and iso(value) for name in instants}


def given() -> list[Row]:
    """Rows of the first grants file: every grant as it was given, without its revocation."""
    return [_row(replace(grant, revoked_at=None, revocation_recorded_at=None)) for grant in GRANTS]


def revoked() -> list[Row]:
    """Rows of the second: the same grants once more where they were revoked."""
    return [_row(grant) for grant in GRANTS if grant.revoked_at]


def refused() -> list[Row]:
    """Rows that no reader may accept: a grantee of no known kind, a recording without a zone, one that names no customer's person."""
    good = _row(Grant("g-h90", "person:amy", ["note"]))
    return [good | {"grantee": "amy"}, good | {"grant_id": "g-h91", "recorded_at": "2026-03-08T16:00:00"}, good | {"grant_id": "g-h92", "granted_by": None}]


_OPT_OUTS = (
    # account, record class, purpose, site, from, to
    ("damson", "person", None, None, at(11), None),
    ("damson", "employee", None, None, at(10), at(12)),
    ("damson", None, "marketing", None, at(10), None),
    ("hazel", None, "marketing", None, at(10), at(12)),
    ("alder", None, "tracking", None, at(11, "10:00"), None),
    ("birch", None, "tracking", "web", at(11, "10:00"), None),
    ("cedar", None, "tracking", None, at(10), at(12)),
)


def opt_outs() -> list[Row]:
    """Rows of opt_outs/."""
    return [
        {"account_id": a, "record_class": c, "purpose": p, "site": s, "valid_from": iso(start), "valid_to": end and iso(end), "recorded_at": None}
        for a, c, p, s, start, end in _OPT_OUTS
    ]


@dataclass(frozen=True)
class Emergency:
    """A row of emergencies/, all at gorse; `decided` is counted from opened_at."""

    emergency_id: str
    staff_id: str
    opened_at: datetime
    decision: str | None = "approve"
    decided: timedelta = timedelta(hours=2)
    decided_by: str = _ULF
    decide_within: timedelta = timedelta(days=1)
    reason: str = "nightly import stuck"
    record_classes: list[str] | None = None
    recorded_late: timedelta = timedelta(0)


_TO_AS_OF = AS_OF - at(13)
EMERGENCIES = {
    e.staff_id: e
    for e in (
        Emergency("e-01", "amy", at(10, "10:00")),
        Emergency("e-02", "ben", at(10, "11:00"), "reject"),
        Emergency("e-03", "cho", at(13) + TICK, None, decide_within=_TO_AS_OF),
        Emergency("e-04", "dev", at(13), None, decide_within=_TO_AS_OF),
        Emergency("e-05", "eva", at(10, "12:00"), reason="  "),
        Emergency("e-06", "finn", at(10, "13:00"), record_classes=["job"]),
        Emergency("e-07", "gwen", at(10, "14:00"), decided=timedelta(days=1)),
        Emergency("e-08", "hugo", at(10, "15:00"), decided=timedelta(days=1) - TICK),
        Emergency("e-09", "ines", at(10, "16:00"), recorded_late=timedelta(minutes=20)),
        Emergency("e-10", "kim", at(10, "17:00"), decided_by=chief("alder")),
        Emergency("e-11", "jack", at(10, "18:00"), decided_by="gwen"),
        Emergency("e-12", "svc-backup", at(10, "19:00"), decided=AS_OF + TICK - at(10, "19:00"), decide_within=timedelta(days=10)),
    )
}


def emergencies() -> list[Row]:
    """Rows of emergencies/; each lasts an hour."""
    return [
        {
            "emergency_id": e.emergency_id, "staff_id": e.staff_id, "account_id": "gorse", "record_classes": e.record_classes,
            "opened_at": iso(e.opened_at), "recorded_at": iso(e.opened_at + e.recorded_late), "ttl_s": 3600, "decide_within_s": int(e.decide_within.total_seconds()),
            "reason": e.reason, "decision": e.decision, "decided_by": e.decision and e.decided_by, "decided_at": e.decision and iso(e.opened_at + e.decided),
        }
        for e in EMERGENCIES.values()
    ]  # fmt: skip
