"""The rules of docs/verdicts.md again, slow and plain, so that an auditor can lay each function beside its rule; nothing here may be shared with the engine.

One access at a time, one loop over all grants, instants as integers of microseconds. Numbers in comments are the steps of the order of decision.

Choices where the rules leave one:

 1. Order of faults: every code has its own place, as written, also within "one of SELF_GRANTED, else …" and "one of REVOKED, else …".
 2. The nearest grant of a row is that of *now*; where now is permitted and then is not (BACKDATED), that of *then*. It is filled for permitted rows too.
    grant_id is the lowest of *now*, and only where a grant permits: null for BREAK_GLASS_APPROVED.
 3. all_faults is never null: [] when permitted, decided before the grants, NO_GRANT or OPTED_OUT (the nearest grant has no fault then).
 4. verdict_then and verdict_now are GRANTED, NO_GRANT, OPTED_OUT or a fault; in *then* a grant recorded later is not absent but has the fault BACKDATED.
 5. records_uncovered counts the distinct records that no grant covers then and now, also where an emergency permits; null for an unbounded access and before the grants.
 6. Several records: record_id first, then record_ids; the first uncovered record gives the whole row, one that an emergency permits only where no other is uncovered;
    else the first that is GRANTED_BOUNDARY, else the first. An empty
    record_ids without record_id names no record and is judged as unbounded.
 7. A session needs started_at < ended_at, both with a zone. Each instant s of it is judged with *then* = known by min(s, as_of); the session is permitted then (now)
    if every instant is. Steps 1 to 11 look at occurred_at, steps 15 to 17 at the first uncovered instant; uncovered_from/to is the first uncovered
    stretch. An emergency (step 14) concerns a session only if it lasts over everything uncovered, then or now; so no hole is excused by another. Skew shifts the
    session whole.
 8. A whole-second stamp t (of a session its begin) is judged with skew at t − ε and t + 1 s − 1 µs + ε, and at every boundary inside (t, t + 1 s); steps 13 and
    16 alone heed it.
 9. provisional: occurred_at, or the last instant of a session, is later than the watermark of its source or of `grants`, or is not known (unzoned).
    allowed_lateness_s plays no part.
10. Fold or gap: the instant shown, and the one that must be ≤ as_of without observed_at, is the one with the offset before the change. An unzoned event without
    observed_at exists.
11. accounts without joined_at and gaps without `to` are accepted (older; open). noticed_at goes before posted_at and emailed_at; a policy with none of them is refused.
12. A `policies` folder without any accepted row exempts nothing; only the missing folder brings the policy of settings.
13. teams.staff_id, grantors.person_id and users.user_id are compared as they stand. A login that two members share is no member's. Rows of one staff_id, one
    membership or one role with the same valid_from are one: the earliest valid_to counts (of memberships, the earliest that was recorded).
14. `person:` and `team:` need a name, `anystaff:` must have none. An opt-out bound to a site counts like any other.
15. Rows of a grant compare by typed values, evidence included; a second revocation, or a revocation_recorded_at brought later than its revoked_at, is refused. Uniqueness of
    grants and events is decided when read, before as_of. So it is for emergencies, where a later row may add the decision, for opt-outs (end) and for policies, where none may add
    anything. Of several rows of one account or source the last value of each column counts.
16. Settings bring nothing here: no `[sources]`, and the company classes of the defaults. An event's stamps and its rows and bytes aside, a number is its digits as text.
17. A decision other than approve or reject, without decided_at or by nobody is none. Only the outcome `denied` is denied.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]

SECOND = 1_000_000
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COMPANY_CLASSES = ("company_info", "company_contact")

FAULTS = (
    "SELF_GRANTED", "GRANTOR_NOT_CUSTOMER", "GRANTOR_NOT_AUTHORISED", "WRONG_GRANTEE", "NOT_TEAM_MEMBER", "SCOPE_CLASS", "SCOPE_RECORD",
    "SCOPE_ACTION", "SCOPE_CASE", "REVOKED", "EXPIRED", "NOT_YET_VALID", "BACKDATED",
)  # fmt: skip
PERMITTED = ("GRANTED", "GRANTED_BOUNDARY", "SELF_ACCESS", "EXEMPT_CLASS", "EXEMPT_METRICS_ONLY", "BREAK_GLASS_APPROVED")
INFO = ("ATTEMPT_DENIED", "RETRO_REVOKED")
UNDETERMINED = (
    "TIME_UNZONED", "ACTOR_UNRESOLVED", "CUSTOMER_UNRESOLVED", "CLOCK_ANOMALY", "GRANTS_INCOMPLETE", "LOG_GAP", "CLASS_UNKNOWN", "TIME_AMBIGUOUS",
    "BREAK_GLASS_PENDING",
)  # fmt: skip
SEVERITY = {
    "NO_GRANT": "high", "SELF_GRANTED": "critical", "GRANTOR_NOT_CUSTOMER": "critical", "GRANTOR_NOT_AUTHORISED": "high", "WRONG_GRANTEE": "high",
    "NOT_TEAM_MEMBER": "high", "SCOPE_CLASS": "high", "SCOPE_RECORD": "high", "SCOPE_ACTION": "medium", "SCOPE_CASE": "medium", "REVOKED": "high",
    "EXPIRED": "medium", "NOT_YET_VALID": "medium", "BACKDATED": "high", "OPTED_OUT": "critical", "FORMER_STAFF": "critical", "FOREIGN_USER": "critical",
    "BREAK_GLASS_REJECTED": "critical", "BREAK_GLASS_UNAPPROVED": "high", "BREAK_GLASS_NO_REASON": "high", "BREAK_GLASS_OVERREACH": "high",
    "BREAK_GLASS_LATE": "low",
}  # fmt: skip
CODES = (*PERMITTED, *INFO, *UNDETERMINED, *SEVERITY)

REQUIRED = {
    "staff": ("staff_id",),
    "teams": ("staff_id", "team", "valid_from"),
    "accounts": ("account_id",),
    "users": ("user_id", "account_id"),
    "grantors": ("person_id", "account_id", "valid_from"),
    "policies": ("policy_id", "noticed_at"),
    "opt_outs": ("account_id", "valid_from"),
    "emergencies": ("emergency_id", "staff_id", "account_id", "opened_at", "ttl_s", "decide_within_s"),
    "sources": ("source",),
    "gaps": ("source", "from"),
    "grants": ("grant_id", "account_id", "granted_by", "grantee", "valid_from", "recorded_at"),
    "access_events": ("event_id", "actor", "occurred_at"),
}
INSTANTS = {  # of ledgers; those of an event are read on their own, since they may lack a zone
    "valid_from", "valid_to", "recorded_at", "joined_at", "closed_at", "noticed_at", "posted_at", "emailed_at", "opened_at", "decided_at", "watermark",
    "from", "to", "revoked_at", "revocation_recorded_at",
}  # fmt: skip
NUMBERS = {"notice_days", "ttl_s", "decide_within_s", "clock_skew_s", "allowed_lateness_s", "max_grant_days", "seats", "rows", "bytes"}
EMPTY_IS_A_VALUE = {"case_id", "record_id", "actor", "reason", "evidence"}
COLUMNS = (
    "source", "event_id", "occurred_at", "staff_id", "account_id", "record_class", "record_id", "record_ids", "records_uncovered", "uncovered_from",
    "uncovered_to", "action", "purpose", "case_id", "outcome", "code", "severity", "grant_id", "nearest_grant_id", "all_faults", "distance_s",
    "verdict_then", "verdict_now", "provisional", "late",
)  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """Every accepted ledger row that exists at as_of, defaults filled in, instants in microseconds."""

    as_of: int
    staff: list[Row]
    teams: list[Row]
    accounts: list[Row]
    users: list[Row]
    grantors: list[Row]
    policies: list[Row] | None
    opt_outs: list[Row]
    emergencies: list[Row]
    sources: list[Row]
    gaps: list[Row]
    grants: list[Row]


@dataclass(frozen=True)
class Verdict:
    """What the grants say of one record at one instant with one state of knowledge."""

    code: str
    grant_id: str | None = None
    nearest_grant_id: str | None = None
    faults: tuple[str, ...] = ()
    distance_us: int | None = None


@dataclass(frozen=True)
class Ruling:
    """The decision on one record of an access; `because` is the verdict whose nearest grant the row shows."""

    code: str
    then: str | None = None
    now: str | None = None
    because: Verdict = field(default_factory=lambda: Verdict(""))
    uncovered: tuple[int, int] | None = None


# --- reading -------------------------------------------------------------------------------------------------------------------------


def microseconds(moment: datetime) -> int:
    """Return a zoned instant as microseconds since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment(instant: int | None) -> datetime | None:
    """Return microseconds as a zoned instant."""
    return None if instant is None else EPOCH + timedelta(microseconds=instant)


def stamp(text: Any) -> datetime | None:
    """Read an ISO 8601 stamp, zoned or not, cut to microseconds; None where it cannot be read."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def given(delivered: Row) -> Row:
    """Return what a row says: null is missing, an empty text is none but where it can be a value, ids and names are text."""

    def text(name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [text(name, part) for part in value]
        return str(value) if type(value) is int and name not in NUMBERS | INSTANTS else value

    return {name: text(name, value) for name, value in delivered.items() if value is not None and (value != "" or name in EMPTY_IS_A_VALUE)}


def accepted(folder: str, rows: list[Row]) -> list[Row]:
    """Return the rows of a ledger that are not refused: every instant readable and zoned, no required field missing."""
    kept = []
    for delivered in rows:
        row = given(delivered)
        read = {name: stamp(value) for name, value in row.items() if name in INSTANTS}
        if any(instant is None or instant.tzinfo is None for instant in read.values()):
            continue
        row.update({name: microseconds(instant) for name, instant in read.items() if instant is not None})
        if folder == "policies":
            notices = [row[name] for name in ("posted_at", "emailed_at") if name in row]
            row.update(noticed_at=row.get("noticed_at", min(notices, default=None)))
        if all(row.get(name) is not None for name in REQUIRED[folder]):
            kept.append(row)
    return kept


def filled(rows: list[Row], key: str) -> list[Row]:
    """Return one row for each key: of each column the last value that was delivered."""
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(row[key], {}).update(row)
    return list(found.values())


def amended(rows: list[Row], key: tuple[str, ...], added: tuple[str, ...]) -> list[Row]:
    """Return one row for each key: a later row may bring `added` (its first column at least), once; any other difference refuses that row."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        names = tuple(row.get(name) for name in key)
        known = found.setdefault(names, row)
        is_same = {k: v for k, v in known.items() if k not in added} == {k: v for k, v in row.items() if k not in added}
        if added and is_same and added[0] not in known and added[0] in row:
            found[names] = row
    return list(found.values())


def ended(rows: list[Row], *key: str) -> list[Row]:
    """Return the rows, each with the earliest end that stands in a row of its key."""
    found = []
    for row in rows:
        ends = [other["valid_to"] for other in rows if "valid_to" in other and all(other.get(name) == row.get(name) for name in key)]
        found.append({**row, "valid_to": min(ends)} if ends else row)
    return found


def is_grantee(text: str) -> bool:
    """Tell whether a grantee is `person:x`, `team:x` or `anystaff:`."""
    kind, colon, name = text.partition(":")
    return bool(colon) and kind in ("person", "team", "anystaff") and (kind == "anystaff") != bool(name)


def existing_grants(rows: list[Row], as_of: int) -> list[Row]:
    """Return the grants that exist at as_of, without a revocation recorded later, and none whose end is not after its begin."""
    grants = []
    for grant in amended([row for row in rows if is_grantee(row["grantee"])], ("grant_id",), ("revoked_at", "revocation_recorded_at")):
        if grant["recorded_at"] > as_of or grant.get("valid_to", grant["valid_from"] + 1) <= grant["valid_from"]:
            continue
        recorded: int | None = grant.get("revocation_recorded_at", grant.get("revoked_at"))
        is_revoked = "revoked_at" in grant and recorded is not None and recorded <= as_of
        grants.append({**grant, "revoked_at": grant["revoked_at"] if is_revoked else None, "revocation_recorded_at": recorded if is_revoked else None})
    return grants


def facts_of(world: dict[str, list[Row]], as_of: int) -> Facts:
    """Read a world as it is known at as_of."""
    ledger = {folder: accepted(folder, world.get(folder) or []) for folder in REQUIRED if folder != "access_events"}
    for folder, default in (("teams", "valid_from"), ("opt_outs", "valid_from"), ("emergencies", "opened_at")):
        ledger[folder] = [{**row, "recorded_at": row.get("recorded_at", row[default])} for row in ledger[folder]]
    ledger["emergencies"] = amended(ledger["emergencies"], ("emergency_id",), ("decision", "decided_by", "decided_at"))
    ledger["opt_outs"] = amended(ledger["opt_outs"], ("account_id", "record_class", "purpose", "site", "valid_from", "recorded_at"), ("valid_to",))

    def recorded(folder: str) -> list[Row]:
        return [row for row in ledger[folder] if row["recorded_at"] <= as_of]

    return Facts(
        as_of=as_of,
        staff=ended(ledger["staff"], "staff_id", "valid_from"),
        teams=recorded("teams"),
        accounts=filled(ledger["accounts"], "account_id"),
        users=ledger["users"],
        grantors=ended(ledger["grantors"], "person_id", "account_id", "valid_from"),
        policies=None if world.get("policies") is None else amended(ledger["policies"], ("policy_id",), ()),
        opt_outs=recorded("opt_outs"),
        emergencies=recorded("emergencies"),
        sources=filled(ledger["sources"], "source"),
        gaps=ledger["gaps"],
        grants=existing_grants(ledger["grants"], as_of),
    )


def events_of(world: dict[str, list[Row]], facts: Facts) -> list[Row]:
    """Return the access events that are accepted, told apart and exist at as_of."""
    events: dict[tuple[str, str], Row] = {}
    for delivered in world.get("access_events") or []:
        row = given(delivered)
        is_readable = all(stamp(row[name]) is not None for name in ("occurred_at", "observed_at") if name in row)
        if is_readable and all(name in row for name in REQUIRED["access_events"]):
            row.setdefault("source", "access_events")
            events.setdefault((row["source"], row["event_id"]), row)
    placed = [placed_in_time(facts, row) for row in events.values()]
    return [row for row in placed if row["exists_from"] is None or row["exists_from"] <= facts.as_of]


def placed_in_time(facts: Facts, event: Row) -> Row:
    """Add to an event what its stamps mean: time_status, t, observed, session and exists_from."""

    def zoned(name: str) -> int | None:
        instant = stamp(event.get(name))
        return None if instant is None or instant.tzinfo is None else microseconds(instant)

    occurred = stamp(event["occurred_at"])
    assert occurred is not None
    zone: str | None = source_of(facts, event["source"]).get("time_zone")
    status, t = "zoned", zoned("occurred_at")
    if occurred.tzinfo is None and zone is None:
        status = "unzoned"
    elif occurred.tzinfo is None and zone is not None:
        before, after = (occurred.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
        status = "zoned" if before.utcoffset() == after.utcoffset() else "ambiguous"
        t = microseconds(before.astimezone(UTC))
    observed, started, ended = zoned("observed_at"), zoned("started_at"), zoned("ended_at")
    session = (started, ended) if started is not None and ended is not None and started < ended else None
    return {**event, "time_status": status, "t": t, "observed": observed, "session": session, "exists_from": t if observed is None else observed}


# --- who, and under what ---------------------------------------------------------------------------------------------------------------


def is_within(instant: int, begin: int | None, end: int | None) -> bool:
    """Tell whether an instant lies in a half-open interval; null is open."""
    return (begin is None or begin <= instant) and (end is None or instant < end)


def member(facts: Facts, name: str | None) -> str | None:
    """Resolve a name to a member of staff: by staff_id, else by exactly one member's logins (step 3)."""
    if any(person["staff_id"] == name for person in facts.staff):
        return name
    found = {person["staff_id"] for person in facts.staff if name in person.get("logins", [])}
    return found.pop() if len(found) == 1 else None


def is_employed(facts: Facts, staff_id: str, t: int) -> bool:
    """Tell whether t lies in one of the member's periods."""
    return any(is_within(t, person.get("valid_from"), person.get("valid_to")) for person in facts.staff if person["staff_id"] == staff_id)


def is_grantor(facts: Facts, name: str | None, account_id: str, at: int) -> bool:
    """Tell whether a person may grant for an account at an instant."""
    roles = [row for row in facts.grantors if row["person_id"] == name and row["account_id"] == account_id]
    return any(is_within(at, role["valid_from"], role.get("valid_to")) for role in roles)


def source_of(facts: Facts, name: str) -> Row:
    """Return what is known of a source."""
    return next((source for source in facts.sources if source["source"] == name), {})


def skew_us(facts: Facts, name: str) -> int:
    """Return the clock skew of a source in microseconds."""
    return int(Fraction(str(source_of(facts, name).get("clock_skew_s", 0))) * SECOND)


def watermark(facts: Facts, name: str) -> int:
    """Return how far a source has been read; as_of where it does not say."""
    read_to: int = source_of(facts, name).get("watermark", facts.as_of)
    return read_to


def is_exempt(facts: Facts, account_id: str, record_class: str, t: int) -> bool:
    """Tell whether the policy in force at t for that account exempts the class (step 11)."""
    if facts.policies is None:
        return record_class in COMPANY_CLASSES
    joined_at = next((account.get("joined_at") for account in facts.accounts if account["account_id"] == account_id), None)
    in_force = []
    for policy in facts.policies:
        is_older = joined_at is None or joined_at < policy["noticed_at"]
        notice_us: int = policy.get("notice_days", 0) * DAY if is_older else 0
        if policy["noticed_at"] + notice_us <= t:
            in_force.append(policy)
    if not in_force:
        return False
    deciding = max(in_force, key=lambda policy: (policy["noticed_at"], policy["policy_id"]))
    return record_class in deciding.get("exempt_classes", [])


# --- steps 1 to 11 ---------------------------------------------------------------------------------------------------------------------


def decided_before_grants(facts: Facts, event: Row) -> str | None:
    """Return the code of the first of steps 1 to 11 that applies."""
    if event["time_status"] != "zoned":
        return "TIME_UNZONED" if event["time_status"] == "unzoned" else "TIME_AMBIGUOUS"  # 1
    if event.get("outcome") == "denied":
        return "ATTEMPT_DENIED"  # 2
    return who_and_whose(facts, event, event["t"]) or evidence_missing(facts, event) or exemption(facts, event)


def who_and_whose(facts: Facts, event: Row, t: int) -> str | None:
    """Return the code of the first of steps 3 to 5 that applies."""
    staff_id, account_id = member(facts, event["actor"]), event.get("account_id")
    user_of = {user["account_id"] for user in facts.users if user["user_id"] == event["actor"]}
    if staff_id is None and not user_of:
        return "ACTOR_UNRESOLVED"  # 3
    if account_id is None or (facts.accounts and account_id not in {account["account_id"] for account in facts.accounts}):
        return "CUSTOMER_UNRESOLVED"  # 4
    if staff_id is None:
        return "SELF_ACCESS" if account_id in user_of else "FOREIGN_USER"  # 5
    return None if is_employed(facts, staff_id, t) else "FORMER_STAFF"  # 5


def evidence_missing(facts: Facts, event: Row) -> str | None:
    """Return the code of the first of steps 6 to 8 that applies."""
    t, source = event["t"], event["source"]
    if event["observed"] is not None and t > event["observed"] + skew_us(facts, source):
        return "CLOCK_ANOMALY"  # 6
    if watermark(facts, "grants") < t:
        return "GRANTS_INCOMPLETE"  # 7
    if any(gap["source"] == source and is_within(t, gap["from"], gap.get("to")) for gap in facts.gaps):
        return "LOG_GAP"  # 8
    return None


def exemption(facts: Facts, event: Row) -> str | None:
    """Return the code of the first of steps 9 to 11 that applies."""
    if event.get("content") is False:
        return "EXEMPT_METRICS_ONLY"  # 9
    if event.get("record_class") is None:
        return "CLASS_UNKNOWN"  # 10
    if is_exempt(facts, event["account_id"], event["record_class"], event["t"]):
        return "EXEMPT_CLASS"  # 11
    return None


# --- step 12 ---------------------------------------------------------------------------------------------------------------------------


def faults(facts: Facts, event: Row, record_id: str | None, grant: Row, *, at: int, known_at: int) -> tuple[str, ...]:
    """Return the faults of a grant for one record at an instant, in their order."""
    found = [
        grantor_fault(facts, event, grant),
        grantee_fault(facts, event, grant, at, known_at),
        "SCOPE_CLASS" if is_outside(event["record_class"], grant.get("record_classes")) else None,
        "SCOPE_RECORD" if is_outside(record_id, grant.get("record_ids")) else None,
        "SCOPE_ACTION" if is_outside(event.get("action"), grant.get("actions")) else None,
        "SCOPE_CASE" if "case_id" in grant and event.get("case_id") != grant["case_id"] else None,
        time_fault(grant, at, known_at),
        "BACKDATED" if grant["recorded_at"] > known_at else None,
    ]
    return tuple(fault for fault in found if fault is not None)


def is_outside(value: str | None, named: list[str] | None) -> bool:
    """Tell whether a scope leaves a value out: null names all, an empty list none, and a missing value is in no list."""
    return named is not None and (value is None or value not in named)


def grantor_fault(facts: Facts, event: Row, grant: Row) -> str | None:
    """Return what is wrong with who gave it, judged at the grant's recorded_at: losing the role later voids nothing."""
    giver = member(facts, grant["granted_by"])
    if giver is not None:
        return "SELF_GRANTED" if giver == member(facts, event["actor"]) else "GRANTOR_NOT_CUSTOMER"
    is_authorised = is_grantor(facts, grant["granted_by"], grant["account_id"], grant["recorded_at"])
    return None if is_authorised else "GRANTOR_NOT_AUTHORISED"


def grantee_fault(facts: Facts, event: Row, grant: Row, at: int, known_at: int) -> str | None:
    """Return what is wrong with whom it was given to: one person, the members of a team that are known as such, or any staff."""
    staff_id = member(facts, event["actor"])
    kind, _, name = grant["grantee"].partition(":")
    if kind == "person":
        return None if member(facts, name) == staff_id else "WRONG_GRANTEE"
    if kind == "team":
        known = [row for row in facts.teams if row["staff_id"] == staff_id and row["team"] == name and row["recorded_at"] <= known_at]
        return None if any(is_within(at, row["valid_from"], row.get("valid_to")) for row in ended(known, "valid_from")) else "NOT_TEAM_MEMBER"
    return None


def time_fault(grant: Row, at: int, known_at: int) -> str | None:
    """Return REVOKED, else EXPIRED, else NOT_YET_VALID; a revocation at or after valid_to changes nothing, nor does one not yet known."""
    revoked_at, valid_to = grant["revoked_at"], grant.get("valid_to")
    is_known = revoked_at is not None and grant["revocation_recorded_at"] <= known_at
    if is_known and (valid_to is None or revoked_at < valid_to) and at >= revoked_at:
        return "REVOKED"
    if valid_to is not None and at >= valid_to:
        return "EXPIRED"
    return "NOT_YET_VALID" if at < grant["valid_from"] else None


def stands(facts: Facts, event: Row, grant: Row, at: int, known_at: int) -> bool:
    """Tell whether a grant stands against every opt-out in force: it names the class and was recorded later."""
    names_class = event["record_class"] in grant.get("record_classes", [])
    for refusal in facts.opt_outs:
        concerns = refusal["account_id"] == event["account_id"] and refusal.get("record_class") in (None, event["record_class"]) and "purpose" not in refusal
        is_in_force = refusal["recorded_at"] <= known_at and is_within(at, refusal["valid_from"], refusal.get("valid_to"))
        if concerns and is_in_force and not (names_class and grant["recorded_at"] > refusal["recorded_at"]):
            return False
    return True


def distance_us(grant: Row, at: int) -> int:
    """Return how far an instant is from a grant; a revocation recorded by as_of counts even if not yet known then."""
    if at < grant["valid_from"]:
        return int(grant["valid_from"] - at)
    ends = [end for end in (grant.get("valid_to"), grant["revoked_at"]) if end is not None]
    return max(0, at - min(ends)) if ends else 0


def verdict(facts: Facts, event: Row, record_id: str | None, at: int, known_at: int) -> Verdict:
    """Judge one record at one instant by all grants of the account (step 12)."""
    judged = [(grant, faults(facts, event, record_id, grant, at=at, known_at=known_at)) for grant in facts.grants if grant["account_id"] == event["account_id"]]
    if not judged:
        return Verdict("NO_GRANT")

    def farness(pair: tuple[Row, tuple[str, ...]]) -> tuple[int, int, int, str]:
        grant, found = pair
        last = FAULTS.index(found[-1]) if found else -1
        return len(found), distance_us(grant, at), -last, grant["grant_id"]

    nearest, its_faults = min(judged, key=farness)
    faultless = [grant for grant, found in judged if not found]
    standing = [grant["grant_id"] for grant in faultless if stands(facts, event, grant, at, known_at)]
    code = "GRANTED" if standing else "OPTED_OUT" if faultless else its_faults[0]
    return Verdict(code, min(standing, default=None), nearest["grant_id"], its_faults, distance_us(nearest, at))


# --- steps 13 to 17 --------------------------------------------------------------------------------------------------------------------


def boundaries(facts: Facts, event: Row) -> set[int]:
    """Return every instant at which a verdict on this account may change."""
    names = ("valid_from", "valid_to", "recorded_at", "revoked_at", "revocation_recorded_at")
    grants = [grant for grant in facts.grants if grant["account_id"] == event["account_id"]]
    return {row[name] for row in (*grants, *facts.teams, *facts.opt_outs) for name in names if row.get(name) is not None}


def verdicts(facts: Facts, event: Row, record_id: str | None, shift: int, is_then: bool) -> list[tuple[int, int, Verdict]]:
    """Judge an access over its whole span, as if it had been `shift` later: stretches (from, to, verdict).

    An access without a session is a span of one microsecond. *then* is what was known by the later of the true and the shifted instant.
    """
    begin, end = event["session"] or (event["t"], event["t"] + 1)
    cuts = sorted({begin} | {cut - moved for cut in boundaries(facts, event) for moved in (0, shift) if begin < cut - moved < end})
    found = []
    for cut, following in zip(cuts, [*cuts[1:], end], strict=True):
        known_at = min(max(cut, cut + shift), facts.as_of) if is_then else facts.as_of
        found.append((cut, following, verdict(facts, event, record_id, cut + shift, known_at)))
    return found


def uncovered(stretches: list[tuple[int, int, Verdict]]) -> tuple[int, int, Verdict] | None:
    """Return the first stretch without permission, as long as it lasts, with the verdict at its first instant."""
    first: tuple[int, int, Verdict] | None = None
    for begin, end, found in stretches:
        if found.code != "GRANTED" and first is None:
            first = begin, end, found
        elif found.code != "GRANTED" and first is not None and first[1] == begin:
            first = first[0], end, first[2]
    return first


def is_permitted(facts: Facts, event: Row, record_id: str | None, shift: int) -> bool:
    """Tell whether the access would be permitted then and now, had it been `shift` later."""
    return all(uncovered(verdicts(facts, event, record_id, shift, is_then)) is None for is_then in (True, False))


def shifts(facts: Facts, event: Row) -> list[int]:
    """Return by how much the stamp may be off: the skew both ways, and any instant of the second it stands for."""
    skew = skew_us(facts, event["source"])
    if not source_of(facts, event["source"]).get("whole_seconds"):
        return [-skew, skew] if skew else []
    begin, _ = event["session"] or (event["t"], None)
    inside = [cut - begin for cut in boundaries(facts, event) if 0 < cut - begin < SECOND]
    return [-skew, skew + SECOND - 1, *inside]


def break_glass(facts: Facts, event: Row, begin: int, end: int) -> str | None:
    """Return the code of the emergency that decides what is uncovered from begin to end, if there is one (step 14)."""
    opened = [
        row
        for row in facts.emergencies
        if member(facts, row["staff_id"]) == member(facts, event["actor"])
        and row["account_id"] == event["account_id"]
        and row["opened_at"] <= begin
        and end <= row["opened_at"] + row["ttl_s"] * SECOND
    ]
    if not opened:
        return None
    emergency = min(opened, key=lambda row: row["emergency_id"])
    if emergency["recorded_at"] > begin:
        return "BACKDATED"
    if is_outside(event["record_class"], emergency.get("record_classes")):
        return "BREAK_GLASS_OVERREACH"
    if not emergency.get("reason", "").strip():
        return "BREAK_GLASS_NO_REASON"
    return customer_decision(facts, emergency)


def customer_decision(facts: Facts, emergency: Row) -> str:
    """Return what the customer's decision makes of an emergency; one by staff, a stranger or after as_of is none."""
    deadline = emergency["opened_at"] + emergency["decide_within_s"] * SECOND
    decided_at: int = emergency.get("decided_at", facts.as_of + 1)
    decided_by = emergency.get("decided_by")
    is_customers = member(facts, decided_by) is None and is_grantor(facts, decided_by, emergency["account_id"], decided_at)
    decision = emergency.get("decision") if is_customers and decided_at <= facts.as_of else None
    if decision == "reject":
        return "BREAK_GLASS_REJECTED"
    if decision == "approve":
        return "BREAK_GLASS_APPROVED" if decided_at < deadline else "BREAK_GLASS_LATE"
    return "BREAK_GLASS_PENDING" if facts.as_of < deadline else "BREAK_GLASS_UNAPPROVED"


def ruling(facts: Facts, event: Row, record_id: str | None) -> Ruling:
    """Decide one record by the grants, then and now (steps 12 to 17)."""
    by_knowledge = [verdicts(facts, event, record_id, 0, is_then) for is_then in (True, False)]
    bare = [stretch for stretches in by_knowledge for stretch in stretches if stretch[2].code != "GRANTED"]
    then, now = (uncovered(stretches) for stretches in by_knowledge)
    code_then, code_now = (found[2].code if found else "GRANTED" for found in (then, now))
    missing = now or then
    if missing is None:  # 13
        is_sure = all(is_permitted(facts, event, record_id, shift) for shift in shifts(facts, event))
        _, _, relied_on = by_knowledge[1][0]
        return Ruling("GRANTED" if is_sure else "GRANTED_BOUNDARY", code_then, code_now, relied_on)
    begin, end, because = missing
    code = break_glass(facts, event, min(cut for cut, _, _ in bare), max(following for _, following, _ in bare))  # 14
    if code is None and then is None:
        code = "RETRO_REVOKED"  # 15
    if code is None and now is None:
        code = "BACKDATED"  # 15
    if code is None and code_now in ("REVOKED", "EXPIRED", "NOT_YET_VALID") and any(is_permitted(facts, event, record_id, shift) for shift in shifts(facts, event)):
        code = "TIME_AMBIGUOUS"  # 16
    return Ruling(code or code_now, code_then, code_now, because, (begin, end) if event["session"] else None)  # 17


# --- the row ---------------------------------------------------------------------------------------------------------------------------


def records_of(event: Row) -> list[str]:
    """Return the distinct records an event names, in the given order."""
    named = ([event["record_id"]] if "record_id" in event else []) + event.get("record_ids", [])
    return list(dict.fromkeys(named))


def decided(facts: Facts, event: Row) -> tuple[Ruling, int | None]:
    """Return the ruling on an event and the number of its records that are uncovered."""
    code = decided_before_grants(facts, event)
    if code is not None:
        return Ruling(code), None
    records = records_of(event)
    judged: list[str | None] = [*records] or [None]
    rulings = [ruling(facts, event, record_id) for record_id in judged]
    bare = [found for found in rulings if found.code not in ("GRANTED", "GRANTED_BOUNDARY")]
    marked = [found for found in rulings if found.code == "GRANTED_BOUNDARY"]
    unexcused = [found for found in bare if found.code != "BREAK_GLASS_APPROVED"]
    return (unexcused or bare or marked or rulings)[0], len(bare) if records else None


def outcome_of(code: str) -> str:
    """Return the outcome that a code stands for."""
    if code in PERMITTED:
        return "permitted"
    return "info" if code in INFO else "undetermined" if code in UNDETERMINED else "violation"


def decision_row(facts: Facts, event: Row) -> Row:
    """Return one row of flagged.access_decisions."""
    found, records_uncovered = decided(facts, event)
    because, outcome, t = found.because, outcome_of(found.code), event["t"]
    begin, end = found.uncovered or (None, None)
    row = {name: event.get(name) for name in ("source", "event_id", "account_id", "record_class", "record_id", "record_ids", "action", "purpose", "case_id")}
    row.update(occurred_at=moment(t), staff_id=member(facts, event["actor"]))
    row.update(outcome=outcome, code=found.code, severity=SEVERITY.get(found.code), verdict_then=found.then, verdict_now=found.now)
    row.update(records_uncovered=records_uncovered, uncovered_from=moment(begin), uncovered_to=moment(end))
    row.update(grant_id=because.grant_id if found.code in ("GRANTED", "GRANTED_BOUNDARY") else None, nearest_grant_id=because.nearest_grant_id)
    row.update(all_faults=[] if outcome == "permitted" else list(because.faults))
    row.update(distance_s=None if because.distance_us is None else because.distance_us / SECOND)
    last = None if t is None else max(t, event["session"][1] - 1) if event["session"] else t
    row.update(provisional=last is None or last > min(watermark(facts, event["source"]), watermark(facts, "grants")), late=False)
    return {name: row[name] for name in COLUMNS}


def decide(world: dict[str, list[Row]], as_of: datetime) -> list[Row]:
    """Return one row of flagged.access_decisions for each access event that exists at as_of.

    `world` maps a folder of the landing to its rows as delivered; a folder that is missing there is missing in the landing.
    """
    facts = facts_of(world, microseconds(as_of))
    return [decision_row(facts, event) for event in events_of(world, facts)]
