"""A file that cannot be read is refused alone, says what to do without quoting anything, and is tried again."""

import gzip
import lzma
from collections.abc import Callable
from typing import Any

import pytest

from dagster_project.engines.intake import requests
from dagster_project.reading import pieces

World = Any
Line = Callable[..., str]
SECRET = "zebraquince"

DAMAGED = {
    "web_logs/noise.log": (bytes(range(256)) * 40, "wrong_format"),
    "web_logs/text.log": (f"{SECRET} says hello\n".encode() * 20, "wrong_format"),
    "web_logs/one.log": (SECRET.encode(), "wrong_format"),
    "web_logs/noise.gz": (b"\x1f\x8b\x08" + SECRET.encode() * 9, "truncated"),
    "web_logs/noise.xz": (lzma.compress(b"x" * 100)[:12] + SECRET.encode(), "truncated"),
    "grants/grants.csv": (f"grant_id,account_id,granted_by,grantee,valid_from\n1,{SECRET},b,c,2026-01-01T00:00:00Z\n".encode(), "column_missing"),
    "staff/staff.txt": (f"staff_id\n{SECRET}\n".encode(), "format"),
    "messages/m.parquet": (SECRET.encode() * 50, "damaged"),
    "access_events/a.csv": (f"event_id,actor\n1,{SECRET}\n".encode(), "column_missing"),
    "access_events/a.xml": (f"<{SECRET}/>\n".encode(), "format"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_refused_alone(name: str, world: World, line: Line) -> None:
    """One bad delivery must not keep the rest from being read, nor be taken for an empty one."""
    body, code = DAMAGED[name]
    world.put("web_logs/empty.log", b"")
    world.put("web_logs/good.log", "".join(map(line, range(5))))
    world.put(name, body)
    for _ in range(2):  # it is tried again, and told again
        world.run()
        row = world.inputs()[name]
        assert (row["status"], row["reason"], row["lines"], row["parsed"]) == ("refused", code, 0, 0)
        assert row["advice"].startswith(f"{name}: ")
        assert SECRET not in row["advice"]
        assert len(world.rows("scrubbed.requests")) == 5
        assert len(world.inputs()) == 3
    (world.landing / name).unlink()
    world.run()
    assert name not in world.inputs()


def test_a_file_that_is_repaired_is_read(world: World, line: Line) -> None:
    """What was refused is not known: the next delivery under that name counts."""
    world.put("web_logs/a.log", f"{SECRET}\n" * 10)
    world.run()
    world.put("web_logs/a.log", "".join(map(line, range(5))))
    world.run()
    assert world.inputs()["web_logs/a.log"]["status"] == "read"
    assert len(world.rows("scrubbed.requests")) == 5


def test_a_file_of_comments_is_read_and_grows(world: World) -> None:
    """IIS writes its head before the first request; a site that nobody asked anything is not in another format."""
    head = "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri-stem sc-status\n"
    world.put("web_logs/a.log", head)
    world.run()
    row = world.inputs()["web_logs/a.log"]
    assert (row["status"], row["lines"], row["parsed"], row["blank_or_comment"]) == ("read", 3, 0, 3)
    world.put("web_logs/a.log", head + "2026-03-02 10:15:00 192.0.2.7 GET /jobs 200\n")
    world.run()
    assert len(world.rows("scrubbed.requests")) == 1


def test_a_cut_archive_keeps_its_readable_lines_and_the_whole_one_adds_the_rest(world: World, line: Line) -> None:
    """A copy that broke off is evidence as far as it goes; read again whole, no line counts twice and none is lost."""
    body = "".join(line(number, address=f"198.51.{number % 250}.{number * 7 % 250}") for number in range(3000)).encode()
    packed = gzip.compress(body)
    world.put("web_logs/a.gz", packed[: len(packed) // 2])
    world.run()
    row = world.inputs()["web_logs/a.gz"]
    assert (row["status"], row["reason"]) == ("read", "truncated")
    assert 0 < row["parsed"] < 3000
    world.put("web_logs/a.gz", packed)
    world.run()
    assert sorted(row["line_number"] for row in world.rows("scrubbed.requests")) == list(range(1, 3001))


def test_a_file_with_too_many_bad_lines_adds_nothing_and_is_told(world: World, line: Line) -> None:
    """A log of which a tenth cannot be read is in another format than it seems; half of it would be a wrong count."""
    lines = [line(number) if number < 900 else f"{SECRET}\n" for number in range(1000)]
    world.put("web_logs/bad.log", "".join(lines))
    world.put("web_logs/good.log", "".join(map(line, range(1000, 1005))))
    world.run()
    assert world.inputs()["web_logs/bad.log"]["reason"] == "too_many_refused"
    assert len(world.rows("scrubbed.requests")) == 5
    assert world.rows("ledger.quarantine") == []


def test_a_file_of_millions_of_bad_lines_is_refused_before_its_end(world: World, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each refused line is held until its file ends: an archive of some kilobytes filled memory with them."""
    monkeypatch.setattr(pieces, "PIECE_LINES", 1000)
    monkeypatch.setattr(requests, "MOST_REFUSED", 500)
    world.put("web_logs/bad.log", "".join(map(line, range(200))) + f"{SECRET}\n" * 800 + "".join(map(line, range(200, 3000))) * 8)
    world.run()
    assert world.inputs()["web_logs/bad.log"]["reason"] == "too_many_refused"
    assert world.rows("scrubbed.requests") == world.rows("ledger.quarantine") == []


def test_a_longer_copy_of_a_refused_file_is_read_from_its_beginning(world: World, line: Line) -> None:
    """Only what was read may be passed over."""
    bad = "".join([line(number) for number in range(940)] + [f"{SECRET}\n"] * 60)
    world.put("web_logs/a.log", bad)
    world.put("web_logs/b.log", bad + "".join(map(line, range(1000, 2000))))
    world.run()
    assert {name: row["status"] for name, row in world.inputs().items()} == {"web_logs/a.log": "refused", "web_logs/b.log": "read"}
    assert len(world.rows("scrubbed.requests")) == 1940


def test_what_cannot_be_opened_is_refused_by_its_place(world: World, line: Line) -> None:
    """A link to where nothing is mounted, or a folder nobody may list, hides what was meant to be delivered: it must not pass for nothing."""
    world.put("web_logs/a.log", line(1))
    for folder in ("web_logs", "access_events", "grants"):
        (world.landing / folder).mkdir(exist_ok=True)
        (world.landing / folder / "closed").symlink_to("closed")
    (world.landing / "staff").symlink_to("nowhere")
    world.run()
    refused = {name: row["advice"] for name, row in world.inputs().items() if row["status"] == "refused"}
    assert set(refused) == {"web_logs/closed", "access_events/closed", "grants/closed", "staff"}
    assert refused["grants/closed"] == "grants/closed: cannot be opened; check that it exists and may be read"
    assert len(world.rows("scrubbed.requests")) == 1
