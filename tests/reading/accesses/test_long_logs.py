"""A server log is read in a window, whatever its length: what stands near each other is told as in the whole log."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from io import BytesIO
from random import Random

import pytest

from dagster_project.reading import rows
from dagster_project.reading.accesses import entries
from dagster_project.reading.accesses.events import Events
from dagster_project.reading.accesses.postgres import gathering, heads, pgaudit, postgres_log
from dagster_project.reading.files import Body
from tests.reading.accesses.test_pgaudit import GIVEN, READ, as_csv, as_json, audit, read, text

SESSIONS = ("69b00000.1a2b", "69b00001.1a2c", "69b00002.1a2d")
OTHER = "select * from invoices where account_id = 'C2'"
BOTH = f"{READ}; {OTHER}"


def written(form: str, message: str, second: float, session: str) -> str:
    """Return an entry as it stands in a log of some form."""
    if form == "csvlog":
        return as_csv(message, second, c5=session)
    if form == "jsonlog":
        return as_json(message, second, session_id=session)
    entry = text(message, second, session=session)
    process = int(session.split(".")[1], 16)
    carried = {
        "stderr": "{}",
        "syslog": f"Mar 10 12:00:00 db1 postgres[{process}]: [{int(second) + 1}-{{number}}] {{}}",
        "container": "2026-03-10T12:00:00.5Z stderr F {}",
    }
    lines = entry.removesuffix("\n").split("\n")
    if form == "docker":
        return "".join(json.dumps({"log": line + "\n", "stream": "stderr", "time": "2026-03-10T12:00:00.5Z"}) + "\n" for line in lines)
    return "".join(carried[form].format(line.replace("\t", "#011") if form == "syslog" else line, number=number) + "\n" for number, line in enumerate(lines, 1))


FORMS = ("stderr", "csvlog", "jsonlog", "syslog", "container", "docker")
UNITS: tuple[Callable[[int], list[str]], ...] = (
    lambda n: [audit(n, READ)],
    lambda n: [audit(n, "select *\n from invoices\n where account_id = 'C3'")],
    lambda n: [audit(n, "select now()")],
    lambda n: [audit(n, BOTH), audit(n + 1, BOTH)],
    lambda n: [audit(n, f"copy ({READ}) to stdout", of_class="READ", command="COPY"), audit(n, READ, part=2)],
    lambda n: [audit(n, "select f('C1')", of_class="FUNCTION", command="EXECUTE", what="FUNCTION,public.f"), audit(n, "select f('C1')"), audit(n, OTHER, part=2)],
    lambda n: [audit(n, f"declare c cursor for {READ}", command="DECLARE CURSOR"), audit(n + 1, "delete from invoices where current of c", of_class="WRITE", command="DELETE")],
    lambda n: [audit(n, READ, what="TABLE,public.invoices"), audit(n, READ, what="TABLE,public.invoices")],
    lambda n: [f"no audit {n}", audit(n, READ).removesuffix(",<none>")],
)  # fmt: skip


def log(form: str, units: int, seed: int = 1) -> str:
    """Return a log of sessions that do one thing after the other, each of them in a few entries."""
    draw, numbers, found = Random(seed), dict.fromkeys(SESSIONS, 1), list[str]()
    for second in range(units):
        session = draw.choice(SESSIONS)
        messages = draw.choice(UNITS)(numbers[session])
        numbers[session] += 2
        found += [written(form, message, second, session) for message in messages]
    return "".join(found)


def told(events: Events) -> list[object]:
    """Return all that was read."""
    by_line = [("line_number", "ascending"), ("event_id", "ascending")]
    return [events.rows.sort_by(by_line).to_pylist(), events.rejects.to_pylist(), events.others.sort_by("line_number").to_pylist(), events.blank, events.attestations]


@pytest.mark.parametrize("form", FORMS)
def test_a_window_of_a_log_tells_what_the_whole_log_does(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one text of several statements, a function, a cursor or a copy touched is told by entries around it."""
    body = log(form, 400)
    whole = told(read(body))
    monkeypatch.setattr(gathering, "YOUNGEST", 12)
    monkeypatch.setattr(heads, "MOST_MESSAGES", 5)
    monkeypatch.setattr(pgaudit, "ROWS", 7)
    assert told(read(body)) == whole
    assert [len(each) > 20 for each in whole[:3]] == [True, True, True]  # type: ignore[arg-type]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", ["units", "parts of one statement", "lines that are no entries", "other entries"])
def test_what_was_read_is_handed_on_before_the_log_ends(form: str, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log may be larger than the memory, and one statement may call a function that makes most of it."""
    bodies = {
        "units": log(form, 400),
        "parts of one statement": "".join(written(form, audit(1, READ, part=part), part, SESSIONS[0]) for part in range(1, 400)),
        "lines that are no entries": written(form, audit(1), 1, SESSIONS[0]) + ("{no\n" if form in ("jsonlog", "docker") else "no\n") * 2000,
        "other entries": written(form, audit(1), 1, SESSIONS[0]) + "".join(written(form, f"checkpoint {number}", number, SESSIONS[0]) for number in range(400)),
    }
    for module, name in ((gathering, "YOUNGEST"), (heads, "MOST_MESSAGES"), (pgaudit, "ROWS")):
        monkeypatch.setattr(module, name, 20)
    for opens in (postgres_log, entries):
        monkeypatch.setattr(opens, "blocks", partial(rows.blocks, size=1024))
    written_bytes = bodies[what].encode()
    stream, places, taken = BytesIO(), list[int](), list[int]()

    def opened() -> BytesIO:
        nonlocal stream
        stream = BytesIO(written_bytes)
        return stream

    def take(some: object, _has_lines: bool) -> None:
        places.append(len(written_bytes) if stream.closed else stream.tell())
        taken.append(some.num_rows)  # type: ignore[attr-defined]

    events = pgaudit.read(Body(opened), replace(GIVEN, take=take))
    assert places[0] < len(written_bytes) / 2
    assert max(taken) < 120
    assert sum(taken) == read(written_bytes).rows.num_rows
    assert events.rows.num_rows == 0


@pytest.mark.parametrize("form", FORMS)
def test_a_line_that_is_too_long_is_refused_alone(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line without an end must not fill the memory."""
    monkeypatch.setattr(rows, "LONGEST_ROW_BYTES", 3000)
    monkeypatch.setattr(postgres_log, "blocks", partial(rows.blocks, size=1024))
    long = written(form, audit(2, f"select '{'x' * 5000}'"), 2, SESSIONS[0])
    events = read(written(form, audit(1), 1, SESSIONS[0]) + long + written(form, audit(3), 3, SESSIONS[0]))
    assert events.rejects.select(["line_number", "reason"]).to_pylist() == [{"line_number": 2, "reason": "too_long"}]
    assert events.rows.column("line_number").to_pylist() == [1, 3]
