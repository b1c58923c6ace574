"""The planted accesses: every code of the decision order, on both sides of its boundary; each expectation comes from the rule it names."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from plan.access import NO_ROW, Access
from plan.company import CONSULTANT, GAP, GRANTS_READ_TO, P2_BINDS, P3_NOTICED, chief, user
from plan.grants import EMERGENCIES, F01, F02
from plan.week import AS_OF, TICK, at, iso

_S = timedelta(seconds=1)


def _case(code: str, why: str, actor: str, account: str | None, record_class: str | None, instant: datetime, **more: Any) -> Access:
    return Access(code=code, why=why, actor=actor, account_id=account, record_class=record_class, instant=instant, **{"source": "console", **more})


def _windows() -> Iterator[Access]:
    job = ("amy", "alder", "job")
    yield _case("NOT_YET_VALID", "1 µs before valid_from of g-a01", *job, at(9, "09:00") - TICK)
    yield _case("GRANTED", "exactly valid_from of g-a01", *job, at(9, "09:00"))
    yield _case("GRANTED", "1 µs before valid_to of g-a01", *job, at(13, "17:00") - TICK)
    yield _case("EXPIRED", "exactly valid_to of g-a01", *job, at(13, "17:00"))
    yield _case("GRANTED", "all records under a grant that names none", *job, at(10, "08:30"), record_id=None)
    yield _case("REVOKED", "exactly revoked_at of g-b02", "finn", "birch", "invoice", at(11, "15:00"))
    yield _case("GRANTED", "1 µs before revoked_at of g-b02", "finn", "birch", "invoice", at(11, "15:00") - TICK)
    yield _case("REVOKED", "g-b05 was revoked before it began", "gwen", "birch", "document", at(12, "10:00"))
    yield _case("GRANTED", "1 µs before the end of g-b04", "eva", "birch", "timesheet", at(12, "12:00") - TICK)
    yield _case("EXPIRED", "g-b04 was revoked at its very end, which changes nothing", "eva", "birch", "timesheet", at(12, "12:00"))
    note = ("dev", "birch", "note")
    yield _case("GRANTED", "1 µs before g-b03 was revoked, though that was recorded two days later", *note, at(10, "12:00") - TICK)
    yield _case("RETRO_REVOKED", "revoked at this instant, as was recorded two days later", *note, at(10, "12:00"))
    yield _case("RETRO_REVOKED", "1 µs before the revocation of g-b03 was recorded", *note, at(12, "09:00") - TICK)
    yield _case("REVOKED", "exactly when the revocation of g-b03 was recorded", *note, at(12, "09:00"))
    yield _case("BACKDATED", "g-a08 was recorded later", "hugo", "alder", "person", at(11, "10:00"))
    yield _case("BACKDATED", "1 µs before g-a08 was recorded", "hugo", "alder", "person", at(12, "10:00") - TICK)
    yield _case("GRANTED", "exactly when g-a08 was recorded", "hugo", "alder", "person", at(12, "10:00"))
    yield _case("SCOPE_CLASS", "g-c02 was recorded 1 µs after the as-of and does not exist; g-c01 names another class", "kim", "cedar", "contract", at(11, "10:00"))
    yield _case("GRANTED", "before g-c03 was revoked", "gwen", "cedar", "job", at(9, "10:00"))
    yield _case("GRANTED", "g-c03 is revoked, g-c04 still stands", "gwen", "cedar", "job", at(11, "10:00"))


def _faults() -> Iterator[Access]:
    t = at(11, "10:15")
    yield _case("SELF_GRANTED", "g-a04: dev granted it to himself", "dev", "alder", "timesheet", t)
    yield _case("SELF_GRANTED", "g-a04, and expired too: the first fault names the code", "dev", "alder", "timesheet", at(15, "10:15"))
    yield _case("SELF_GRANTED", "g-a11: granted by one of cho's logins", "cho", "alder", "payment", t)
    yield _case("GRANTOR_NOT_CUSTOMER", "g-a05: a colleague granted it", "eva", "alder", "todo", t)
    yield _case("GRANTOR_NOT_CUSTOMER", "g-a10: granted by one who has been staff", "kim", "alder", "contract", t)
    yield _case("GRANTOR_NOT_AUTHORISED", "g-a06: recorded at the very end of the grantor's role", "finn", "alder", "document", t)
    yield _case("GRANTED", "g-a07: recorded 1 µs before that end", "gwen", "alder", "employee", t)
    yield _case("GRANTOR_NOT_AUTHORISED", "g-a09: granted by another customer's person", "ines", "alder", "invoice", t)
    yield _case("WRONG_GRANTEE", "g-a01 is amy's", "svc-backup", "alder", "job", t)
    yield _case("SCOPE_CLASS", "no grant of amy's names documents", "amy", "alder", "document", t)
    yield _case("SCOPE_CLASS", "right person, wrong class (g-a01) and wrong person, right class (g-a02) never combine", "amy", "alder", "task", t, record_id="t-1")
    yield _case("SCOPE_ACTION", "g-a01 allows read and list", "amy", "alder", "job", t, action="export")
    task = ("ben", "alder", "task")
    yield _case("GRANTED", "t-2 is named by g-a02", *task, t, record_id="t-2")
    yield _case("SCOPE_RECORD", "t-9 is not", *task, t, record_id="t-9")
    yield _case("GRANTED", "both records are named", *task, t, record_id=None, record_ids=["t-1", "t-3"])
    yield _case("SCOPE_RECORD", "one of three records is not named", *task, t, record_id=None, record_ids=["t-1", "t-9", "t-3"])
    yield _case("SCOPE_RECORD", "all records under a grant that names three", *task, t, record_id=None)
    yield _case("SCOPE_RECORD", "an empty record id is a record", *task, t, record_id="")
    note = ("cho", "alder", "note", t)
    yield _case("GRANTED", "the case that g-a03 names", *note, case_id="C-501")
    yield _case("SCOPE_CASE", "another case", *note, case_id="C-502")
    yield _case("SCOPE_CASE", "no case", *note)
    yield _case("SCOPE_CASE", "an empty case is a case", *note, case_id="")
    yield _case("NO_GRANT", "gorse's one grant ends where it begins", "kim", "gorse", "job", at(11, "10:00"))


def _teams() -> Iterator[Access]:
    yield _case("GRANTED", "1 µs before ben left support", "ben", "birch", "job", at(11, "12:00") - TICK)
    yield _case("NOT_TEAM_MEMBER", "exactly when ben left support", "ben", "birch", "job", at(11, "12:00"))
    yield _case("NOT_TEAM_MEMBER", "kim never was in support", "kim", "birch", "job", at(11, "10:00"))
    yield _case("BACKDATED", "hugo's membership was entered later", "hugo", "birch", "job", at(11, "10:00"))
    yield _case("BACKDATED", "1 µs before it was entered", "hugo", "birch", "job", at(13, "09:00") - TICK)
    yield _case("GRANTED", "exactly when it was entered", "hugo", "birch", "job", at(13, "09:00"))
    yield _case("GRANTED", "1 µs before jack left the company", "jack", "hazel", "job", at(12, "12:00") - TICK)
    yield _case("FORMER_STAFF", "exactly when jack left", "jack", "hazel", "job", at(12, "12:00"))
    yield _case("FORMER_STAFF", "1 µs before kim started", "kim", "hazel", "job", at(10) - TICK)
    yield _case("GRANTED", "exactly when kim started", "kim", "hazel", "job", at(10))
    yield _case("GRANTED", "any member of staff, a service account too", "svc-backup", "cedar", "task", at(11, "03:00"))


def _opt_outs() -> Iterator[Access]:
    p1, p2 = {"record_id": "p-1"}, {"record_id": "p-2"}
    yield _case("GRANTED", "1 µs before damson's opt-out", "amy", "damson", "person", at(11) - TICK, **p1)
    yield _case("OPTED_OUT", "exactly at the opt-out, which g-d01 does not name", "amy", "damson", "person", at(11), **p1)
    yield _case("GRANTED", "the opt-out is of another class", "amy", "damson", "task", at(11, "10:00"), **p1)
    yield _case("GRANTED", "g-d02 names the class and was recorded after the opt-out", "ben", "damson", "person", at(11, "08:00"))
    yield _case("OPTED_OUT", "g-d03 was recorded at the same instant, not later", "cho", "damson", "person", at(11, "10:00"))
    yield _case("GRANTED", "g-d04 was recorded 1 µs later", "dev", "damson", "person", at(11) + TICK)
    yield _case("OPTED_OUT", "1 µs before the second opt-out ends", "amy", "damson", "employee", at(12) - TICK, **p2)
    yield _case("GRANTED", "exactly when it ends", "amy", "damson", "employee", at(12), **p2)
    yield _case("GRANTED", "a marketing opt-out does not touch staff accesses", "eva", "damson", "job", at(11, "10:00"))


def _people() -> Iterator[Access]:
    t = at(10, "10:20")
    mine: dict[str, Any] = {"purpose": None}
    yield _case("SELF_ACCESS", "a user of that account", user("otto", "alder"), "alder", "job", t, **mine)
    yield _case("SELF_ACCESS", "a user of two accounts, in the one", CONSULTANT, "alder", "job", t, **mine)
    yield _case("SELF_ACCESS", "a user of two accounts, in the other", CONSULTANT, "birch", "job", t, **mine)
    yield _case("FOREIGN_USER", "a user of two accounts, in a third", CONSULTANT, "cedar", "job", t, **mine)
    yield _case("FOREIGN_USER", "a grantor of another account", chief("alder"), "birch", "person", t, **mine)
    yield _case("SELF_ACCESS", "users are decided before clocks", chief("birch"), "birch", "job", t, observed_at=iso(t - _S), **mine)
    yield _case("ACTOR_UNRESOLVED", "a shared name that nobody has", "svc-shared", "alder", "job", t)
    yield _case("ACTOR_UNRESOLVED", "a login that two members have", "oncall", "alder", "job", t)
    yield _case("ACTOR_UNRESOLVED", "names compare with their case", "Amy", "alder", "job", t)
    yield _case("ACTOR_UNRESOLVED", "no known actor comes before no account", "svc-shared", None, "job", t)
    yield _case("GRANTED", "one of cho's logins", "chollis", "alder", "note", t, case_id="C-501")
    yield _case("CUSTOMER_UNRESOLVED", "no account", "amy", None, "job", t)
    yield _case("CUSTOMER_UNRESOLVED", "an empty account is none", "amy", "", "job", t)
    yield _case("CUSTOMER_UNRESOLVED", "not among the accounts", "amy", "maple", "job", t)
    yield _case("CUSTOMER_UNRESOLVED", "ids compare with their case", "amy", "Alder", "job", t)
    yield _case("CLASS_UNKNOWN", "no class", "amy", "alder", None, t)
    yield _case("CLASS_UNKNOWN", "an empty class is none", "amy", "alder", "", t)
    yield _case("ATTEMPT_DENIED", "denied", "kim", "gorse", "job", t, outcome="denied")
    yield _case("ATTEMPT_DENIED", "denied comes before an unknown actor", "svc-shared", "gorse", "job", t, outcome="denied")


def _time() -> Iterator[Access]:
    yield _case("TIME_UNZONED", "no zone, and kiosk declares none", "amy", "alder", "job", at(10, "10:30"), source="kiosk", stamp="2026-03-10T10:30:00")
    yield _case("TIME_UNZONED", "no zone comes before denied", "kim", "gorse", "job", at(10, "10:31"), source="kiosk", stamp="2026-03-10T10:31:00", outcome="denied")
    yield _case("GRANTED", "kiosk with a zone of its own", "amy", "alder", "job", at(10, "10:32"), source="kiosk", stamp="2026-03-10T11:32:00+01:00")
    yield _case("TIME_AMBIGUOUS", "an hour that New York skipped", "dev", "fern", "invoice", at(8, "07:30"), source="backoffice", stamp="2026-03-08T02:30:00")
    office = ("dev", "fern", "invoice")
    begin, end = F01
    for code, why, instant in (
        ("NOT_YET_VALID", "2 s and 1 µs before g-f01 begins, with a clock 2 s off", begin - 2 * _S - TICK),
        ("TIME_AMBIGUOUS", "2 s before it begins", begin - 2 * _S),
        ("GRANTED_BOUNDARY", "exactly when it begins", begin),
        ("GRANTED_BOUNDARY", "1 µs less than 2 s after it began", begin + 2 * _S - TICK),
        ("GRANTED", "2 s after it began", begin + 2 * _S),
        ("GRANTED", "2 s and 1 µs before it ends", end - 2 * _S - TICK),
        ("GRANTED_BOUNDARY", "2 s before it ends", end - 2 * _S),
        ("TIME_AMBIGUOUS", "1 µs less than 2 s after it ended", end + 2 * _S - TICK),
        ("EXPIRED", "2 s after it ended", end + 2 * _S),
    ):
        yield _case(code, why, *office, instant, source="backoffice")
    yield _case("SCOPE_CLASS", "1 s before g-f01 ends: skew never excuses a scope fault", "dev", "fern", "document", end - _S, source="backoffice")
    t = at(10, "15:00")
    yield _case("GRANTED", "2 s later than its own receipt, with a clock 2 s off", *office, t, source="backoffice", observed_at=iso(t - 2 * _S))
    yield _case("CLOCK_ANOMALY", "1 µs more", *office, t + TICK, source="backoffice", observed_at=iso(t - 2 * _S))
    yield _case("CLOCK_ANOMALY", "1 µs later than its own receipt", "amy", "alder", "job", t, observed_at=iso(t - TICK))
    yield _case("GRANTED", "a receipt without a zone counts as missing", "amy", "alder", "job", t, observed_at="2026-03-01T00:00:00")
    yield _case("GRANTED", "received exactly at the as-of", "amy", "alder", "job", t, observed_at=iso(AS_OF))
    yield _case(NO_ROW, "received 1 µs after the as-of: it does not exist yet", "amy", "alder", "job", t, observed_at=iso(AS_OF + TICK))


def _whole_seconds() -> Iterator[Access]:
    begin, end = (instant.replace(microsecond=0) for instant in F02)
    for code, why, instant in (
        ("NOT_YET_VALID", "the second before that in which g-f02 begins", begin - _S),
        ("TIME_AMBIGUOUS", "g-f02 begins within this second", begin),
        ("GRANTED", "the second after", begin + _S),
        ("GRANTED", "the second before that in which g-f02 ends", end - _S),
        ("GRANTED_BOUNDARY", "g-f02 ends within this second", end),
        ("EXPIRED", "the second after it", end + _S),
    ):
        yield _case(code, why, "eva", "fern", "payment", instant, source="replica")


def _evidence() -> Iterator[Access]:
    begin, end = GAP
    hole = ("amy", "hazel", "job")
    yield _case("GRANTED", "1 µs before the hole in console's log", *hole, begin - TICK)
    yield _case("LOG_GAP", "exactly where the hole begins", *hole, begin)
    yield _case("LOG_GAP", "1 µs before it ends", *hole, end - TICK)
    yield _case("GRANTED", "exactly where it ends", *hole, end)
    yield _case("GRANTED", "exactly the instant to which the grants were read", "amy", "cedar", "task", GRANTS_READ_TO)
    yield _case("GRANTS_INCOMPLETE", "1 µs after it", "amy", "cedar", "task", GRANTS_READ_TO + TICK)
    yield _case("GRANTS_INCOMPLETE", "even where no grant would be needed", "dev", "alder", "company_info", at(15, "19:00"), purpose="billing")
    night = at(10, "23:50")
    yield _case("GRANTED", "a session over the joint of g-b06 and g-b07", "ines", "birch", "person", night, started_at=night, ended_at=at(11, "00:10"))
    yield _case("GRANTED", "exactly at that joint", "ines", "birch", "person", at(11))
    night = at(12, "23:50")
    yield _case("GRANTED", "a session that ends where g-b07 ends", "ines", "birch", "person", night, started_at=night, ended_at=at(13))
    yield _case("EXPIRED", "a session of which ten minutes lie behind the end of g-b07", "ines", "birch", "person", night, started_at=night, ended_at=at(13, "00:10"))


def _exempt() -> Iterator[Access]:
    yield _case("EXEMPT_CLASS", "a company contact", "kim", "gorse", "company_contact", at(11, "10:30"), purpose="contact")
    yield _case("EXEMPT_METRICS_ONLY", "sizes and quantities only", "kim", "gorse", "job", at(11, "10:31"), content=False)
    yield _case("EXEMPT_METRICS_ONLY", "no class is needed for sizes", "kim", "gorse", None, at(11, "10:32"), content=False)
    profile = ("amy", "gorse", "usage_profile")
    late = ("change_without_notice",)
    yield _case("NO_GRANT", "1 µs before policy p2 binds an older account: its new exempt class was relied on too early", *profile, P2_BINDS - TICK, also=late)
    yield _case("EXEMPT_CLASS", "exactly when policy p2 binds an older account", *profile, P2_BINDS)
    yield _case("EXEMPT_CLASS", "joined after the notice of p2: it binds at once", "kim", "hazel", "usage_profile", at(10, "10:33"))
    yield _case("EXEMPT_CLASS", "joined at the very notice of p2", "kim", "damson", "usage_profile", at(10, "10:34"))


def _emergencies() -> Iterator[Access]:
    def during(staff: str, code: str, why: str, record_class: str = "job", minutes: int = 10) -> Access:
        opened = EMERGENCIES[staff].opened_at
        return _case(code, f"{EMERGENCIES[staff].emergency_id}: {why}", staff, "gorse", record_class, opened + timedelta(minutes=minutes))

    opened = EMERGENCIES["amy"].opened_at
    yield _case("NO_GRANT", "1 µs before e-01 was opened", "amy", "gorse", "job", opened - TICK)
    yield during("amy", "BREAK_GLASS_APPROVED", "exactly when it was opened", minutes=0)
    yield _case("BREAK_GLASS_APPROVED", "1 µs before e-01 runs out", "amy", "gorse", "person", opened + timedelta(hours=1) - TICK)
    yield _case("NO_GRANT", "exactly when e-01 runs out", "amy", "gorse", "job", opened + timedelta(hours=1))
    yield during("ben", "BREAK_GLASS_REJECTED", "the customer said no")
    yield during("cho", "BREAK_GLASS_PENDING", "1 µs of the time to decide is left at the as-of")
    yield during("dev", "BREAK_GLASS_UNAPPROVED", "the time to decide ends exactly at the as-of")
    yield during("eva", "BREAK_GLASS_NO_REASON", "its reason is blank")
    yield during("finn", "BREAK_GLASS_OVERREACH", "limited to jobs", "person")
    yield during("finn", "BREAK_GLASS_APPROVED", "limited to jobs, and a job it was")
    yield during("gwen", "BREAK_GLASS_LATE", "approved exactly at the deadline")
    yield during("hugo", "BREAK_GLASS_APPROVED", "approved 1 µs before the deadline")
    yield during("ines", "BACKDATED", "recorded ten minutes later")
    yield during("ines", "BREAK_GLASS_APPROVED", "exactly when it was recorded", minutes=20)
    yield during("kim", "BREAK_GLASS_UNAPPROVED", "approved by a grantor of another account")
    yield during("jack", "BREAK_GLASS_UNAPPROVED", "approved by a colleague")
    yield during("svc-backup", "BREAK_GLASS_UNAPPROVED", "approved 1 µs after the as-of")


def _purposes() -> Iterator[Access]:
    used, outside, early, objected, company = "grant_used_otherwise", "purpose_outside_policy", "change_without_notice", "objection_ignored", "company_info_purpose"
    t = at(11, "11:10")
    job = ("amy", "alder", "job")
    yield _case("GRANTED", "a granted job used for marketing", *job, t, purpose="marketing", also=(used,))
    yield _case("GRANTED", "a granted employee record used for billing", "gwen", "alder", "employee", t, purpose="billing", also=(used,))
    yield _case("GRANTED", "no purpose delivered", *job, t, purpose=None)
    yield _case("EXEMPT_CLASS", "a purpose that no version lists", "kim", "damson", "usage_profile", t, purpose="training", also=(outside,))
    yield _case("GRANTED", "such a purpose under a grant", "amy", "cedar", "task", t, purpose="training", also=(used, outside))
    yield _case("GRANTED", "1 µs before p2 binds: research is not allowed yet", *job, P2_BINDS - TICK, purpose="research", also=(used, outside, early))
    yield _case("GRANTED", "exactly when p2 binds: research is allowed, though a grant is for servicing", *job, P2_BINDS, purpose="research", also=(used,))
    job = ("kim", "hazel", "job")
    yield _case("GRANTED", "research at an account that joined after p2's notice", *job, at(10, "11:10"), purpose="research", also=(used,))
    yield _case("GRANTED", "profiling 1 µs before p3 had any notice", *job, P3_NOTICED - TICK, purpose="profiling", also=(used, outside, early))
    yield _case("GRANTED", "profiling exactly at the notice of p3, 30 days too early", *job, P3_NOTICED, purpose="profiling", also=(used, outside, early))
    t = at(13, "11:20")
    yield _case("GRANTED", "research at cedar, which objected to p2 in time", "hugo", "cedar", "task", t, purpose="research", also=(used, objected))
    yield _case("EXEMPT_CLASS", "a class that only p2 exempts, at cedar, which objected in time", "kim", "cedar", "usage_profile", t, also=(objected,))
    yield _case("EXEMPT_CLASS", "the same at birch, which objected when p2 already bound it", "kim", "birch", "usage_profile", t)
    for record_class in ("company_info", "company_contact"):
        for purpose in ("account_setup", "configuration", "billing", "contact", "servicing", "marketing", None):
            also = (company,) if purpose in ("servicing", "marketing", None) else ()
            yield _case("EXEMPT_CLASS", f"{record_class} for {purpose or 'no purpose'}", "finn", "birch", record_class, at(10, "11:30"), purpose=purpose, also=also)


def _dark_neighbours() -> Iterator[Access]:
    job = ("amy", "alder", "job")
    yield _case("GRANTED", "exactly 60 s after a request: it explains it", *job, at(10, "21:01"))
    yield _case("GRANTED", "60 s and 1 µs after a request: it does not", *job, at(10, "22:01") + TICK)
    yield _case("GRANTED", "exactly 60 s before a request: it explains it", *job, at(11, "19:59"))
    yield _case("GRANTED", "60 s and 1 µs before a request: it does not", *job, at(11, "20:59") - TICK)
    yield _case("GRANTED", "the same person at the same time at another account", "ben", "alder", "task", at(12, "20:00:05"), record_id="t-1")
    yield _case("GRANTED", "another person at the same time at the same account", "finn", "cedar", "task", at(12, "21:00:05"))
    yield _case("GRANTED", "explains a request under another of cho's names", "cho", "alder", "note", at(12, "20:30:10"), case_id="C-501")


def planted() -> list[Access]:
    """Return every planted access, in the order of the subjects."""
    subjects = (
        _windows, _faults, _teams, _opt_outs, _people, _time, _whole_seconds, _evidence, _exempt, _emergencies, _purposes, _dark_neighbours,
    )  # fmt: skip
    return [access for subject in subjects for access in subject()]
