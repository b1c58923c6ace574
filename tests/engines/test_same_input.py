"""Each line of each input counts once, whatever a file is called, how it is packed, when it comes and how often."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import zstandard

from dagster_project import compiled
from dagster_project.engines.intake import delivery, requests
from dagster_project.engines.intake.inputs import Discovered, Discovery
from dagster_project.engines.intake.requests import _Intake
from dagster_project.reading import identity as identity_module
from dagster_project.reading.logs.matching import columns
from tests.engines.conftest import World as MadeWorld
from tests.sampling import sampled

World = Any
Line = Callable[..., str]

PACKED: dict[str, Callable[[bytes], bytes]] = {"a.gz": gzip.compress, "b.zst": zstandard.ZstdCompressor().compress, "c.bz2": bz2.compress, "d.xz": lzma.compress, "e.log": bytes}


@pytest.fixture(scope="module")
def read_by_all(tmp_path_factory: pytest.TempPathFactory, line: Line, event: Callable[[int], str]) -> World:
    """Give a HOME that read 200 lines and 20 events in one run."""
    world = MadeWorld(tmp_path_factory.mktemp("read") / "once")
    world.put("web_logs/access.log", "".join(map(line, range(200))))
    world.put("access_events/app.jsonl", "".join(map(event, range(20))))
    world.put("staff/staff.csv", "staff_id\nada\n")
    world.run()
    return world


@pytest.fixture
def read_once(read_by_all: World, tmp_path: Path) -> World:
    """Give it to be changed."""
    return read_by_all.copy(tmp_path / "once")


@pytest.mark.parametrize("name", PACKED)
def test_a_copy_under_another_name_and_packing_adds_nothing(name: str, read_once: World) -> None:
    """Rotation renames and packs a log that was read already; it must not be counted again, nor must a copy beside it."""
    before = read_once.content()
    log = read_once.landing / "web_logs/access.log"
    events = read_once.landing / "access_events/app.jsonl"
    read_once.put(f"web_logs/{name}", PACKED[name](log.read_bytes()))
    read_once.put("access_events/copy.jsonl", PACKED[name](events.read_bytes()))
    read_once.run()
    assert read_once.content() == before
    log.unlink()
    read_once.run()
    assert read_once.content() == before


@pytest.mark.parametrize("order", [("part", "whole"), ("whole", "part"), ("part and whole",)])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_part_and_the_whole_are_the_whole(order: tuple[str, ...], pack: Callable[[bytes], bytes], read_by_all: World, worlds: Callable[[str], World]) -> None:
    """A copy made earlier holds lines that the log itself holds too; packed, the longer one may be the smaller file."""
    world = worlds("other")
    body = (read_by_all.landing / "web_logs/access.log").read_bytes()
    events = (read_by_all.landing / "access_events/app.jsonl").read_bytes()
    world.put("staff/staff.csv", "staff_id\nada\n")
    for names in order:
        for name in names.split(" and "):
            cut = 50 if name == "part" else 200
            world.put(f"web_logs/{name}", (pack if name == "whole" else bytes)(b"".join(body.splitlines(keepends=True)[:cut])))
            world.put(f"access_events/{name}.jsonl", b"".join(events.splitlines(keepends=True)[: cut // 10]))
        world.run()
    assert _without_ledgers(world) == _without_ledgers(read_by_all)
    assert sum(row["lines"] for row in world.rows("ledger.inputs") if row["folder"] == "web_logs") == 200
    assert sum(row["lines"] for row in world.rows("ledger.inputs") if row["folder"] == "access_events") == 20


def test_compiled_code_adds_nothing_of_its_own(worlds: Callable[[str], World], line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has read many rows and one that has not keep the same rows, routes and their numbers, whichever lines are left to the exact pattern."""
    requests_made = ['"GET /jobs/{0}?page=2 HTTP/1.1" 200', '"GET /a\\"{0} HTTP/1.1" 404', '"GET /jobs/{0} HTTP/1.1" 200', '"\\x16\\x03" 400', '"GET /orders/{0} HTTP/1.0" 302']
    clients = ["192.0.2.{}", "2001:db8::{}", "198.51.100.{}:443", "192.0.2.0{}", "[2001:db8::{}]:80"]
    moments = ["[02/Mar/2026:10:00:00 +0000]", "[02/Mar/2026:11:00:00 +0100]", "[2/Mar/2026:10:00:00 +0000]"]
    body = "".join(
        f'{clients[n % 5].format(n % 90 + 1)} - - {moments[n % 3]} {requests_made[n % 4 if n % 7 else 4].format(n // 3 % 20)} {n} "-" "curl/8.{n % 6}"\n' for n in range(500)
    )
    cut: list[int] = []
    monkeypatch.setattr(columns, "rows", lambda *asked, rows=columns.rows: [found := rows(*asked), cut.append(found.num_rows)][0])
    read = {}
    for fewest in (0, 10**9):
        monkeypatch.setattr(compiled, "FEWEST_ROWS", fewest)
        world = worlds(f"from-{fewest}")
        world.put("web_logs/x.log", body + line(0))
        world.put(
            "request_logs/y.log",
            "".join(f'{{"time": "2026-03-02T10:00:00Z", "remote_addr": "192.0.2.{n % 9}", "request": "GET /y/{n % 7} HTTP/1.1", "status": 200}}\n' for n in range(300)),
        )
        world.run()
        read[fewest] = world.content(), world.rows("scrubbed.routes")
        assert bool(cut) == (not fewest)
        cut.clear()
        assert len(world.rows("scrubbed.requests")) == 801
        assert len({row["route"] for row in world.rows("scrubbed.routes")}) > 4
    assert read[0] == read[10**9]


@pytest.fixture(scope="module")
def read_whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], World]:
    """Give what reads a log at once, which each test of one that grows compares with."""

    @cache
    def read(body: str) -> World:
        world = MadeWorld(tmp_path_factory.mktemp("whole") / "once")
        world.put("web_logs/x.log", body)
        world.run()
        return world

    return read


W3C = "#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri sc-status\n"


@pytest.mark.parametrize(("cut_bytes", "header"), sampled(product([0, 1, 30, -1], ["", W3C]), lambda place: place in {0, 3, 4, 6, 7}))
def test_a_log_that_grows_is_read_bit_by_bit(cut_bytes: int, header: str, read_whole: Callable[[str], World], world: World, line: Line) -> None:
    """A log that is being written ends anywhere: each line is read once and whole, in this run or the next."""
    lines = [f"2026-03-02 10:00:{number:02d} 192.0.2.{number} GET /{number} 200\n" for number in range(30)] if header else [line(number) for number in range(30)]
    grown, once = world, read_whole(header + "".join(lines))
    for count in (10, 20):
        partial = lines[count][:cut_bytes] if cut_bytes else ""
        grown.put("web_logs/x.log", header + "".join(lines[:count]) + partial)
        grown.run()
        whole = count + (cut_bytes == -1)  # all but its line end: the line can be read
        assert len(grown.rows("scrubbed.requests")) == whole
        assert not grown.rows("ledger.quarantine")
    grown.put("web_logs/x.log", header + "".join(lines))
    grown.run()
    assert _without_ledgers(grown) == _without_ledgers(once)


@pytest.mark.parametrize("cut_bytes", [20, -1])
def test_events_that_grow_are_read_bit_by_bit(cut_bytes: int, worlds: Callable[[str], World], event: Callable[[int], str]) -> None:
    """The evidence of an access must neither be lost nor counted twice because a file was read while it was written."""
    lines = [event(number) for number in range(9)]
    once, grown = worlds("once"), worlds("grown")
    once.put("access_events/app.jsonl", "".join(lines))
    once.run()
    for count in (3, 6):
        grown.put("access_events/app.jsonl", "".join(lines[:count]) + lines[count][:cut_bytes])
        grown.run()
        assert len(grown.rows("scrubbed.access_events")) == count + (cut_bytes == -1)
    grown.put("access_events/app.jsonl", "".join(lines))
    grown.run()
    assert _without_ledgers(grown) == _without_ledgers(once)
    assert not grown.rows("ledger.quarantine")
    assert sum(row["duplicates"] for row in grown.rows("ledger.inputs")) == 0


def test_events_behind_records_of_several_lines_are_not_lost(world: World) -> None:
    """A CSV record may span lines, so lines and records are not the same number."""
    head = "event_id,actor,occurred_at,purpose\n"
    first = 'e1,ada,2026-03-02T10:00:00Z,"a\nb\nc"\n'
    world.put("access_events/app.csv", head + first)
    world.run()
    world.put("access_events/app.csv", head + first + "e2,ada,2026-03-02T10:00:01Z,x\n")
    world.run()
    assert sorted(row["event_id"] for row in world.rows("scrubbed.access_events")) == ["e1", "e2"]
    assert [(row["lines"], row["parsed"], row["blank_or_comment"]) for row in world.rows("ledger.inputs")] in ([(2, 1, 1), (1, 1, 0)], [(1, 1, 0), (2, 1, 1)])


def test_the_last_line_of_an_archive_is_refused_at_once_and_read_from_the_whole(world: World, line: Line) -> None:
    """An archive does not grow, so its cut last line is told; a whole copy that comes later brings the line itself."""
    body = "".join(map(line, range(12))).encode()
    world.put("web_logs/a.gz", gzip.compress(body[:-30]))
    world.run()
    assert [(row["line_number"], row["reason"]) for row in world.rows("ledger.quarantine")] == [(12, "truncated_last")]
    world.run()
    assert len(world.rows("ledger.quarantine")) == 1
    world.put("web_logs/a.gz", gzip.compress(body))
    world.run()
    assert sorted(row["line_number"] for row in world.rows("scrubbed.requests")) == list(range(1, 13))


def test_the_same_lines_on_two_sites_are_two_inputs(world: World, line: Line) -> None:
    """What is one site's traffic is not the other's, even where two logs hold the same bytes."""
    for site in ("shop", "docs"):
        world.put(f"web_logs/{site}/access.log", "".join(map(line, range(5))))
    world.run()
    assert sorted((row["site"], row["line_number"]) for row in world.rows("scrubbed.requests")) == [(site, number) for site in ("docs", "shop") for number in range(1, 6)]


def _without_ledgers(world: World) -> dict[str, list[str]]:
    return {name: rows for name, rows in world.content(places=False).items() if not name.startswith("ledger.")}


CUTS: dict[str, Callable[[list[str]], dict[str, list[str]]]] = {
    "backwards": lambda lines: {"a.log": lines[::-1]},
    "three files": lambda lines: {"z.log": lines[:211], "m.log.gz": lines[211:530], "a.log.zst": lines[530:]},
    "every seventh line": lambda lines: {f"{at}.log.xz": lines[at::7] for at in range(7)},
    "one line a file": lambda lines: {f"{at:04}.log": [line] for at, line in enumerate(lines)},
}


@pytest.mark.parametrize("cut", CUTS)
def test_order_cuts_and_packing_change_no_measure(cut: str, read_whole: Callable[[str], World], world: World, line: Line) -> None:
    """What many asked for is told by the whole of a run, not by the file in which it stands: nineteen visitors hide a path wherever they are met."""
    asked = [("/jobs", 25), ("/jobs/spring-sale", 20), ("/jobs/jane-doe", 19), ("/team/about", 30)]
    lines = [line(number, 2 + number % 2, f"198.51.100.{number % visitors}", path) for path, visitors in asked for number in range(visitors * 6)]
    whole, other = read_whole("".join(lines)), world
    packing = {".gz": gzip.compress, ".zst": PACKED["b.zst"], ".xz": lzma.compress, ".log": bytes}
    for name, part in CUTS[cut](lines).items():
        other.put(f"web_logs/{name}", packing[f".{name.rpartition('.')[2]}"]("".join(part).encode()))
    other.run()
    measured = [{name: rows for name, rows in each.content(places=False).items() if name.startswith("measured.")} for each in (whole, other)]
    assert measured[1] == measured[0]
    assert sum(row["requests"] for row in other.rows("measured.site_pages_daily")) == len(lines)
    assert {row["route"] for row in other.rows("scrubbed.routes")} == {"/jobs", "/jobs/spring-sale", "/jobs/{s}", "/team/about"}


@pytest.mark.parametrize("way", ["cut", "gone", "another", "half"])
@pytest.mark.parametrize(("name", "table"), [("web_logs/a.log", "scrubbed.requests"), ("access_events/a.jsonl", "scrubbed.access_events")])
def test_a_file_that_changes_while_it_is_read_is_read_by_the_next_run(
    name: str, table: str, way: str, world: World, line: Line, event: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logrotate copies a log and cuts it (copytruncate): taken for read, the copy would be passed over for ever, and other lines counted in its name."""
    made = line if name.endswith(".log") else event
    old, new = ("".join(map(made, numbers)) for numbers in (range(30), range(30, 40)))
    path = world.put(name, old)
    discover = Discovery.discover

    def discovered_and_rotated(*given: Any) -> Discovered:
        found = discover(*given)
        if found.new:
            path.unlink() if way == "gone" else path.write_text({"cut": "", "another": new, "half": old[: len(old) // 2]}[way])
        return found

    with monkeypatch.context() as patched:
        patched.setattr(Discovery, "discover", discovered_and_rotated)
        world.run()
    assert [(row["status"], row["reason"]) for row in world.inputs().values()] == [("refused", "unreadable" if way == "gone" else "changed")]
    world.put(f"{name}.1", old) if name.endswith(".log") else world.put("access_events/rotated.jsonl", old)
    path.write_text(new)
    world.run()
    assert len(world.rows(table)) == 40
    assert [row["status"] for row in world.inputs().values()] == ["read"] * 2


def test_a_file_that_grows_while_it_is_read_is_read_as_far_as_it_was(world: World, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs grow all the time, and their beginning stays what it was."""
    path = world.put("web_logs/a.log", "".join(map(line, range(30))))
    discover = Discovery.discover

    def discovered_and_grown(*given: Any) -> Discovered:
        found = discover(*given)
        path.write_text("".join(map(line, range(40))))
        return found

    monkeypatch.setattr(Discovery, "discover", discovered_and_grown)
    world.run()
    assert (len(world.rows("scrubbed.requests")), world.inputs()["web_logs/a.log"]["status"]) == (30, "read")


def test_a_log_that_is_renamed_once_it_was_read_is_read_by_the_next_run(world: World, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `copytruncate` a log is moved away, and a moment passes until the server writes the next."""
    path = world.put("web_logs/a.log", "".join(map(line, range(30))))
    gate = _Intake._gate

    def renamed(*given: Any) -> None:
        gate(*given)
        path.rename(path.with_name("a.log.1"))

    with monkeypatch.context() as patched:
        patched.setattr(_Intake, "_gate", renamed)
        world.run()
    assert [(row["status"], row["reason"]) for row in world.inputs().values()] == [("refused", "changed")]
    world.run()
    assert (len(world.rows("scrubbed.requests")), [row["status"] for row in world.inputs().values()]) == (30, ["read"])


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("web_logs/a.log", gzip.compress, lambda body: gzip.compress(body) + gzip.compress(body.replace(b"192.0.2", b"203.0.113"))),
        ("web_logs/a.log", lambda body: gzip.compress(body, 0)[: len(body) // 2], gzip.compress),
        ("web_logs/a.log", lambda _: b"", gzip.compress),
        ("staff/a.csv", lambda _: b"staff_id\nada\n", lambda _: b"staff_id\nada\nbob\n"),
    ],
    ids=["grows", "is copied", "was empty", "ledger"],
)
def test_what_is_read_to_its_end_must_not_grow(
    name: str, before: Callable[[bytes], bytes], after: Callable[[bytes], bytes], world: World, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive has no place at which to stop, and a ledger is read whole: what was added would count under the name of what was there."""
    body = "".join(map(line, range(30))).encode()
    path = world.put(name, before(body))
    unhashed = identity_module.refuse_changed

    def late(*given: Any, **more: Any) -> None:
        path.write_bytes(after(body))
        unhashed(*given, **more)

    with monkeypatch.context() as patched:
        for module in (requests, delivery):
            patched.setattr(module, "refuse_changed", late)
        world.run()
    assert [(row["status"], row["reason"]) for row in world.inputs().values()] == [("refused", "changed")]
    world.run()
    assert [row["status"] for row in world.inputs().values()] == ["read"]
    assert len(world.rows("scrubbed.requests")) == (0 if name.startswith("staff") else 60 if len(after(b"")) > len(gzip.compress(b"")) else 30)
