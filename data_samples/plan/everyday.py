"""Everyday work that fills the access log up to four hundred events: all of it permitted, or denied."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from plan.access import Access, Source
from plan.company import SEATS, users_of
from plan.week import at, iso


@dataclass(frozen=True)
class _Habit:
    """What a person does again and again within [begin, end), well inside a grant."""

    actor: str
    account: str
    record_class: str
    begin: datetime
    end: datetime
    code: str = "GRANTED"
    source: Source = "console"
    records: tuple[str, ...] = ("r-11", "r-12", "r-13", "r-14", "r-15")
    action: str = "read"
    purpose: str | None = "servicing"
    case_id: str | None = None
    content: bool | None = None


_T = ("t-1", "t-2", "t-3")
_P = ("p-1", "p-2", "p-3")
_HABITS = (
    _Habit("amy", "alder", "job", at(9, "09:30"), at(13, "16:00")),
    _Habit("ben", "alder", "task", at(9, "08:00"), at(14, "17:00"), records=_T),
    _Habit("cho", "alder", "note", at(9, "08:00"), at(14, "17:00"), case_id="C-501"),
    _Habit("gwen", "alder", "employee", at(10, "13:00"), at(14, "17:00")),
    _Habit("amy", "birch", "job", at(9, "08:00"), at(15, "11:00")),
    _Habit("ben", "birch", "task", at(9, "08:00"), at(11, "11:00")),
    _Habit("cho", "birch", "job", at(9, "08:00"), at(14, "17:00")),
    _Habit("finn", "birch", "invoice", at(9, "08:00"), at(11, "14:00")),
    _Habit("ines", "birch", "person", at(9, "08:00"), at(12, "17:00")),
    _Habit("eva", "birch", "timesheet", at(9, "08:00"), at(12, "11:00")),
    _Habit("dev", "cedar", "task", at(9, "08:00"), at(15, "16:00")),
    _Habit("hugo", "cedar", "task", at(9, "08:00"), at(15, "16:00")),
    _Habit("svc-backup", "cedar", "task", at(9, "08:00"), at(15, "16:00"), source="replica"),
    _Habit("amy", "damson", "job", at(9, "08:00"), at(14, "17:00"), records=_P),
    _Habit("dev", "damson", "person", at(11, "08:00"), at(14, "17:00")),
    _Habit("eva", "damson", "job", at(9, "08:00"), at(14, "17:00")),
    _Habit("finn", "elder", "job", at(9, "08:00"), at(14, "17:00")),
    _Habit("gwen", "elder", "task", at(9, "08:00"), at(14, "17:00")),
    _Habit("hugo", "elder", "note", at(9, "08:00"), at(14, "17:00")),
    _Habit("ines", "elder", "document", at(9, "08:00"), at(14, "17:00")),
    _Habit("dev", "fern", "invoice", at(9, "15:00"), at(11, "17:00"), source="backoffice"),
    _Habit("eva", "fern", "payment", at(9, "10:00"), at(12, "11:00"), source="replica"),
    _Habit("jack", "hazel", "job", at(9, "08:00"), at(12, "11:00")),
    _Habit("kim", "hazel", "job", at(10, "08:00"), at(14, "17:00")),
    _Habit("amy", "hazel", "person", at(9, "08:00"), at(14, "17:00")),
    _Habit("svc-backup", "hazel", "document", at(9, "08:00"), at(14, "17:00"), action="export"),
    _Habit("dev", "alder", "company_info", at(9, "08:00"), at(14, "17:00"), "EXEMPT_CLASS", "backoffice", purpose="billing"),
    _Habit("eva", "gorse", "company_contact", at(9, "08:00"), at(14, "17:00"), "EXEMPT_CLASS", "kiosk", purpose="contact"),
    _Habit("gwen", "gorse", "document", at(9, "08:00"), at(14, "17:00"), "EXEMPT_METRICS_ONLY", "replica", content=False),
)


def _working(rng: Random, habit: _Habit) -> datetime:
    """Return an instant of the habit in working hours, 08:00 to 17:00 UTC."""
    while True:
        instant = habit.begin + (habit.end - habit.begin) * rng.random()
        if 8 <= instant.hour < 17:
            return instant.replace(microsecond=0) if habit.source == "replica" else instant


def _done(rng: Random, habit: _Habit) -> Access:
    instant = _working(rng, habit)
    return Access(
        code=habit.code, source=habit.source, actor=habit.actor, account_id=habit.account, record_class=habit.record_class, instant=instant, action=habit.action,
        record_id=rng.choice(habit.records), purpose=habit.purpose, case_id=habit.case_id, content=habit.content, rows=1,
        observed_at=None if rng.random() < 0.3 else iso(instant + timedelta(seconds=rng.randrange(1, 90))),
    )  # fmt: skip


def _customers(rng: Random) -> Access:
    account = rng.choice(sorted(set(SEATS) - {"fern"}))
    habit = _Habit(rng.choice(users_of(account)), account, "job", at(9, "08:00"), at(15, "16:00"), "SELF_ACCESS", purpose=None)
    return _done(rng, habit)


def _denied(rng: Random) -> Access:
    habit = _Habit(rng.choice(["kim", "hugo"]), "gorse", "document", at(10, "08:00"), at(15, "16:00"), "ATTEMPT_DENIED")
    return replace(_done(rng, habit), outcome="denied")


def everyday(rng: Random, count: int) -> list[Access]:
    """Return `count` accesses; every habit occurs, so that every sound grant is used."""
    events: list[Access] = []
    while len(events) < count:
        events += [_customers(rng), _denied(rng), *(_done(rng, habit) for habit in _HABITS)]
    return events[:count]
