"""Small adversarial worlds: ledgers and accesses whose boundaries collide, from a seed, in memory or as a landing folder."""

import bz2
import csv
import gzip
import json
import lzma
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]
World = dict[str, list[Row]]

US = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
# The nights on which Berlin's clocks change, so that stamps without a zone fall into its gap and its fold.
NIGHTS = (datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC))
STAFF = ("amy", "bob", "kim", "lee", "pam", "svc-index")
TEAMS = ("support", "billing", "Support")
CLASSES = ("invoice", "payment", "Invoice")
RECORDS = ("r1", "17", "r3", "R1", "017")
ACTIONS = ("read", "export", "list")
CASES = ("T-7", "8", "")
ACCESSES_EACH = 6  # for one account
GRANTS_EACH = (0, 1, 2, 2, 3, 5)  # to choose from
DRAWN = {  # the seeds of a test and the accesses of each world, or of each account in it
    "test_decide_worlds": (range(1, 35), 300),
    "many_grants": (range(101, 105), 50),
    "test_decide_follows": (range(101, 107), 200),
}

COMPRESSIONS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    (".gz", lambda body: gzip.compress(body, mtime=0)),
    (".bz2", bz2.compress),
    (".xz", lambda body: lzma.compress(body, preset=0)),
)
LISTS = {"logins", "record_classes", "record_ids", "actions", "exempt_classes", "purposes"}
INSTANTS = {
    "valid_from", "valid_to", "recorded_at", "joined_at", "closed_at", "noticed_at", "posted_at", "emailed_at", "opened_at", "decided_at", "watermark",
    "from", "to", "revoked_at", "revocation_recorded_at", "occurred_at", "observed_at", "started_at", "ended_at",
}  # fmt: skip
OTHER_TYPES = {
    "ttl_s": pa.int64(), "decide_within_s": pa.int64(), "notice_days": pa.int64(), "clock_skew_s": pa.float64(), "whole_seconds": pa.bool_(),
    "content": pa.bool_(), "rows": pa.int64(),
}  # fmt: skip
COLUMNS = {
    "staff": ("staff_id", "logins", "kind", "owner", "valid_from", "valid_to"),
    "teams": ("staff_id", "team", "valid_from", "valid_to", "recorded_at"),
    "accounts": ("account_id", "joined_at", "closed_at", "plan"),
    "users": ("user_id", "account_id"),
    "grantors": ("person_id", "account_id", "valid_from", "valid_to"),
    "policies": ("policy_id", "noticed_at", "posted_at", "emailed_at", "notice_days", "exempt_classes"),
    "opt_outs": ("account_id", "record_class", "purpose", "valid_from", "valid_to", "recorded_at"),
    "emergencies": (
        "emergency_id", "staff_id", "account_id", "opened_at", "ttl_s", "decide_within_s", "reason", "record_classes", "recorded_at", "decision",
        "decided_by", "decided_at",
    ),
    "sources": ("source", "time_zone", "clock_skew_s", "whole_seconds", "watermark"),
    "gaps": ("source", "from", "to"),
    "grants": (
        "grant_id", "account_id", "granted_by", "grantee", "valid_from", "recorded_at", "valid_to", "record_classes", "record_ids", "actions", "case_id",
        "revoked_at", "revocation_recorded_at", "evidence",
    ),
    "access_events": (
        "event_id", "actor", "occurred_at", "source", "account_id", "record_class", "record_id", "record_ids", "action", "content", "purpose", "case_id",
        "observed_at", "rows", "outcome", "started_at", "ended_at",
    ),
}  # fmt: skip
REQUIRED = {
    "staff": ("staff_id",),
    "teams": ("staff_id", "team", "valid_from"),
    "accounts": ("account_id", "joined_at"),
    "users": ("user_id", "account_id"),
    "grantors": ("person_id", "account_id", "valid_from"),
    "policies": ("policy_id",),
    "opt_outs": ("account_id", "valid_from"),
    "emergencies": ("emergency_id", "staff_id", "account_id", "opened_at", "ttl_s", "decide_within_s"),
    "sources": ("source",),
    "gaps": ("source", "from", "to"),
    "grants": ("grant_id", "account_id", "granted_by", "grantee", "valid_from", "recorded_at"),
    "access_events": ("event_id", "actor", "occurred_at"),
}


def world_of(vector: Row) -> tuple[World, datetime]:
    """Return a worked case as a world with one access, its missing required fields filled in, and its as_of."""
    context = dict(vector["context"])
    as_of = datetime.fromisoformat(context.pop("as_of"))
    sources = [{"source": "access_events", "clock_skew_s": context.pop("clock_skew_s", None)}]
    if "grants_watermark" in context:
        sources.append({"source": "grants", "watermark": context.pop("grants_watermark")})
    policies = [{"policy_id": f"p{number}", **policy} for number, policy in enumerate(context.pop("policies"), 1)]
    gaps = [{"source": "access_events", **gap} for gap in context.pop("gaps", [])]
    return {**context, "policies": policies, "gaps": gaps, "sources": sources, "access_events": [{"event_id": vector["id"], **vector["access"]}]}, as_of


# --- instants --------------------------------------------------------------------------------------------------------------------------


class Grid:
    """The few instants of a world: full hours of one night, exactly, one microsecond and the skew (2 s) beside."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.night = rng.choice(NIGHTS)
        self.beside = [timedelta(0)] * 6 + [US, -US] * 2 + [timedelta(seconds=2), timedelta(seconds=-2)]
        self.beside += [timedelta(seconds=sign * 2) + off for sign in (1, -1) for off in (US, -US)]
        self.beside += [timedelta(milliseconds=250), timedelta(milliseconds=750), timedelta(milliseconds=999, microseconds=999)]

    def hour(self, first: int = 0, last: int = 6) -> datetime:
        """Return a full hour."""
        return self.night + HOUR * self.rng.randint(first, last)

    def near(self, first: int = 0, last: int = 6) -> datetime:
        """Return a full hour or an instant beside it."""
        return self.hour(first, last) + self.rng.choice(self.beside)

    def maybe(self, chance: float, first: int = 0, last: int = 6) -> datetime | None:
        """Return such an instant by chance, else none."""
        return self.near(first, last) if self.rng.random() < chance else None


def iso(rng: Random, moment: datetime | None) -> str | None:
    """Write an instant in one of the ways that mean the same: Z, an offset, more digits than count."""
    if moment is None:
        return None
    if rng.random() < 0.2:
        moment = moment.astimezone(timezone(timedelta(hours=rng.choice((-4, 1, 5)), minutes=30)))
    text = moment.isoformat(timespec="microseconds" if rng.random() < 0.3 else "auto")
    text, offset = text[:-6], text[-6:]
    if "." in text and rng.random() < 0.3:
        text += rng.choice(("0", "9", "999"))
    return text + ("Z" if offset == "+00:00" else offset)


def subset(rng: Random, values: tuple[str, ...], wanted: str | None) -> list[str] | None:
    """Return a scope list: mostly all (null) or one with the wanted value, sometimes without it, sometimes none at all."""
    draw = rng.random()
    if draw < 0.40:
        return None
    if draw < 0.90 and wanted is not None:
        return [wanted, *rng.sample([value for value in values if value != wanted], rng.randint(0, 1))]
    return [] if draw > 0.98 else [rng.choice(values)]


# --- people and places -------------------------------------------------------------------------------------------------------------------


def staff_rows(rng: Random, grid: Grid) -> list[Row]:
    """Six members: two share a login, one bears another's id as a login, one has left, one came back."""
    rows: list[Row] = [
        {"staff_id": "amy", "logins": ["amy@vendor.example.com", "ops"]},
        {"staff_id": "bob", "logins": ["ops", "bob@vendor.example.com"]},
        {"staff_id": "kim", "logins": rng.choice((["bob", "kimmy"], [], None))},
        {"staff_id": "lee", "valid_to": grid.near(2, 5)},
        {"staff_id": "pam", "valid_to": grid.near(1, 2)},
        {"staff_id": "pam", "valid_from": grid.near(3, 4), "valid_to": grid.maybe(0.3, 5)},
        {"staff_id": "svc-index", "kind": "service", "owner": "amy"},
    ]
    if rng.random() < 0.2:
        rows.append({"staff_id": "zed", "valid_from": "2026-01-01T00:00:00"})  # refused: no zone, so zed is nobody
    if rng.random() < 0.2:
        rows.append({"staff_id": rng.choice(("kim", "lee")), "valid_to": grid.near(2, 6)})  # left, told later
    if rng.random() < 0.2:
        rows.append({"staff_id": "amy", "logins": ["newly"]})
    return rows


def team_rows(rng: Random, grid: Grid) -> list[Row]:
    """Return memberships, some entered late."""
    rows: list[Row] = []
    for _ in range(rng.randint(2, 7)):
        begin = grid.near(0, 2) if rng.random() < 0.6 else grid.night - HOUR * 100
        row = {"staff_id": rng.choice(STAFF), "team": rng.choice(TEAMS), "valid_from": begin, "valid_to": grid.maybe(0.4, 2)}
        rows.append({**row, "recorded_at": grid.maybe(0.4, 1)})
        if rng.random() < 0.3:
            rows.append({**row, "valid_to": rng.choice((None, grid.near(2), grid.near(2))), "recorded_at": grid.maybe(0.7, 1)})
    if rng.random() < 0.2:
        rows.append({"staff_id": "kimmy", "team": rng.choice(TEAMS), "valid_from": grid.night - HOUR * 100})  # a login is no member
    return rows


def policy_rows(rng: Random, grid: Grid) -> list[Row]:
    """Return policies, often noticed at the same instant."""
    rows: list[Row] = []
    usual = grid.near(0, 3)
    for name in rng.sample(("p1", "p9", "p10"), rng.randint(1, 3)):
        notice = rng.choice((grid.night - HOUR * 24 * 30, grid.night - HOUR * 24 + rng.choice((US, HOUR)), usual, usual))
        stamps = {"noticed_at": notice} if rng.random() < 0.7 else {"posted_at": notice, "emailed_at": rng.choice((None, notice + HOUR, notice - HOUR))}
        exempt = rng.choice((["company_contact"], ["company_contact", "payment"], ["Invoice", "invoice"], [], None))
        rows.append({"policy_id": name, **stamps, "notice_days": rng.choice((None, 0, 1, 30)), "exempt_classes": exempt})
        if rng.random() < 0.15:
            rows.append({**rows[-1], "exempt_classes": list(CLASSES)})  # refused: a version is never edited
    return rows


def source_rows(rng: Random, grid: Grid) -> list[Row]:
    """Return sources: one with skew, one of whole seconds, one without zones, and how far they were read."""
    rows: list[Row] = [
        {"source": "app", "clock_skew_s": rng.choice((2, 2.0, 0.000001, None)), "watermark": grid.maybe(0.2, 4)},
        {"source": "coarse", "whole_seconds": True, "clock_skew_s": rng.choice((None, 0, 2))},
        {"source": "legacy", "time_zone": "Europe/Berlin" if rng.random() < 0.8 else None},
    ]
    if rng.random() < 0.3:
        rows.append({"source": "grants", "watermark": grid.near(4, 6)})
    if rng.random() < 0.2:
        rows.append({"source": "access_events", "clock_skew_s": 2})
    if rng.random() < 0.2:
        rows.append({"source": rng.choice(("app", "coarse", "grants")), "watermark": grid.near(4, 6)})  # read further since
    return rows


def gap_rows(rng: Random, grid: Grid) -> list[Row]:
    """Return verified holes."""
    rows: list[Row] = []
    for _ in range(rng.choice((0, 1, 1, 2))):
        begin = grid.near()
        end = rng.choice((begin + US, begin + HOUR / 4, begin + HOUR, begin, None))
        rows.append({"source": rng.choice(("app", "legacy", "access_events", "grants")), "from": begin, "to": end})
    return rows


# --- one account -------------------------------------------------------------------------------------------------------------------------


class Account:
    """A customer, what is mostly asked of it (its theme) and what it granted."""

    def __init__(self, rng: Random, grid: Grid, number: int, policies: list[Row], grants_each: tuple[int, ...] = GRANTS_EACH) -> None:
        self.rng, self.grid, self.grants_each = rng, grid, grants_each
        self.account_id = rng.choice(("C", "c", "C", "c", "1", "01")) + str(number)
        self.session_chance = rng.choice((0.03, 0.03, 0.03, 0.4))
        self.take_theme()
        self.grantor = f"cora-{self.account_id}"
        self.is_insider = rng.random() < 0.15  # a member of staff entered as the customer's grantor
        self.delays = [timedelta(0)] * 5 + [HOUR / 2, 2 * HOUR] * 4 + [timedelta(seconds=1), -US, timedelta(seconds=-2), timedelta(seconds=-2) - US]
        self.users = [self.grantor, f"una-{self.account_id}"]
        notices = [row["noticed_at"] for row in policies if "noticed_at" in row]
        joined = [None, grid.night - HOUR * 1000, *notices, *(notice + off for notice in notices for off in (US, -US))]
        self.row = {"account_id": self.account_id, "joined_at": rng.choice(joined)}

    def take_theme(self) -> None:
        """Choose whom and what most grants name and most accesses are by and of."""
        self.staff = self.rng.choice(STAFF[:3] * 3 + STAFF)
        self.record_class = self.rng.choice(CLASSES)
        self.record = self.rng.choice(RECORDS)

    @property
    def is_large(self) -> bool:
        """Tell whether it has so many grants that one theme would cover every access."""
        return min(self.grants_each) > max(GRANTS_EACH)

    def rows(self) -> list[Row]:
        """Return the account, sometimes told in two rows."""
        if self.rng.random() < 0.9:
            return [self.row]
        return [{"account_id": self.account_id, "joined_at": None, "plan": "basic"}, {**self.row, "plan": self.rng.choice((None, "other"))}]

    def grantors(self) -> list[Row]:
        """Return who may grant: a person of the customer for a time, sometimes a member of staff."""
        until = self.grid.maybe(0.15, 1)
        rows: list[Row] = [{"person_id": self.grantor, "account_id": self.account_id, "valid_from": self.grid.night - HOUR * 50, "valid_to": until}]
        if self.rng.random() < 0.2:
            rows.append({"person_id": "dan", "account_id": self.account_id, "valid_from": self.grid.near(0, 3), "valid_to": self.grid.maybe(0.5, 3)})
        if self.rng.random() < 0.15:
            rows.append({**rows[-1], "valid_to": self.grid.near(0, 3)})  # ended, told later
        if self.is_insider:
            rows.append({"person_id": self.staff, "account_id": self.account_id, "valid_from": self.grid.night - HOUR * 50})
        return rows

    def grantee(self) -> str:
        """Return a grantee, mostly the theme's member of staff, by id or login."""
        draw = self.rng.random()
        if draw < 0.55:
            return f"person:{self.staff}"
        if draw < 0.65:
            return "person:" + self.rng.choice(("amy@vendor.example.com", "ops", "bob", "nobody", "kimmy"))
        return "team:" + self.rng.choice(TEAMS) if draw < 0.85 else "anystaff:"

    def grant(self, grant_id: str) -> Row:
        """Return a grant that mostly covers the theme."""
        rng, grid = self.rng, self.grid
        begin = grid.near(0, 3)
        end = rng.choice((None, grid.near(3, 6), grid.near(2, 6), grid.near(2, 6), begin + HOUR, begin if rng.random() < 0.3 else begin + 2 * HOUR))
        revoked = grid.maybe(0.25, 1, 6) if rng.random() < 0.8 or end is None else end + rng.choice((-US, timedelta(0), US))
        recorded = grid.near(0, 5) if rng.random() < 0.25 else begin - rng.choice((timedelta(0), US, HOUR * 2))
        others = ("amy", self.staff, "dan", "stranger", "amy@vendor.example.com", "lee", "pam", "ops")
        return {
            "grant_id": grant_id,
            "account_id": self.account_id,
            "granted_by": self.grantor if rng.random() < 0.9 else rng.choice(others),
            "grantee": self.grantee(),
            "record_classes": subset(rng, CLASSES, self.record_class),
            "record_ids": subset(rng, RECORDS, self.record),
            "actions": subset(rng, ACTIONS, "read"),
            "case_id": rng.choice(CASES) if rng.random() < 0.12 else None,
            "valid_from": begin,
            "valid_to": end,
            "recorded_at": recorded,
            "revoked_at": revoked,
            "revocation_recorded_at": rng.choice((None, revoked + rng.choice((US, -US, HOUR)), grid.near(2, 6))) if revoked else None,
            "evidence": rng.choice((None, "letter", "form")),
        }

    def grants(self) -> list[Row]:
        """Return grants, some continued by a second one, some delivered twice, some revoked by a later row, some broken."""
        rows: list[Row] = []
        for number in range(self.rng.choice(self.grants_each)):
            if self.is_large:
                self.take_theme()
            row = self.grant(f"g{number}-{self.account_id}")
            rows.append(row)
            draw = self.rng.random()
            if draw < 0.15 and row["valid_to"]:
                begin = row["valid_to"] + self.rng.choice((timedelta(0), timedelta(0), US, HOUR / 2))
                following = {"grant_id": f"h{number}-{self.account_id}", "valid_from": begin, "valid_to": begin + HOUR, "revoked_at": None}
                rows.append({**row, **following, "revocation_recorded_at": None})
            elif draw < 0.25:
                rows.append(dict(row))
            elif draw < 0.40:
                rows[-1] = {**row, "revoked_at": None, "revocation_recorded_at": None}
                rows += [{**row, "revoked_at": self.grid.near(1, 5), "revocation_recorded_at": self.grid.maybe(0.5, 2)} for _ in range(self.rng.choice((1, 1, 2)))]
            elif draw < 0.48:
                rows.append({**row, **self.rng.choice(self.contradictions()), "revoked_at": self.grid.maybe(0.5, 1, 4)})
            elif draw < 0.56:
                broken = ({"grantee": "group:all"}, {"grantee": "anystaff:x"}, {"granted_by": None}, {"valid_from": "2026-03-01T00:00:00"}, {"valid_to": "soon"})
                rows.append({**row, "grant_id": f"a{number}-{self.account_id}", **self.rng.choice(broken)})
        return rows

    def contradictions(self) -> tuple[Row, ...]:
        """Return changes that a later row of a grant may not make."""
        return {"valid_to": None, "evidence": "other"}, {"actions": ["export", "read"]}, {"grantee": "anystaff:"}, {"evidence": "rumour"}

    def opt_outs(self, granted: list[datetime]) -> list[Row]:
        """Return refusals, some recorded at the very instant of a grant."""
        rows: list[Row] = []
        for _ in range(self.rng.choice((0, 0, 0, 1, 1, 2))):
            row = {"account_id": self.account_id, "record_class": self.rng.choice((None, self.record_class, "payment")), "valid_from": self.grid.near(0, 4)}
            row["purpose"] = "marketing" if self.rng.random() < 0.15 else None
            recorded = self.rng.choice((None, None, self.grid.near(), *granted))
            rows.append({**row, "valid_to": self.grid.maybe(0.5, 2), "recorded_at": recorded})
            if self.rng.random() < 0.2:
                rows.append({**rows[-1], "recorded_at": self.rng.choice((None, self.grid.near(), *granted))})
        return rows

    def emergencies(self) -> list[Row]:
        """Return emergencies with decisions at and around their deadlines."""
        rng = self.rng
        rows: list[Row] = []
        for number in range(rng.choice((0, 0, 1, 1, 2, 3))):
            opened, within = self.grid.near(0, 4), rng.choice((3600, 10800, 864000, 8640000))
            deadline = opened + timedelta(seconds=within)
            decided = rng.choice((opened + HOUR / 2, opened + HOUR / 2, deadline, deadline + US, deadline - US, self.grid.near(2, 6), None))
            row = {
                "emergency_id": f"{rng.choice(('b', 'B'))}{number}-{self.account_id}",
                "staff_id": self.staff if rng.random() < 0.85 else rng.choice(("amy@vendor.example.com", "ops", "bob", "nobody")),
                "account_id": self.account_id,
                "record_classes": subset(rng, CLASSES, self.record_class),
                "opened_at": opened,
                "recorded_at": rng.choice((None, None, None, opened + rng.choice((US, HOUR / 4, HOUR, -US)))),
                "ttl_s": rng.choice((1800, 3600, 10800, 10800, 0)),
                "decide_within_s": within,
                "reason": rng.choice((*["outage"] * 9, None, "", " \t")),
                "decision": rng.choice(("approve", "approve", "approve", "reject", "reject", None, "maybe")),
                "decided_by": self.grantor if rng.random() < 0.8 and not self.is_insider else rng.choice(("stranger", "amy", self.staff, "dan")),
                "decided_at": decided,
            }
            rows += self.told_twice(row) if rng.random() < 0.3 else [row]
        return rows

    def told_twice(self, emergency: Row) -> list[Row]:
        """Return an emergency whose decision comes in a later row, alone, contradicted, or beside another change that refuses it."""
        undecided = {**emergency, "decision": None, "decided_by": None, "decided_at": None}
        change: Row = self.rng.choice(({}, {}, {}, {"reason": "fire"}, {"ttl_s": 360000}, {"recorded_at": emergency["opened_at"]}))
        other = {**emergency, "decision": self.rng.choice(("approve", "reject"))}
        return [undecided, {**emergency, **change}, *([other] if self.rng.random() < 0.3 else [])]

    def access(self, event_id: str, instants: list[datetime], as_naive: bool) -> Row:
        """Return an access that mostly follows the theme, at an instant where something of this account begins or ends."""
        rng, grid = self.rng, self.grid
        if self.is_large:
            self.take_theme()
        source = rng.choice((None, None, None, "app", "app", "app", "coarse", "legacy"))
        at = rng.choice(instants) + rng.choice((timedelta(0), timedelta(0), US, -US)) if instants and rng.random() < 0.5 else grid.near()
        others = (*STAFF, *self.users, *self.users, "duo", "ops", "amy@vendor.example.com", "kimmy", "nobody", "zed", "cora-C0")
        row: Row = {
            "event_id": event_id,
            "source": source,
            "actor": self.staff if rng.random() < 0.8 else rng.choice(others),
            "account_id": self.account_id if rng.random() < 0.97 else rng.choice((None, "", "Z9", "C0")),
            "record_class": self.record_class if rng.random() < 0.9 else rng.choice((*CLASSES, "company_contact", None, "")),
            "action": "read" if rng.random() < 0.9 else rng.choice((*ACTIONS, None)),
            "content": False if rng.random() < 0.03 else rng.choice((True, None)),
            "purpose": rng.choice((None, "servicing", "billing")),
            "case_id": rng.choice((None, *CASES)),
            "outcome": "denied" if rng.random() < 0.03 else rng.choice(("ok", None)),
            "occurred_at": at.replace(microsecond=0) if source == "coarse" else at,
            "observed_at": at + rng.choice(self.delays) if rng.random() < 0.4 else None,
        }
        row.update(self.records())
        if rng.random() < self.session_chance:
            row["started_at"] = row["occurred_at"]
            row["ended_at"] = rng.choice((at + HOUR, at + 2 * HOUR, at + 4 * HOUR, at + US, at, grid.near(), None))
        if as_naive and rng.random() < {"legacy": 0.5, None: 0.05}.get(source, 0):
            row["occurred_at"] = self.naive(at)
        if as_naive and rng.random() < 0.05:
            row["observed_at"] = "2026-01-01T00:00:00"
        return row

    def records(self) -> Row:
        """Return the records of an access: mostly the theme's, sometimes several, all or none."""
        draw = self.rng.random()
        if draw < 0.65:
            return {"record_id": self.record}
        if draw < 0.75:
            return {"record_id": self.rng.choice((*RECORDS, ""))}
        if draw < 0.90:
            return {"record_ids": [self.record if self.rng.random() < 0.6 else name for name in self.rng.sample(RECORDS, self.rng.randint(1, 3))]}
        return {"record_ids": []} if draw < 0.91 else {}

    def naive(self, at: datetime) -> str:
        """Return a stamp without a zone: Berlin's clock at that instant, or a quarter past two of the night."""
        local = at + HOUR if self.rng.random() < 0.8 else (self.grid.night + timedelta(hours=4, minutes=15))
        return local.replace(tzinfo=None).isoformat()


# --- a world -----------------------------------------------------------------------------------------------------------------------------


def world(rng: Random, accesses: int, accesses_each: int = ACCESSES_EACH, grants_each: tuple[int, ...] = GRANTS_EACH) -> tuple[World, datetime]:
    """Return ledgers and accesses as they would be delivered, and an as_of: the end of it all, or somewhere in between."""
    grid = Grid(rng)
    policies = policy_rows(rng, grid)
    accounts = [Account(rng, grid, number, policies, grants_each) for number in range(max(2, accesses // accesses_each))]
    grants = [row for account in accounts for row in account.grants()]
    made: dict[str, list[Row]] = {
        "staff": staff_rows(rng, grid),
        "teams": team_rows(rng, grid),
        "users": [{"user_id": user, "account_id": account.account_id} for account in accounts for user in (*account.users, "duo")[: rng.choice((2, 2, 3))]],
        "grantors": [row for account in accounts for row in account.grantors()],
        "sources": source_rows(rng, grid),
        "gaps": gap_rows(rng, grid),
        "grants": grants,
        "opt_outs": [row for account in accounts for row in account.opt_outs([grant["recorded_at"] for grant in grants if grant["account_id"] == account.account_id])],
        "emergencies": [row for account in accounts for row in account.emergencies()],
        "accounts": [row for account in accounts for row in account.rows()],
        "policies": policies,
    }
    for folder, chance in {"accounts": 0.15, "policies": 0.3, "opt_outs": 0.1, "sources": 0.1, "teams": 0.05}.items():
        if rng.random() < chance:
            del made[folder]
    made["access_events"] = access_rows(rng, accounts, made, accesses)
    as_of = grid.night + HOUR * 24 * 20 if rng.random() < 0.5 else rng.choice(turning_points(made, grid.night + HOUR * 3))
    return {folder: [delivered(rng, row) for row in rows] for folder, rows in made.items()}, as_of


def access_rows(rng: Random, accounts: list[Account], made: dict[str, list[Row]], accesses: int) -> list[Row]:
    """Return accesses, a few of them delivered twice, contradicted or unreadable."""
    as_naive = rng.random() < 0.7
    rows: list[Row] = []
    for number in range(accesses):
        account = rng.choice(accounts)
        instants = instants_of(account, made)
        rows.append(account.access(f"{rng.choice(('e', 'E', '1', '01'))}{number}", instants, as_naive))
        if rng.random() < 0.02:
            rows.append(dict(rows[-1]))
        elif rng.random() < 0.02:
            change: Row = rng.choice(({"action": "delete"}, {"purpose": "research"}, {"record_id": None, "record_ids": None}, {"actor": "amy"}, {"case_id": "9"}))
            rows.append({**rows[-1], **change})
        elif as_naive and rng.random() < 0.01:
            rows.append({**rows[-1], "event_id": f"x{number}", "occurred_at": "yesterday"})
    return rows


def turning_points(made: dict[str, list[Row]], earliest: datetime) -> list[datetime]:
    """Return the instants, from the earliest, at which as_of decides whether something exists or is overdue."""
    names = ("recorded_at", "revocation_recorded_at", "decided_at", "observed_at")
    found = {row[name] for rows in made.values() for row in rows for name in names if isinstance(row.get(name), datetime)}
    found |= {row["opened_at"] + timedelta(seconds=row["decide_within_s"]) for row in made["emergencies"]}
    return [earliest + 2 * HOUR, *sorted(moment for moment in found if earliest <= moment < earliest + 6 * HOUR)]


def instants_of(account: Account, made: dict[str, list[Row]]) -> list[datetime]:
    """Return every instant that stands in an account's own grants, opt-outs and emergencies."""
    rows = [row for folder in ("grants", "opt_outs", "emergencies") for row in made.get(folder, []) if row["account_id"] == account.account_id]
    return [value for row in rows for value in row.values() if isinstance(value, datetime)]


def delivered(rng: Random, row: Row) -> Row:
    """Write a row as text and numbers; a value that is null is now written, now left out."""
    written = {name: iso(rng, value) if isinstance(value, datetime) else value for name, value in row.items()}
    return {name: value for name, value in written.items() if value is not None or rng.random() < 0.5}


# --- a landing folder --------------------------------------------------------------------------------------------------------------------


def write_landing(world: World, folder: Path, rng: Random) -> None:
    """Write a world as a landing folder: each ledger in one to three files, in the order of its rows, in formats as the seed says."""
    for name, rows in world.items():
        (folder / name).mkdir(parents=True)
        below = rng.choice((None, "app", "coarse", "legacy")) if name == "access_events" else None
        if below:
            # What a sub-folder holds is of the source of its name, said or not.
            (folder / name / below).mkdir()
            inside = [row if rng.random() < 0.5 else {**row, "source": None} for row in rows if row.get("source") == below]
            write_file(name, inside, folder / name / below / "0", rng)
        write_folder(name, [row for row in rows if below is None or row.get("source") != below], folder / name, rng)


def write_folder(name: str, rows: list[Row], folder: Path, rng: Random) -> None:
    """Write the rows of a folder in one to three files; two of one event stay together, since files of events are not read in the order of their names."""
    cuts = sorted(rng.randint(0, len(rows)) for _ in range(rng.choice((0, 0, 1, 2))))
    cuts = [cut - (0 < cut < len(rows) and "event_id" in rows[cut] and rows[cut]["event_id"] == rows[cut - 1]["event_id"]) for cut in cuts]
    for number, (begin, end) in enumerate(zip([0, *cuts], [*cuts, len(rows)], strict=True)):
        write_file(name, rows[begin:end], folder / str(number), rng)


def write_file(name: str, rows: list[Row], path: Path, rng: Random) -> None:
    """Write a file in a format that the rows allow, now and then compressed."""
    suffix, write = rng.choice(formats(name, rows))
    plain = path.with_name(path.name + suffix)
    write(name, rows, plain, rng)
    if rng.random() < 0.2:
        end, compress = rng.choice(COMPRESSIONS)
        plain.with_name(plain.name + end).write_bytes(compress(plain.read_bytes()))
        plain.unlink()


def formats(folder: str, rows: list[Row]) -> list[tuple[str, Callable[[str, list[Row], Path, Random], None]]]:
    """Return the formats that can carry these rows: CSV no empty text, Parquet no stamp that is not an instant."""
    possible: list[tuple[str, Callable[[str, list[Row], Path, Random], None]]] = [(".jsonl", write_jsonl)]
    if not any(row.get(name) == "" for row in rows for name in ("case_id", "record_id")):
        possible.append((".csv", write_csv))
    if all(is_instant(row[name]) for row in rows for name in INSTANTS if row.get(name) is not None):
        possible.append((".parquet", write_parquet))
    return possible


def is_instant(text: str) -> bool:
    """Tell whether a stamp can be read and has a zone."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def columns_of(folder: str, rows: list[Row], rng: Random) -> list[str]:
    """Return the columns of a file, shuffled: the required ones, those in use and some of the others."""
    used = {name for row in rows for name in row} | set(REQUIRED[folder])
    names = [name for name in COLUMNS[folder] if name in used or rng.random() < 0.5]
    rng.shuffle(names)
    return names


def write_jsonl(folder: str, rows: list[Row], path: Path, rng: Random) -> None:
    """Write JSON Lines; only columns that are not required may be left out, and an id of digits may be a number."""
    required = dict.fromkeys(REQUIRED[folder])
    said = [{**required, **{name: spoken(value, rng) for name, value in row.items()}} for row in rows]
    path.write_text("".join(json.dumps(row, ensure_ascii=rng.random() < 0.5) + "\n" for row in said), encoding="utf-8")


def spoken(value: Any, rng: Random) -> Any:
    """Return a value as JSON may say it."""
    if isinstance(value, list):
        return [spoken(part, rng) for part in value]
    is_number = isinstance(value, str) and value.isdigit() and str(int(value)) == value
    return int(value) if is_number and rng.random() < 0.5 else value


def write_csv(folder: str, rows: list[Row], path: Path, rng: Random) -> None:
    """Write CSV, an empty cell for null."""
    names = columns_of(folder, rows, rng)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator=rng.choice(("\n", "\r\n")))
        table.writerow(names)
        table.writerows([cell(row.get(name), rng) for name in names] for row in rows)


def cell(value: Any, rng: Random) -> str:
    """Return a CSV cell: empty for null, JSON or parts between semicolons for a list."""
    if isinstance(value, list):
        is_plain = value and not any(part == "" or ";" in part or part.startswith("[") for part in value)
        return ";".join(value) if is_plain and rng.random() < 0.5 else json.dumps(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def write_parquet(folder: str, rows: list[Row], path: Path, rng: Random) -> None:
    """Write Parquet, instants as timestamps in UTC."""
    columns = {}
    for name in columns_of(folder, rows, rng):
        values = [row.get(name) for row in rows]
        if name in INSTANTS:
            moments = [None if value is None else datetime.fromisoformat(value) for value in values]
            columns[name] = pa.array(moments, pa.timestamp("us", tz="UTC"))
        else:
            kind = pa.list_(pa.string()) if name in LISTS else OTHER_TYPES.get(name, pa.string())
            columns[name] = pa.array([float(value) if kind == pa.float64() and value is not None else value for value in values], kind)
    pq.write_table(pa.table(columns), path)
