"""Retention: what is past its time goes from every file and is entered; the books still balance, and what was published stays."""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.engines import catalog, purging
from dagster_project.engines.duckdb_engine import VISITORS, DuckDBEngine
from dagster_project.engines.intake import steps
from dagster_project.engines.lake import schema
from dagster_project.engines.retention import Due, first_month, years_before
from dagster_project.errors import CheckError, SealedError
from dagster_project.publishing.purge import check, plan, purge, summed, unfinished
from dagster_project.publishing.release import publish_warehouse, release
from dagster_project.settings import Retention, Settings
from tests.engines.conftest import World as MadeWorld

World = Any
Line = Callable[..., str]
REQUESTS, EVENTS, PURGES = "scrubbed.requests", "scrubbed.access_events", "ledger.purges"
SEALED_AT = datetime(2026, 3, 10, tzinfo=UTC)
KEPT, PAST = SEALED_AT + timedelta(days=7), SEALED_AT + timedelta(days=7, microseconds=1)
MEASURED = "measured.account_requests_daily"


def purged(world: World, as_of: datetime, **rules: int) -> list[dict[str, Any]]:
    """Purge as of an instant; return what went, by rule and table."""
    house = replace(world.house(as_of), settings=Settings(retention=Retention(**rules)))
    with closing(DuckDBEngine(world.home)) as engine:
        return summed(purge(house, engine))


def rows_gone(told: list[dict[str, Any]]) -> dict[str, int]:
    """Return the rows that went, by table."""
    return {row["table_name"]: row["rows"] for row in told}


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory, line: Line) -> World:
    """Give a HOME that read a log and a refused line for each of two days of March once both were to be sealed."""
    world = MadeWorld(tmp_path_factory.mktemp("read") / "one")
    for day in (1, 2):
        world.put(f"web_logs/{day}.log", "".join(line(number, day) for number in range(30)) + "broken\n")
    world.run(SEALED_AT)
    return world


@pytest.fixture
def delivered(read: World, tmp_path: Path) -> World:
    """Give it to be changed."""
    return read.copy(tmp_path / "one")


def built(world: World) -> dict[str, bytes]:
    """Return the bytes of every file of a measured table."""
    return {str(path): path.read_bytes() for path in (world.home / "lake" / "measured").rglob("*.parquet")}


@pytest.mark.parametrize(("as_of", "left"), [(KEPT, 60), (PAST, 0)])
def test_request_rows_go_seven_days_after_the_seal(as_of: datetime, left: int, delivered: World) -> None:
    """Section 7: without tokens, seven days and no instant longer; what they were measured as stays, byte for byte."""
    before = built(delivered)
    told = purged(delivered, as_of)
    assert len(delivered.rows(REQUESTS)) == left
    assert rows_gone(told).get(REQUESTS, 0) == 60 - left
    assert built(delivered) == before
    assert not left or not delivered.rows(PURGES)


def test_what_went_is_entered_by_table_day_and_input(delivered: World) -> None:
    """An auditor must see what was deleted, of which day and input, when, and by which rule."""
    purged(delivered, PAST)
    inputs = {row["input_id"] for row in delivered.inputs().values()}
    entered = delivered.rows(PURGES)
    assert [(row["rule"], row["table_name"], row["day"], row["rows"], row["is_refused"], row["purged_at"]) for row in entered] == [
        ("request_days", REQUESTS, date(2026, 3, day), 30, False, PAST) for day in (1, 2)
    ]
    assert {row["input_id"] for row in entered} == inputs


def test_the_books_balance_after_a_purge_and_days_stay_as_they_were(delivered: World, line: Line) -> None:
    """A run after a purge must neither fail nor build a day anew from rows that are gone."""
    purged(delivered, PAST)
    before = built(delivered)
    delivered.run(PAST)
    delivered.put("web_logs/new.log", "".join(line(number, 16) for number in range(5)))
    delivered.run(PAST)
    after = built(delivered)
    assert {path: after[path] for path in before} == before
    assert {row["day"]: (row["requests"], row["visitor_days"]) for row in delivered.rows(MEASURED)} == {
        date(2026, 3, 1): (30, 30), date(2026, 3, 2): (30, 30), date(2026, 3, 16): (5, None),
    }  # fmt: skip


@pytest.mark.parametrize("lost", ["rows", "entry"])
def test_rows_lost_in_another_way_still_fail_the_books(lost: str, delivered: World, line: Line) -> None:
    """What the books excuse is what ledger.purges names, and not one row more."""
    delivered.put("web_logs/new.log", "".join(line(number, 16) for number in range(5)))
    purged(delivered, PAST)
    delivered.run(PAST)
    if lost == "rows":
        delivered.lake.files(REQUESTS, date(2026, 3, 16))[0].unlink()
    else:
        delivered.lake.files(PURGES)[0].unlink()
    with pytest.raises(CheckError, match="are stored and"):
        delivered.run(PAST)


def test_a_late_line_of_a_purged_day_is_refused_and_counted(delivered: World, line: Line) -> None:
    """It would stand alone on its day: its rows are gone, and the day would be built anew from one line."""
    purged(delivered, PAST)
    before = built(delivered)
    delivered.put("web_logs/late.log", line(99, 1) + line(98, 1))
    delivered.run(PAST)
    assert not delivered.rows(REQUESTS)
    assert built(delivered) == before
    assert [(row["table_name"], row["day"], row["rows"]) for row in delivered.rows(PURGES) if row["is_refused"]] == [(REQUESTS, date(2026, 3, 1), 2)]
    assert "2 request lines of days whose time is over were refused" in " ".join(delivered.told)
    delivered.run(PAST)
    assert sum(row["rows"] for row in delivered.rows(PURGES)) == 62


@pytest.mark.parametrize("times", [1, 2])
def test_a_rebuild_after_a_purge_balances_and_brings_nothing_back(times: int, delivered: World, line: Line) -> None:
    """Logs that still lie in LANDING are read again, and their purged days are refused again; nothing counts twice."""
    delivered.put("web_logs/new.log", "".join(line(number, 16) for number in range(5)))
    purged(delivered, PAST)
    delivered.run(PAST)
    before = built(delivered)
    for _ in range(times):
        delivered.run(PAST, should_rebuild=True)
    delivered.run(PAST)
    assert {row["day"] for row in delivered.rows(REQUESTS)} == {date(2026, 3, 16)}
    assert built(delivered).keys() == before.keys()
    assert {path: content for path, content in built(delivered).items() if "day=2026-03-16" not in path} == {
        path: content for path, content in before.items() if "day=2026-03-16" not in path
    }


@pytest.mark.parametrize("killed", ["entered", "half"])
def test_a_purge_that_was_killed_is_finished_by_the_next_run_or_purge(killed: str, delivered: World, line: Line) -> None:
    """The entry is written first: whatever files are left belong to a day that is gone, and are not counted again."""
    delivered.put("web_logs/more.log", "".join(line(number, 1) for number in range(30, 40)))
    delivered.run(SEALED_AT)
    day = date(2026, 3, 1)
    purging.enter(delivered.lake, purging.entries(delivered.lake, [Due("request_days", REQUESTS, 0, day)]), PAST)
    if killed == "half":
        delivered.lake.files(REQUESTS, day)[0].unlink()
    delivered.run(PAST)
    assert delivered.lake.days(REQUESTS) == [date(2026, 3, 2)]
    purged(delivered, PAST)
    assert [(row["day"], row["rows"], row["is_refused"]) for row in sorted(delivered.rows(PURGES), key=lambda row: (row["day"], row["rows"]))] == [
        (day, 10, False), (day, 30, False), (date(2026, 3, 2), 30, False),
    ]  # fmt: skip


def test_a_day_is_measured_before_its_rows_go(world: World, line: Line) -> None:
    """Sealed by the hourly seal and purged a week later with no run between: its visitors must still stand in its tables."""
    world.put("web_logs/a.log", "".join(line(number, 2) for number in range(30)))
    world.run()
    assert [row["visitor_days"] for row in world.rows(MEASURED)] == [None]
    with closing(DuckDBEngine(world.home)) as engine:
        steps.seal_due(world.house(SEALED_AT), engine)
    purged(world, PAST)
    assert not world.rows(REQUESTS)
    assert [(row["requests"], row["visitor_days"]) for row in world.rows(MEASURED)] == [(30, 30)]


def test_a_day_that_is_due_is_sealed_first_and_kept_its_week(world: World, line: Line) -> None:
    """A house whose seal has not run for a month keeps the rows seven days from the seal, and no token at all."""
    world.put("web_logs/a.log", "".join(line(number, 2) for number in range(30)))
    world.run()
    assert purged(world, PAST) == []
    assert len(world.rows(REQUESTS)) == 30
    assert not world.rows("scrubbed.visits")
    assert rows_gone(purged(world, PAST + timedelta(days=8)))[REQUESTS] == 30


@pytest.mark.parametrize(("as_of", "left"), [(SEALED_AT + timedelta(days=30), 2), (SEALED_AT + timedelta(days=30, microseconds=1), 0)])
def test_the_index_of_refused_lines_goes_after_thirty_days(as_of: datetime, left: int, delivered: World) -> None:
    """It says where a line of a person stands; its count stays in the ledger of inputs."""
    told = rows_gone(purged(delivered, as_of))
    assert told.get("ledger.quarantine", 0) == 2 - left
    assert len(delivered.rows("ledger.quarantine")) == left
    assert [row["quarantined"] for row in delivered.inputs().values()] == [1, 1]


@pytest.mark.parametrize(("as_of", "left"), [("2028-03-31T23:59:59Z", 2), ("2028-04-01T00:00:00Z", 0)])
def test_measured_tables_keep_twenty_five_months(as_of: str, left: int, delivered: World) -> None:
    """The running month and the 24 before it, whole ones: half a month would be published as if it were one."""
    told = rows_gone(purged(delivered, datetime.fromisoformat(as_of)))
    assert len(delivered.lake.days(MEASURED)) == len(delivered.lake.days(VISITORS)) == left
    assert told.get(MEASURED, 0) == 2 - left
    delivered.run(datetime.fromisoformat(as_of))
    assert len(delivered.lake.days(MEASURED)) == left


def test_the_ledger_of_releases_outlives_the_tables(delivered: World) -> None:
    """That a day was published, and what it hid, is evidence for seven years; its tables are kept for 25 months."""
    with closing(DuckDBEngine(delivered.home)) as engine:
        release(engine, Settings())
        entered = delivered.rows("ledger.releases")
        purge(delivered.house(datetime(2028, 5, 1, tzinfo=UTC)), engine)
        assert not pq.read_table(delivered.lake.folder("published.site_pages_daily") / "part.parquet").num_rows
        release(engine, Settings())
    assert delivered.rows("ledger.releases") == entered != []


def test_an_old_log_keeps_its_week(world: World, line: Line) -> None:
    """A log of three years ago that is read today is measured and shown until its request rows go, or it would be built at every run and removed by every purge."""
    read_at = datetime(2029, 5, 1, tzinfo=UTC)
    world.put("web_logs/old.log", "".join(line(number, 1) for number in range(30)))
    world.run(read_at)
    assert purged(world, read_at + timedelta(days=7)) == []
    assert rows_gone(purged(world, read_at + timedelta(days=8))).keys() >= {REQUESTS, MEASURED, VISITORS}


def test_visitors_of_a_sealed_day_are_never_counted_again(delivered: World, line: Line) -> None:
    """1.7: a backfill may build requests and bytes anew, and must refuse visitors: the number published stays."""
    day = date(2026, 3, 1)
    visitors = delivered.rows(VISITORS)
    delivered.put("web_logs/late.log", line(99, 1, address="198.51.100.9"))
    delivered.run(SEALED_AT)
    with closing(DuckDBEngine(delivered.home)) as engine:
        engine.build(catalog.tables()[MEASURED], day)
        with pytest.raises(SealedError, match="2026-03-01 were counted when it was sealed"):
            engine.build(catalog.tables()[VISITORS], day)
    assert delivered.rows(VISITORS) == visitors
    assert {(row["day"].day, row["requests"], row["visitor_days"], row["late_unlinked"]) for row in delivered.rows(MEASURED)} == {(1, 31, 30, 1), (2, 30, 30, 0)}
    purged(delivered, datetime(2028, 5, 1, tzinfo=UTC))
    with closing(DuckDBEngine(delivered.home)) as engine, pytest.raises(SealedError):
        engine.build(catalog.tables()[VISITORS], day)


def test_events_and_ledgers_go_after_seven_years(delivered: World, event: Callable[[int], str]) -> None:
    """Section 7: evidence that is older than the rule is no evidence that anyone may keep; books and later runs go on."""
    delivered.put("staff/staff.csv", "staff_id\nada\n")
    delivered.put("access_events/a.jsonl", "".join(map(event, range(5))))
    delivered.run(SEALED_AT)
    early, late = datetime(2033, 3, 2, tzinfo=UTC), datetime(2033, 3, 20, tzinfo=UTC)
    purged(delivered, early)
    assert len(delivered.rows(EVENTS)) == 5
    told = rows_gone(purged(delivered, late))
    assert {table: told[table] for table in (EVENTS, "ledger.keys", "ledger.runs")} == {EVENTS: 5, "ledger.keys": 2, "ledger.runs": 2}
    assert {row["folder"] for row in delivered.rows("ledger.inputs")} == {"staff"}
    for name in ("access_events", "web_logs"):
        for path in (delivered.landing / name).iterdir():
            path.unlink()
    delivered.run(late)
    assert not delivered.rows(EVENTS)


def test_an_event_of_a_purged_day_is_refused(world: World, event: Callable[[int], str]) -> None:
    """It would be the only one of its day, and be judged as if it were all that happened."""
    world.put("staff/staff.csv", "staff_id\nada\n")
    world.put("access_events/a.jsonl", event(1))
    world.run(SEALED_AT)
    purged(world, datetime(2030, 1, 1, tzinfo=UTC), ledger_years=1)
    assert not world.rows(EVENTS)
    world.put("access_events/b.jsonl", event(2))
    world.run(datetime(2027, 1, 1, tzinfo=UTC))
    assert not world.rows(EVENTS)
    assert [row["rows"] for row in world.rows(PURGES) if row["is_refused"]] == [1]


def store(world: World, table: str, *rows: dict[str, Any]) -> None:
    """Put rows into a table of any layer, null in the columns they do not name."""
    with closing(DuckDBEngine(world.home)) as engine:
        columns = engine.connection().table(table).to_arrow_table().schema
    path = world.lake.folder(table) / "part.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(list(rows), columns), path)


def test_findings_go_with_the_events_they_stand_on(world: World) -> None:
    """A staff member's violation of eight years ago must not come back out of a table that no run has built since."""
    table, now = "flagged.access_decisions", datetime(2026, 1, 1, tzinfo=UTC)
    stamps = {"old": datetime(2018, 12, 31, tzinfo=UTC), "new": datetime(2019, 1, 1, tzinfo=UTC), "undated": None}
    store(world, table, *({"event_id": name, "occurred_at": at} for name, at in stamps.items()))
    assert rows_gone(purged(world, now)) == {table: 1}
    assert [row["event_id"] for row in world.rows(table)] == ["new", "undated"]
    assert [(row["table_name"], row["rule"], row["rows"]) for row in world.rows(PURGES)] == [(table, "ledger_years", 1)]


def test_what_a_closed_report_knew_goes_with_the_ledgers(world: World) -> None:
    """It names accesses, and outlives none of them by more than the month it closed."""
    table, now = "ledger.closed_accesses", datetime(2026, 1, 1, tzinfo=UTC)
    stamps = {"old": datetime(2018, 12, 31, tzinfo=UTC), "new": datetime(2019, 1, 1, tzinfo=UTC)}
    store(world, table, *({"source": "s", "event_id": name, "closed_as_of": at} for name, at in stamps.items()))
    purged(world, now)
    assert [row["event_id"] for row in world.rows(table)] == ["new"]


def test_a_finding_that_is_still_reported_keeps_when_it_was_first_seen(world: World) -> None:
    """Without it an old finding would look new at the next run."""
    seen = datetime(2018, 1, 1, tzinfo=UTC)
    store(world, "ledger.first_seen", *({"finding_id": name, "first_seen_at": seen} for name in "ab"))
    store(world, "reported.findings", {"finding_id": "a"})
    purged(world, datetime(2026, 1, 1, tzinfo=UTC))
    assert [row["finding_id"] for row in world.rows("ledger.first_seen")] == ["a"]


def test_reports_go_after_seven_years(world: World) -> None:
    """They hold the findings: a folder of old reports would be the archive that the rule forbids."""
    for month in ("2019-02", "2019-03", "notes"):
        folder = world.home / "reports" / month
        folder.mkdir(parents=True)
        (folder / "report.html").write_text("")
    told = purged(world, datetime(2026, 3, 31, tzinfo=UTC))
    assert sorted(path.name for path in (world.home / "reports").iterdir()) == ["2019-03", "notes"]
    assert [(row["table_name"], row["first_day"], row["rows"]) for row in told] == [("reports", "2019-02-01", 1)]


def test_a_purge_that_stopped_before_the_warehouse_is_finished_by_the_next(delivered: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are gone from the lake: without a mark, nobody would see that analysts can still read them."""
    warehouse, later = delivered.home / "warehouse.duckdb", datetime(2028, 5, 1, tzinfo=UTC)
    with closing(DuckDBEngine(delivered.home)) as engine:
        publish_warehouse(engine, warehouse)
    with monkeypatch.context() as patched:
        patched.setattr("dagster_project.publishing.purge.publish_warehouse", full)
        with pytest.raises(OSError, match="no space"):
            purged(delivered, later)
    with closing(DuckDBEngine(delivered.home)) as engine, pytest.raises(CheckError, match=f"days of {MEASURED} in the warehouse"):
        check(delivered.house(later), engine)
    assert purged(delivered, later) == []
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        assert connection.execute(f"from {MEASURED}").fetchall() == connection.execute("from ledger.quarantine").fetchall() == []
    assert not unfinished(delivered.home).exists()


def full(*_: object) -> None:
    """Stand for a disk without space."""
    raise OSError("no space")


def test_a_dry_run_says_what_would_go_and_touches_nothing(delivered: World) -> None:
    """Whoever is about to delete evidence looks first."""
    before = {path: path.stat().st_mtime_ns for path in delivered.home.rglob("*")}
    with closing(DuckDBEngine(delivered.home)) as engine:
        told = summed(plan(delivered.house(PAST), engine))
    assert {path: path.stat().st_mtime_ns for path in delivered.home.rglob("*")} == before
    assert told == [{"rule": "request_days", "table_name": REQUESTS, "rows": 60, "days": 2, "first_day": "2026-03-01", "last_day": "2026-03-02"}]
    assert purged(delivered, PAST) == told
    assert json.loads(json.dumps(told)) == told


def test_what_was_not_removed_is_found(delivered: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deletion is verified by opening the files again, not by trusting that it was done."""
    monkeypatch.setattr(purging.Lake, "drop", lambda *_: None)
    with pytest.raises(CheckError, match=r"30 rows of scrubbed\.requests \(request_days\)"):
        purged(delivered, PAST)
    monkeypatch.undo()
    with closing(DuckDBEngine(delivered.home)) as engine:
        purge(delivered.house(PAST), engine)
        check(delivered.house(PAST), engine)


def test_a_token_of_a_sealed_day_is_found(delivered: World) -> None:
    """Rows with tokens are kept until the seal: one that came back, from a backup say, must not lie there unseen."""
    returned = schema("scrubbed.visits").empty_table()
    with closing(DuckDBEngine(delivered.home)) as engine:
        check(delivered.house(SEALED_AT), engine)
        delivered.lake.write("scrubbed.visits", returned, "part", date(2026, 3, 1))
        with pytest.raises(CheckError, match="tokens of 2026-03-01, which is sealed"):
            check(delivered.house(SEALED_AT), engine)


def test_progress_is_shown(delivered: World) -> None:
    """A purge of years takes a while; who watches must see that it moves."""
    seen: list[tuple[str, int, int]] = []
    with closing(DuckDBEngine(delivered.home)) as engine:
        purge(delivered.house(PAST, lambda *step: seen.append(step)), engine)
    assert [step for step in seen if step[0] == "purging"] == [("purging", 0, 2), ("purging", 1, 2)]


def test_nothing_of_a_purged_row_is_left_in_any_file(world: World, line: Line) -> None:
    """A text that only request rows hold is gone from the bytes and the cells of every file below HOME."""
    world.put("web_logs/a.log", "".join(line(number, 1) for number in range(30)).replace("200 ", "418 "))
    world.run(SEALED_AT)
    holding = [path for path in (world.home / "lake" / "scrubbed").rglob("*.parquet") if "418" in repr(pq.read_table(path, partitioning=None).to_pylist())]
    assert holding
    purged(world, PAST)
    assert not [path for path in holding if path.exists()]
    assert not list((world.home / "lake").rglob(".*.parquet.*"))


@pytest.mark.parametrize(
    ("as_of", "months", "first"), [("2026-03-15", 25, "2024-03-01"), ("2026-01-01", 1, "2026-01-01"), ("2026-12-31", 12, "2026-01-01"), ("2026-01-31", 25, "2024-01-01")]
)
def test_months_are_counted_with_the_running_one(as_of: str, months: int, first: str) -> None:
    """Twenty-five months in January begin in January two years before."""
    assert first_month(datetime.fromisoformat(as_of).replace(tzinfo=UTC), months) == date.fromisoformat(first)


@pytest.mark.parametrize(
    ("at", "years", "then"), [("2028-02-29", 7, "2021-02-28"), ("2028-02-29", 4, "2024-02-28"), ("2026-11-28", 7, "2019-11-28"), ("2026-01-01", 5000, "0001-01-01")]
)
def test_years_are_counted_to_the_same_day(at: str, years: int, then: str) -> None:
    """A leap day has no anniversary in most years."""
    assert years_before(datetime.fromisoformat(at).replace(tzinfo=UTC), years) == datetime.fromisoformat(then).replace(tzinfo=UTC)
