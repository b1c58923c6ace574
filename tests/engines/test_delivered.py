"""What an office puts into LANDING is read, refused or told: nothing that stands there counts for nothing without a word."""

import json
import shutil
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.engines.intake import accesses
from dagster_project.errors import InputError

World = Any
HEADER = "event_id,actor,occurred_at,purpose"


def _event(number: int, **change: str) -> dict[str, str]:
    return {"event_id": f"e{number}", "actor": "ada", "occurred_at": f"2026-03-02T10:00:{number:02d}Z", "purpose": "servicing"} | change


def _row(number: int, **change: str) -> str:
    return ",".join(_event(number, **change).values())


def _events(world: World) -> list[str]:
    return sorted(row["event_id"] for row in world.rows("scrubbed.access_events"))


def _quarantined(world: World) -> list[tuple[int, str]]:
    return sorted((row["line_number"], row["reason"]) for row in world.rows("ledger.quarantine"))


@pytest.fixture
def world(world: World) -> World:
    """Give a landing folder with one member of staff."""
    world.put("staff/staff.csv", "staff_id\nada\n")
    return world


def test_a_carriage_return_within_a_cell_costs_no_event(world: World) -> None:
    """Whoever may write one into a purpose could otherwise hide the last access of a file for each."""
    rows = [_row(1, purpose='"a\rb\rc"'), _row(2), _row(3, occurred_at="02.03.2026 10:15"), _row(4)]
    world.put("access_events/office/a.csv", "\n".join([HEADER, *rows]) + "\n")
    world.run()
    assert _events(world) == ["e1", "e2", "e4"]
    assert _quarantined(world) == [(4, "bad_time")]
    world.put("access_events/office/a.csv", "\n".join([HEADER, *rows, _row(5, purpose='"\r"'), _row(6)]) + "\n")
    world.run()
    assert _events(world) == ["e1", "e2", "e4", "e5", "e6"]


def test_a_refused_row_of_a_ledger_stands_on_its_line_whatever_stands_above(world: World) -> None:
    """The place is all that leads back to it; a carriage return within quotes is no line."""
    body = "grant_id,account_id,granted_by,grantee,valid_from,recorded_at,evidence\n"
    at = "2026-03-02T10:15:00Z"
    body += "".join(f'g{n},alder,nora,{grantee},{at},{at},"one\rtwo\nthree"\n' for n, grantee in enumerate(("person:ada", "whoever")))
    world.put("grants/a.csv", body)
    world.run()
    (row,) = world.rows("ledger.quarantine")
    assert (row["line_number"], row["byte_offset"]) == (4, body.index("g1,"))
    assert world.told == [
        "grants/a.csv: 1 row is refused: 1 with a value that does not fit its column (docs/ledgers.md), or contradicts another row, the first in line 4",
    ]


@pytest.mark.parametrize(("name", "body", "advice"), [
    ("a.jsonl", json.dumps([_event(1)]), "it holds one JSON list; write one JSON object a line, in UTF-8, without brackets and commas around them"),
    ("a.csv", f"{HEADER}\r{_row(1)}\r{_row(2, occurred_at='02.03.2026')}", "its lines end in a carriage return alone; end them with a line feed"),
    ("a.csv", f"{HEADER}\n{_row(1)}\n".replace(",", ";"), "the required columns event_id, actor, occurred_at are missing; they are separated by semicolons; write commas"),
    ("a.ndjson", json.dumps(_event(1)), "a ledger is .csv, .jsonl or .parquet; deliver it as one of these"),
    ("account_id=alder/a.csv", f"{HEADER}\n{_row(1)}\n", "the required column account_id is missing; the name of a folder is not read, so write it into the file"),
])  # fmt: skip
def test_a_file_of_events_that_cannot_be_read_is_refused(name: str, body: str, advice: str, world: World) -> None:
    """A line without an end may still be growing, but a whole file must not wait in silence for ever."""
    world.put(f"access_events/office/{name}" if "/" not in name else f"access_events/{name}", body)
    world.run()
    refused = {row["advice"].partition(": ")[2] for row in world.inputs().values() if row["status"] == "refused"}
    assert refused == {advice}


def _parquet(table: pa.Table) -> bytes:
    sink = BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


LOGIN = '"EVENT_TYPE","TIMESTAMP","REQUEST_ID","ORGANIZATION_ID","DELEGATED_USER_ID"\n"LoginAs","20260302100001.000","q1","alder","ada"\n'
TABLE = "deliver it as JSON, CSV or Parquet, text in UTF-8"


@pytest.mark.parametrize(("name", "body", "advice"), [
    ("salesforce/a.csv", LOGIN.replace(",", ";").encode(), "its cells are separated by semicolons; write commas"),
    ("salesforce/a.csv", b"\xff\xfe" + LOGIN.replace(",", "\t").encode("utf-16-le"), f"it is UTF-16 or UTF-32; {TABLE}"),
    ("salesforce/a.csv", LOGIN.replace("\n", "\r").encode(), "its lines end in a carriage return alone; end them with a line feed"),
    ("salesforce/a.xlsx", b"PK\x03\x04\x14\x00\n", f"it holds a ZIP archive, as .xlsx and .ods are; {TABLE}"),
    ("salesforce/a.csv", b"<!DOCTYPE html>\n<title>Sign in</title>\n", f"it holds HTML or XML; {TABLE}"),
    ("cloudtrail/a.json", b"\xff\xfe" + '{"Records": []}'.encode("utf-16-le"), f"it is UTF-16 or UTF-32; {TABLE}"),
    ("google/a.parquet", _parquet(pa.table([["a"], ["b"]], names=["logName", "logName"])), "the file has a column twice; write each once"),
])  # fmt: skip
def test_a_file_of_a_source_that_is_no_table_is_refused_by_its_name(name: str, body: bytes, advice: str, world: World) -> None:
    """A workbook passed for a table with a header and no rows: no access, and nobody was told."""
    world.put(f"access_events/{name}", body)
    world.run()
    assert {row["advice"] for row in world.inputs().values() if row["status"] == "refused"} == {f"access_events/{name}: {advice}"}


def test_a_last_line_that_waits_for_its_end_is_told(world: World) -> None:
    """Exports that are written without a last line end would lose their last access, if nobody knew."""
    world.put("access_events/office/a.csv", f"{HEADER}\n{_row(1)}\n{_row(2, occurred_at='02.03.2026')}")
    waits = "access_events/office/a.csv: its last line has no line end and cannot be read, so it waits for the rest; end it, and it is read or refused"
    world.run()
    assert (_events(world), world.told) == (["e1"], [waits])
    world.told.clear()
    world.put("access_events/office/a.csv", f"{HEADER}\n{_row(1)}\n{_row(2, occurred_at='02.03.2026')}\n")
    world.run()
    assert world.told == ["access_events/office/a.csv: 1 row is refused: 1 with a time that is not ISO 8601 or lacks its zone, the first in line 3"]


def test_the_copy_of_a_refused_file_under_a_name_that_is_read_counts(world: World) -> None:
    """Whoever follows the advice and copies `a.json` to `a.jsonl` must not have to take the first one away."""
    for name in ("a.json", "a.jsonl"):
        world.put(f"access_events/office/{name}", json.dumps(_event(1)) + "\n")
        world.put(f"teams/{name}", json.dumps({"staff_id": "ada", "team": "support", "valid_from": "2026-03-01T00:00:00Z"}) + "\n")
    world.run()
    assert (_events(world), len(world.rows("scrubbed.teams"))) == (["e1"], 1)
    world.run()
    assert _events(world) == ["e1"]


def test_of_a_copy_that_is_read_each_refused_row_stands_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read of the file that changed meanwhile is read again."""
    body = "\n".join([HEADER, _row(1), _row(2, occurred_at="never")]) + "\n"
    world.put("access_events/a.csv", body)
    world.put("access_events/b.csv", body)
    changed = [InputError("a.csv", "changed", "changed")]

    def once(*_: Any) -> None:
        if changed:
            raise changed.pop()

    monkeypatch.setattr(accesses, "refuse_changed", once)
    world.run()
    assert (_events(world), _quarantined(world)) == (["e1"], [(3, "bad_time")])


def test_rows_that_are_refused_are_told_with_place_and_reason(world: World) -> None:
    """A ledger of German dates would otherwise be an empty one, and every access a violation."""
    body = "person_id,account_id,valid_from\nnora,alder,02.03.2026\nnora,alder,2026-03-02T10:15:00Z\nnora,alder\nulf,birch,03.03.2026\n"
    world.put("grantors/a.csv", body)
    world.run()
    times = "2 with a time that is not ISO 8601 or lacks its zone, the first in line 2"
    assert world.told == [f"grantors/a.csv: 3 rows are refused: {times}; 1 with more or fewer cells than the header, or a stray quote, the first in line 4"]


def test_a_column_that_is_written_otherwise_is_told_with_the_one_that_may_be_meant(world: World) -> None:
    """An end that is left out for a capital would leave a permission open."""
    world.put("staff/more.csv", "staff_id,Valid To,comment\nben,2026-03-02T10:15:00Z,x\n")
    world.run()
    assert world.told == ["staff/more.csv: columns without a meaning are left out: Valid To (if valid_to is meant, write it so), comment"]


def test_a_column_that_is_named_after_somebody_is_counted(world: World) -> None:
    """A sheet can have a column for each employee, and JSON a key: the console is no place for them."""
    world.put("staff/more.csv", "staff_id,Jane Doeringer,comment\nben,x,x\n")
    world.put("staff/more.jsonl", '{"staff_id": "cleo", "doeringer": 1, "m-kowalskay": 2}\n')
    world.run()
    assert world.told == [
        "staff/more.csv: columns without a meaning are left out: comment, 1 that are not named like columns",
        "staff/more.jsonl: columns without a meaning are left out: 2 that are not named like columns",
    ]


def test_a_source_that_is_named_after_somebody_is_read_and_not_named(world: World) -> None:
    """The name of its folder may stand in HOME's private ledger, never in a table."""
    world.put("access_events/jane@example.com/e.csv", "event_id,actor,occurred_at\ne9,ada,2026-03-02T10:15:00Z\n")
    world.run()
    assert [row["source"] for row in world.rows("scrubbed.access_events") if row["event_id"] == "e9"] == ["{redacted}"]
    assert "jane" not in str([{name: row[name] for name in ("folder", "site", "format", "reason")} for row in world.inputs().values()])


def test_what_spark_leaves_beside_its_files_is_passed_over(world: World) -> None:
    """Its marks hold nothing, and what it did not finish never was."""
    world.put("staff/out/_SUCCESS", "")
    world.put("staff/out/.part-00000.csv.crc", "crc")
    world.put("staff/out/part-00000.csv", "staff_id\nben\n")
    world.put("staff/out/_temporary/0/part-00001.csv", "staff_id\ncleo\n")
    world.run()
    assert sorted(row["staff_id"] for row in world.rows("scrubbed.staff")) == ["ada", "ben"]
    assert {row["status"] for row in world.inputs().values()} == {"read"}


def test_what_lies_beside_the_folders_is_told(world: World) -> None:
    """A ledger that was dropped one folder too high looks as if it had been delivered."""
    world.put("grants.csv", "x")
    world.put("march.jsonl.gz", "x")
    world.put("customers/2026/a.CSV", "x")
    world.put("web-logs/a.log", "x")
    world.put("notes/read.me", "x")
    world.put("README.md", "x")
    world.run()
    assert world.told == [
        "customers/: no such folder is read; move its files to the folder of their kind, as docs/ledgers.md names them",
        "web-logs/: no such folder is read; rename it if it is meant to be web_logs/",
        "grants.csv: nothing that lies in LANDING itself is read; move it to grants/",
        "march.jsonl.gz: nothing that lies in LANDING itself is read; move it to the folder of its kind",
    ]


def test_a_landing_folder_without_any_that_is_read_is_told(world: World) -> None:
    """Whoever names another folder by mistake gets a report of nothing."""
    shutil.rmtree(world.landing)
    world.put("notes/read.me", "x")
    world.run()
    assert world.told == ["LANDING holds none of the folders that are read, web_logs/, access_events/, grants/ and so on"]


def test_what_is_not_measured_of_the_records_is_told(world: World) -> None:
    """The number of a customer's records would be exact, and too small."""
    records = _parquet(pa.table({"account_id": ["alder"]}))
    world.put("records/job/a.parquet", records)
    world.put("records/job/_SUCCESS", "")
    world.put("records/person/2026/a.csv", "account_id\nalder\n")
    world.put("records/a.parquet", records)
    world.run()
    assert world.told == [
        "records/a.parquet: it lies in no folder of a record class, so it is not measured; move it to records/<record_class>/",
        "records/person/: files that are not called .parquet are not measured; write the records as Parquet",
    ]
