"""Every line of every input is a row, refused or blank, and what is refused leaves a place and a shape but no text."""

import gzip
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.engines.intake import steps
from dagster_project.settings import Settings
from tests.engines.conftest import World as MadeWorld

World = Any
Line = Callable[..., str]
SECRET = "zebraquince"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory, line: Line, event: Callable[[int], str]) -> World:
    """Give a HOME that read each kind of input, with good, bad and blank lines in it."""
    world = MadeWorld(tmp_path_factory.mktemp("planted") / "one")
    good = [line(number) for number in range(6)]
    world.put("web_logs/access.log", good[0] + f"{SECRET} broken\n" + "\n" + "".join(good[1:]) + f'{SECRET} - - [02/Xxx/2026 "GET\n')
    world.put("web_logs/packed.gz", gzip.compress(("".join(map(line, range(20, 30))) + f"{SECRET}").encode()))
    world.put(
        "request_logs/app.jsonl",
        '{"time":"2026-03-02T10:00:00Z","method":"GET","path":"/a","status":200,"bytes":1}\n\n' + f'{{"{SECRET}":\n' + f'{{"method":"GET","path":"/{SECRET}","status":200}}\n',
    )
    world.put("access_events/a.jsonl", event(1) + f'{{"{SECRET}"\n' + "\n" + event(2) + event(2).replace("acme", SECRET))
    world.put("access_events/b.csv", f"event_id,actor,occurred_at\nc1,ada,2026-03-02T10:00:00Z\nc2,{SECRET},never\n")
    world.put("staff/staff.csv", f"staff_id\nada\n{SECRET},{SECRET}\n")
    world.put(
        "teams/teams.jsonl", f'{{"staff_id":"{SECRET}","team":"x","valid_from":"2026-01-01T00:00:00Z"}}\n{{"staff_id":"ada","team":"x","valid_from":"2026-01-01T00:00:00Z"}}\n'
    )
    table = pa.table(
        {
            "snapshot_at": ["2026-03-01T00:00:00Z", "never"],
            "message_id": ["m1", SECRET],
            "account_id": ["acme"] * 2,
            "received_at": ["2026-03-01T00:00:00Z"] * 2,
            "size_bytes": [1, 2],
        }
    )
    world.put("messages/m.parquet", b"")
    pq.write_table(table, world.landing / "messages/m.parquet")
    world.run()
    return world


@pytest.mark.parametrize(
    ("name", "lines", "parsed", "quarantined", "blank"),
    [
        ("web_logs/access.log", 9, 6, 2, 1),
        ("web_logs/packed.gz", 11, 10, 1, 0),
        ("request_logs/app.jsonl", 4, 1, 2, 1),
        ("access_events/a.jsonl", 5, 2, 2, 1),
        ("access_events/b.csv", 3, 1, 1, 1),
        ("staff/staff.csv", 3, 1, 1, 1),
        ("teams/teams.jsonl", 2, 1, 1, 0),
    ],
)
def test_every_line_is_a_row_refused_or_blank(name: str, lines: int, parsed: int, quarantined: int, blank: int, planted: World) -> None:
    """A line that is none of these would be evidence lost without a trace."""
    row = planted.inputs()[name]
    assert (row["status"], row["lines"], row["parsed"], row["quarantined"], row["blank_or_comment"]) == ("read", lines, parsed, quarantined, blank)
    assert sum(refused["input_id"] == row["input_id"] for refused in planted.rows("ledger.quarantine")) == quarantined


def test_a_refused_line_is_found_by_its_place_and_not_by_its_text(planted: World) -> None:
    """Whoever may read the source finds the line at its offset; nobody finds its text in HOME."""
    names = {row["input_id"]: row["file_name"] for row in planted.rows("ledger.input_files")}
    for refused in planted.rows("ledger.quarantine"):
        path = planted.landing / names[refused["input_id"]]
        if path.suffix == ".parquet":
            assert (refused["byte_offset"], refused["length"]) == (None, None)
            continue
        body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        assert body[refused["byte_offset"] :].startswith(body.split(b"\n")[refused["line_number"] - 1])
        assert refused["length"] == len(body.split(b"\n")[refused["line_number"] - 1])
        assert refused["shape"]
        assert SECRET not in refused["shape"]


def test_nothing_below_home_holds_the_text_of_a_refused_line(planted: World) -> None:
    """The quarantine is an index: text in it, or in any other file, would be a copy of the log."""
    assert not [path for path in _files(planted.home) if SECRET.encode() in path.read_bytes()]
    cells = [repr(row) for path in planted.home.rglob("*.parquet") for row in pq.read_table(path, partitioning=None).to_pylist()]
    assert cells
    assert not [cell for cell in cells if SECRET in cell]
    assert not [sentence for sentence in planted.told if SECRET in sentence]


def _files(folder: Path) -> list[Path]:
    return [Path(place) / name for place, _, names in os.walk(folder) for name in names]


def test_a_ledger_that_is_gone_is_no_longer_accounted_for(planted: World, tmp_path: Path) -> None:
    """Ledgers are read whole each time: the books show what was there this time."""
    world = planted.copy(tmp_path / "copy")
    assert world.rows("scrubbed.teams") != []
    (world.landing / "teams/teams.jsonl").unlink()
    world.run()
    assert "teams/teams.jsonl" not in world.inputs()
    assert world.rows("scrubbed.teams") == []


@pytest.mark.parametrize(
    ("later", "told"),
    [
        ({"a.csv": "ada,2026-01-01T00:00:00Z\nbob,2026-01-01T00:00:00Z\n"}, []),
        ({"b.csv": "bob,2026-01-01T00:00:00Z\nada,2026-01-01T00:00:00Z\neve,2026-01-01T00:00:00Z\n"}, []),
        ({"a.csv": "ada,2026-01-01T00:00:00Z\nbob,yesterday\n"}, ["staff/a.csv: 1 row is refused"]),
        ({"a.csv": "ada,2026-01-01T00:00:00Z\n"}, ["staff/: 1 row is gone"]),
        ({}, ["staff/: 2 rows are gone"]),
    ],
)
def test_rows_of_a_ledger_that_are_gone_are_told(later: dict[str, str], told: list[str], world: World) -> None:
    """Whoever takes a snapshot of messages away takes the finding with it, and a grant makes violations."""
    world.put("staff/a.csv", "staff_id,valid_from\nada,2026-01-01T00:00:00Z\nbob,2026-01-01T00:00:00Z\n")
    world.run()
    (world.landing / "staff/a.csv").unlink()
    for name, rows in later.items():
        world.put(f"staff/{name}", f"staff_id,valid_from\n{rows}")
    world.told.clear()
    world.run()
    of_staff = [sentence for sentence in world.told if sentence.startswith("staff/")]
    assert [sentence[: len(start)] for sentence, start in zip(of_staff, told, strict=True)] == told


@pytest.mark.parametrize(("body", "lines"), [(b"", 0), (b"\n \n", 2)])
def test_an_empty_log_is_an_input_without_rows(body: bytes, lines: int, world: World) -> None:
    """A site without visitors is no fault."""
    world.put("web_logs/access.log", body)
    world.run()
    row = world.inputs()["web_logs/access.log"]
    assert (row["status"], row["format"], row["lines"], row["blank_or_comment"]) == ("read", None, lines, lines)


def test_a_log_whose_format_changed_names_both(world: World, line: Line) -> None:
    """The first lines tell what a file is; the books say what else was found in it, and a format of settings is the only one."""
    later = '{"time":"2026-03-02T10:00:00Z","client_ip":"192.0.2.7","method":"GET","path":"/a","status":200,"bytes":1}\n'
    for folder in ("web_logs", "request_logs"):
        world.put(f"{folder}/access.log", "".join(map(line, range(1500))) + later * 1500)
    house = replace(world.house(), settings=Settings(formats={"request_logs": "combined"}))
    steps.take_requests(house, DuckDBEngine(world.home))
    read, refused = (world.inputs()[f"{folder}/access.log"] for folder in ("web_logs", "request_logs"))
    assert (read["status"], read["format"], read["parsed"]) == ("read", "combined+json", 3000)
    assert (refused["status"], refused["format"], refused["reason"]) == ("refused", "combined", "too_many_refused")


@pytest.mark.parametrize(("requests", "status", "blank"), [(700, "read", 1400), (100, "refused", 0)])
def test_what_a_server_says_besides_requests_is_no_fault_of_its_log(requests: int, status: str, blank: int, world: World) -> None:
    """Fastify logs a request as it comes in and again as it is answered; a log of which hardly a line is a request is none of requests."""
    asked = '{"level":30,"time":1772446500000,"reqId":"r","req":{"method":"GET","url":"/a","remoteAddress":"192.0.2.7"},"msg":"incoming request"}\n'
    answered = '{"level":30,"time":1772446500012,"reqId":"r","res":{"statusCode":200},"responseTime":12.5,"msg":"request completed"}\n'
    world.put("web_logs/app.log", asked * requests + answered * 1400)
    world.run()
    row = world.inputs()["web_logs/app.log"]
    assert (row["status"], row["quarantined"], row["blank_or_comment"]) == (status, 0, blank)
    assert any("1,400 of its lines" in sentence for sentence in world.told) == (status == "read")


def test_many_small_logs_share_files(world: World, line: Line) -> None:
    """Ten thousand small logs must not become ten thousand files; each row still names its own input and line."""
    for number in range(60):
        world.put(f"web_logs/{number}.log", "".join(line(number * 3 + place, 1 + number % 2) for place in range(3)) + "broken\n")
    world.put("staff/staff.csv", "staff_id\nada\n")
    world.put("web_logs/staff.log", line(999).replace(" - - [", " - ada [") * 2)
    world.run()
    assert len(world.lake.files("scrubbed.requests")) == 2
    names = {row["input_id"]: row["file_name"] for row in world.rows("ledger.input_files")}
    for row in world.rows("scrubbed.requests"):
        name = names[row["input_id"]].removeprefix("web_logs/").removesuffix(".log")
        assert name == "staff" or row["bytes_sent"] == int(name) * 3 + row["line_number"] - 1
    assert sorted((names[row["input_id"]], row["line_number"]) for row in world.rows("scrubbed.staff_requests")) == [("web_logs/staff.log", 1), ("web_logs/staff.log", 2)]
    assert {row["line_number"] for row in world.rows("ledger.quarantine")} == {4}


def test_names_that_are_no_utf_8_stop_nothing(world: World, line: Line, event: Callable[[int], str]) -> None:
    """A file from an old Windows share comes under bytes of Latin-1; it is read or refused as any other, and its name can be told."""
    odd = os.fsdecode(b"caf\xe9")
    world.put(f"web_logs/{odd}.log", line(1))
    world.put(f"web_logs/{odd}/a.log", line(2))
    world.put(f"web_logs/{odd}-2.log", "noise\n")
    world.put(f"access_events/{odd}/a.jsonl", event(1))
    world.put(f"access_events/{odd}.csv", "event_id\ne2\n")
    world.put(f"staff/{odd}.csv", "staff_id\nada\n")
    world.put(f"records/{odd}/{odd}.parquet", "no Parquet")
    world.put(f"records/job/{odd}.parquet", "no Parquet")
    world.run()
    steps.take_records(world.house())
    assert {name: row["status"] for name, row in world.inputs().items()} == {
        "web_logs/caf\\xe9.log": "read",
        "web_logs/caf\\xe9/a.log": "read",
        "web_logs/caf\\xe9-2.log": "refused",
        "access_events/caf\\xe9/a.jsonl": "read",
        "access_events/caf\\xe9.csv": "refused",
        "staff/caf\\xe9.csv": "read",
        "caf\\xe9.parquet": "refused",
    }
    assert [row["source"] for row in world.rows("scrubbed.access_events")] == ["caf\\xe9"]
    assert {row["store"] for row in world.rows("scrubbed.records")} == {"caf\\xe9", "job"}
