"""The engine against the reference model on generated worlds, and on what they seldom reach: every column of every row."""

from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from dagster_project.engines.decide import decide, decided
from dagster_project.engines.intake.delivery import deliver
from dagster_project.settings import Settings
from tests import reference
from tests.sampling import sampled
from tests.worlds import DRAWN, World, world, write_landing

SEEDS, ACCESSES = DRAWN["test_decide_worlds"]
LARGE_SEEDS, LARGE_EACH = DRAWN["many_grants"]  # accesses of one large account
DAY = "2026-03-10T"
AS_OF = datetime.fromisoformat("2026-04-30T00:00:00Z")

Row = dict[str, Any]


def differences(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[str]:
    """Return where two sets of decisions differ, an access a line; distances count to the microsecond."""
    lines = []
    left, right = ({(row["source"], row["event_id"]): row for row in rows} for rows in (expected, found))
    for key in sorted(left.keys() | right.keys()):
        if key not in left or key not in right:
            lines.append(f"{key}: {'missing' if key in left else 'not expected'}")
            continue
        wrong = [f"{name} {right[key].get(name)!r} for {left[key][name]!r}" for name in reference.COLUMNS if value(left[key], name) != value(right[key], name)]
        if wrong:
            lines.append(f"{key} {left[key]['code']}: " + ", ".join(wrong))
    return lines


def value(row: dict[str, Any], name: str) -> Any:
    """Return a column of a row, as far as it is compared."""
    return round(row[name], 6) if isinstance(row.get(name), float) else row.get(name)


@pytest.mark.parametrize("seed", SEEDS)
def test_engine_decides_as_the_reference_does(seed: int, tmp_path: Path) -> None:
    """A verdict may accuse a person: two independent readings of the rules must agree on every access, over 10,000 of them in each run."""
    rng = Random(seed)
    assert_same_decisions(world(rng, ACCESSES), rng, tmp_path)


@pytest.mark.parametrize("seed", LARGE_SEEDS)
def test_engine_finds_the_nearest_of_many_grants(seed: int, tmp_path: Path) -> None:
    """Where an account gave many grants, they are found by key and place in time, never one by one: ties and equal instants must not change who is named."""
    rng = Random(seed)
    assert_same_decisions(world(rng, 2 * LARGE_EACH, accesses_each=LARGE_EACH, grants_each=(30, 60)), rng, tmp_path)


@pytest.mark.parametrize(("seed", "accesses", "rows"), sampled([(41, 300, 20), (42, 80, 4), (42, 300, 4)], lambda place: place < 2))
def test_accesses_judged_some_at_a_time_are_judged_the_same(seed: int, accesses: int, rows: int, tmp_path: Path) -> None:
    """Where there are too many for memory, accounts are judged apart, and one of many accesses in several slices, each by all that it granted."""
    rng = Random(seed)
    made, as_of = world(rng, accesses)
    write_landing(made, tmp_path, rng)
    parts = [part.to_pylist() for part in decided(deliver(tmp_path, Settings(), as_of), rows)]
    assert len(parts) > 3
    assert differences(reference.decide(made, as_of), [row for part in parts for row in part]) == []


def assert_same_decisions(given: tuple[World, datetime], rng: Random, folder: Path) -> None:
    """Decide a world by the engine, from files, and by the reference."""
    made, as_of = given
    write_landing(made, folder / "landing", rng)
    expected = reference.decide(made, as_of)
    found = decide(folder / "landing", as_of, Settings())
    assert found.column_names == list(reference.COLUMNS)
    assert found.num_rows == len(expected)
    wrong = differences(expected, found.to_pylist())
    assert not wrong, f"as_of {as_of.isoformat()}, {len(wrong)} of {len(expected)} differ:\n" + "\n".join(wrong[:20])


def grant(grant_id: str, begin: str, end: str, **changes: Any) -> Row:
    """Return a grant of C1's grantor to amy, between two clock times."""
    given = {"grant_id": grant_id, "account_id": "C1", "granted_by": "cora", "grantee": "person:amy", "recorded_at": DAY + "08:00:00Z"}
    return {**given, "valid_from": f"{DAY}{begin}Z", "valid_to": f"{DAY}{end}Z", **changes}


def glass(begin: str, ttl_s: int) -> Row:
    """Return an emergency that the customer approved in time."""
    opened = {"emergency_id": f"b-{begin}", "staff_id": "amy", "account_id": "C1", "opened_at": f"{DAY}{begin}Z", "ttl_s": ttl_s, "decide_within_s": 86400, "reason": "outage"}
    return {**opened, "decision": "approve", "decided_by": "cora", "decided_at": DAY + "15:00:00Z"}


INSTANT = {"occurred_at": DAY + "10:00:00Z"}
SESSION = {**INSTANT, "started_at": DAY + "10:00:00Z", "ended_at": DAY + "14:00:00Z"}
A_HOLE = [grant("g1", "10:00:00", "11:00:00"), grant("g2", "12:00:00", "14:00:00")]
TWO_HOLES = [grant("g1", "10:00:00", "11:00:00"), grant("g2", "11:10:00", "12:00:00"), grant("g3", "12:10:00", "14:00:00")]
BACKDATED_THEN_REVOKED = [
    grant("g1", "10:00:00", "14:00:00", recorded_at=DAY + "11:00:00Z", revoked_at=DAY + "12:00:00Z", revocation_recorded_at=DAY + "20:00:00Z"),
    grant("g2", "13:00:00", "14:00:00"),
]
A_HOLE_FOR_EACH_RECORD = [
    grant("g1", "10:00:00", "11:00:00", record_ids=["r1"]), grant("g2", "12:00:00", "14:00:00", record_ids=["r1"]), grant("g3", "10:00:00", "13:00:00", record_ids=["r2"]),
]  # fmt: skip
MEMBER = {"staff_id": "amy", "team": "t", "valid_from": DAY + "00:00:00Z"}
LEFT = MEMBER | {"valid_to": DAY + "10:00:00Z"}
BERLIN = [{"source": "access_events", "time_zone": "Europe/Berlin"}]
ALL_YEAR = [grant("g1", "09:00:00", "10:00:00", valid_from="2025-01-01T00:00:00Z", valid_to="2026-06-01T00:00:00Z", recorded_at="2025-01-01T00:00:00Z")]
TO_THE_CHANGE = [{**ALL_YEAR[0], "valid_to": "2026-03-29T01:00:00Z"}]
OPT_OUT = {"account_id": "C1", "valid_from": DAY + "08:00:00Z"}
UNDECIDED = {name: value for name, value in glass("09:30:00", 3600).items() if not name.startswith("decided_") and name != "decision"}
TEAM_GRANT = [grant("g1", "09:00:00", "12:00:00", grantee="team:t")]


@pytest.mark.parametrize(
    ("ledgers", "access", "code"),
    [
        ({"grants": [grant("g1", "09:00:00", "10:00:00.25"), grant("g2", "10:00:00.75", "11:00:00")]}, INSTANT, "GRANTED_BOUNDARY"),
        ({"grants": [grant("g1", "09:00:00", "10:00:00.25"), grant("g2", "10:00:00.25", "11:00:00")]}, INSTANT, "GRANTED"),
        ({"grants": [grant("g1", "10:00:00.25", "10:00:00.75")]}, INSTANT, "TIME_AMBIGUOUS"),
        ({"grants": [grant("g1", "10:00:01", "10:00:02")]}, INSTANT, "NOT_YET_VALID"),
        ({"grants": A_HOLE}, SESSION, "EXPIRED"),
        ({"grants": A_HOLE, "emergencies": [glass("10:30:00", 5400)]}, SESSION, "BREAK_GLASS_APPROVED"),
        ({"grants": A_HOLE, "emergencies": [glass("10:30:00", 5399)]}, SESSION, "EXPIRED"),
        ({"grants": A_HOLE, "emergencies": [glass("10:30:00", 5399), glass("11:00:00", 3600)]}, SESSION, "BREAK_GLASS_APPROVED"),
        ({"grants": TWO_HOLES, "emergencies": [glass("10:30:00", 3600)]}, SESSION, "EXPIRED"),
        ({"grants": TWO_HOLES, "emergencies": [glass("10:30:00", 6000)]}, SESSION, "BREAK_GLASS_APPROVED"),
        ({"grants": BACKDATED_THEN_REVOKED}, SESSION, "REVOKED"),
        ({"grants": BACKDATED_THEN_REVOKED, "emergencies": [glass("11:30:00", 7200)]}, SESSION, "REVOKED"),
        ({"grants": BACKDATED_THEN_REVOKED, "emergencies": [glass("09:30:00", 14400)]}, SESSION, "BREAK_GLASS_APPROVED"),
        ({"grants": A_HOLE_FOR_EACH_RECORD, "emergencies": [glass("10:30:00", 7200)]}, {**SESSION, "record_ids": ["r1", "r2"]}, "EXPIRED"),
        ({"grants": A_HOLE_FOR_EACH_RECORD, "emergencies": [glass("10:30:00", 12600)]}, {**SESSION, "record_ids": ["r1", "r2"]}, "BREAK_GLASS_APPROVED"),
        ({"grants": TEAM_GRANT, "teams": [MEMBER]}, INSTANT, "GRANTED"),
        ({"grants": TEAM_GRANT, "teams": [MEMBER, LEFT]}, INSTANT, "NOT_TEAM_MEMBER"),
        ({"grants": TEAM_GRANT, "teams": [LEFT, MEMBER | {"valid_to": DAY + "11:00:00Z"}]}, INSTANT, "NOT_TEAM_MEMBER"),
        ({"grants": TEAM_GRANT, "teams": [MEMBER, LEFT | {"recorded_at": DAY + "10:00:00.000001Z"}]}, INSTANT, "RETRO_REVOKED"),
        ({"grants": TEAM_GRANT, "teams": [MEMBER, LEFT | {"recorded_at": "2026-04-30T00:00:00.000001Z"}]}, INSTANT, "GRANTED"),
        ({"grants": TEAM_GRANT, "teams": [LEFT, MEMBER | {"valid_to": DAY + "11:00:00Z", "recorded_at": DAY + "09:00:00Z"}]}, INSTANT, "NOT_TEAM_MEMBER"),
        ({"staff": [{"staff_id": "amy"}, {"staff_id": "amy", "valid_to": DAY + "10:00:00Z"}]}, INSTANT, "FORMER_STAFF"),
        ({"staff": [{"staff_id": "amy", "valid_to": DAY + "10:00:00.000001Z"}, {"staff_id": "amy"}]}, INSTANT, "NO_GRANT"),
        ({"grants": ALL_YEAR, "sources": BERLIN}, {"occurred_at": "2026-03-29T01:59:59.999999"}, "GRANTED"),
        ({"grants": ALL_YEAR, "sources": BERLIN}, {"occurred_at": "2026-03-29T02:00:00"}, "TIME_AMBIGUOUS"),
        ({"grants": ALL_YEAR, "sources": BERLIN}, {"occurred_at": "2026-03-29T02:59:59.999999"}, "TIME_AMBIGUOUS"),
        ({"grants": ALL_YEAR, "sources": BERLIN}, {"occurred_at": "2026-03-29T03:00:00"}, "GRANTED"),
        ({"grants": ALL_YEAR, "sources": BERLIN}, {"occurred_at": "2025-10-26T01:59:59.999999"}, "GRANTED"),
        ({"grants": ALL_YEAR, "sources": BERLIN}, {"occurred_at": "2025-10-26T02:00:00"}, "TIME_AMBIGUOUS"),
        ({"grants": ALL_YEAR, "sources": BERLIN}, {"occurred_at": "2025-10-26T02:59:59.999999"}, "TIME_AMBIGUOUS"),
        ({"grants": ALL_YEAR, "sources": BERLIN}, {"occurred_at": "2025-10-26T03:00:00"}, "GRANTED"),
        ({"grants": ALL_YEAR, "sources": BERLIN}, {"occurred_at": "2025-10-26T02:30:00+02:00"}, "GRANTED"),
        ({"grants": TO_THE_CHANGE, "sources": BERLIN}, {"occurred_at": "2026-03-29T01:59:59.999999"}, "GRANTED"),
        ({"grants": TO_THE_CHANGE, "sources": BERLIN}, {"occurred_at": "2026-03-29T03:00:00"}, "EXPIRED"),
        ({"grants": ALL_YEAR}, {"occurred_at": "2026-03-29T01:59:59"}, "TIME_UNZONED"),
        ({"grants": [{**ALL_YEAR[0], "valid_to": "2026-03-31"}]}, INSTANT, "NO_GRANT"),
        ({"grants": [{**ALL_YEAR[0], "valid_to": "2026-03-31T00:00:00"}]}, INSTANT, "NO_GRANT"),
        ({"grants": [ALL_YEAR[0], {**ALL_YEAR[0], "revoked_at": "2026-03-01"}]}, INSTANT, "GRANTED"),
        ({"grants": [ALL_YEAR[0], {**ALL_YEAR[0], "revoked_at": "2026-03-01T00:00:00Z"}]}, INSTANT, "REVOKED"),
        ({"grants": ALL_YEAR}, {**INSTANT, "observed_at": "2026-04-30T00:00:00Z"}, "GRANTED"),
        ({"grants": ALL_YEAR}, {**INSTANT, "observed_at": "2026-04-30T00:00:00.000001Z"}, None),
        ({"grants": ALL_YEAR, "opt_outs": [OPT_OUT, OPT_OUT | {"valid_to": DAY + "10:00:00Z"}]}, INSTANT, "GRANTED"),
        ({"grants": ALL_YEAR, "opt_outs": [OPT_OUT, OPT_OUT | {"valid_to": DAY + "10:00:00Z", "recorded_at": DAY + "08:00:00Z"}]}, INSTANT, "GRANTED"),
        ({"grants": ALL_YEAR, "opt_outs": [OPT_OUT, OPT_OUT | {"valid_to": DAY + "10:00:00Z", "recorded_at": DAY + "08:00:01Z"}]}, INSTANT, "OPTED_OUT"),
        ({"grants": ALL_YEAR, "opt_outs": [OPT_OUT | {"valid_to": DAY + "11:00:00Z"}, OPT_OUT | {"valid_to": DAY + "10:00:00Z"}]}, INSTANT, "OPTED_OUT"),
        ({"emergencies": [UNDECIDED, glass("09:30:00", 3600) | {"recorded_at": DAY + "09:30:00Z"}]}, INSTANT, "BREAK_GLASS_APPROVED"),
        ({"emergencies": [UNDECIDED, glass("09:30:00", 3600) | {"recorded_at": DAY + "09:30:01Z"}]}, INSTANT, "BREAK_GLASS_UNAPPROVED"),
        ({}, {"occurred_at": "1899-12-31T23:59:59Z", "record_class": "company_info"}, "EXEMPT_CLASS"),
    ],
)
def test_what_the_worlds_seldom_reach(ledgers: dict[str, list[Row]], access: Row, code: str | None, tmp_path: Path) -> None:
    """Two boundaries in one second, a hole beside an excused one, an end entered later, a night of two clocks, a date for an instant: there verdicts went wrong before."""
    made = {
        "staff": [{"staff_id": "amy"}],
        "grantors": [{"person_id": "cora", "account_id": "C1", "valid_from": "2025-01-01T00:00:00Z"}],
        "sources": [{"source": "access_events", "whole_seconds": True}],
        **ledgers,
        "access_events": [{"event_id": "e1", "actor": "amy", "account_id": "C1", "record_class": "invoice", "action": "read", **access}],
    }
    write_landing(made, tmp_path, Random(0))
    found = decide(tmp_path, AS_OF, Settings()).to_pylist()
    assert [row["code"] for row in found] == ([code] if code else [])
    assert differences(reference.decide(made, AS_OF), found) == []
