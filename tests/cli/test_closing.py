"""A month that is closed keeps its report; what is delivered later is decided all the same, marked late, and restated beside it."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.cli import status_of

pytestmark = pytest.mark.usefixtures("unjudged")

EVENT = '{{"event_id":"{name}","actor":"ada","occurred_at":"{at}","account_id":"acme","record_class":"invoice","record_id":"r1","action":"read"}}\n'


@pytest.fixture
def landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a landing folder of one access without a grant, in February."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return made(tmp_path / "landing")


@pytest.fixture(scope="module")
def of_february(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give such a folder with a HOME beside it that ran after February and closed it."""
    return ran(tmp_path_factory.mktemp("february"), "2026-03-02T00:00:00Z", "--close")


@pytest.fixture(scope="module")
def in_february(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give such a folder with a HOME beside it that ran while February went on."""
    return ran(tmp_path_factory.mktemp("in_february"), "2026-02-20T00:00:00Z")


def ran(folder: Path, as_of: str, *options: str) -> Path:
    """Run on a landing folder within another, and write the report that options ask for; return that other."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_STATE_HOME", str(folder / "state"))
        run(made(folder / "landing"), as_of)
        assert not options or report(folder / "landing", *options) == 0
    return folder


@pytest.fixture
def open_landing(in_february: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a copy of both, to be changed."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Path(shutil.copytree(in_february, tmp_path, dirs_exist_ok=True)) / "landing"


@pytest.fixture
def closed_landing(of_february: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a copy of both, to be changed."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Path(shutil.copytree(of_february, tmp_path, dirs_exist_ok=True)) / "landing"


def made(landing: Path) -> Path:
    """Deliver one access, and who made it."""
    for folder in ("access_events", "staff"):
        (landing / folder).mkdir(parents=True)
    (landing / "staff" / "staff.csv").write_text("staff_id\nada\n")
    put(landing, "first", "2026-02-10T10:00:00Z")
    return landing


def put(landing: Path, name: str, at: str) -> None:
    """Deliver one more access."""
    (landing / "access_events" / f"{name}.jsonl").write_text(EVENT.format(name=name, at=at))


def run(landing: Path, as_of: str, *options: str) -> None:
    """Run the landing folder."""
    assert status_of(["run", str(landing), "--home", str(landing.parent / "home"), "--as-of", as_of, "--json", *options]) == 0


def report(landing: Path, *options: str, month: str = "2026-02") -> int:
    """Write the report of a month, February unless told otherwise."""
    return status_of(["report", "--home", str(landing.parent / "home"), "--month", month, *options])


def late(landing: Path) -> dict[str, bool]:
    """Return which accesses are late."""
    with duckdb.connect(str(landing.parent / "home" / "warehouse.duckdb"), read_only=True) as warehouse:
        return dict(warehouse.sql("select event_id, late from flagged.access_decisions").fetchall())


def read(path: Path) -> dict[str, Any]:
    """Return a report as JSON."""
    told: dict[str, Any] = json.loads((path / "report.json").read_text())
    return told


def files(folder: Path) -> dict[str, bytes]:
    """Return every file of a report, its evidence too, without the reports that stand inside it."""
    own = [*folder.iterdir(), *(folder / "evidence").iterdir()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in own if path.is_file()}


def inside(folder: Path) -> list[str]:
    """Return the names of the reports that stand inside one."""
    return [path.parent.name for path in folder.glob("*/report.json")]


def test_what_comes_after_the_close_is_late_and_restated(closed_landing: Path) -> None:
    """An auditor who holds the closed report must find in the restated one exactly what was added."""
    closed = closed_landing.parent / "home" / "reports" / "2026-02"
    before = files(closed)
    put(closed_landing, "second", "2026-02-11T10:00:00Z")
    put(closed_landing, "third", "2026-03-05T10:00:00Z")
    run(closed_landing, "2026-03-09T00:00:00Z")
    assert late(closed_landing) == {"first": False, "second": True, "third": False}
    assert report(closed_landing) == 0
    assert files(closed) == before
    restated = read(closed / "restated-20260309T000000Z")
    assert [row["summary"] for row in restated["changes"]["new"]] == [row["summary"] for row in restated["findings"] if row["is_late"]]
    assert (len(restated["changes"]["new"]), restated["changes"]["gone"]) == (1, [])
    assert restated["changes"]["against_as_of"] == "2026-03-02T00:00:00Z"
    assert "Changes" in (closed / "restated-20260309T000000Z" / "report.html").read_text()
    assert [status_of(["verify", str(folder)]) for folder in (closed, closed / "restated-20260309T000000Z")] == [0, 0]
    run(closed_landing, "2026-03-10T00:00:00Z")
    assert report(closed_landing) == 0
    assert inside(closed) == ["restated-20260309T000000Z"]


def test_a_closed_month_without_news_is_not_restated(closed_landing: Path) -> None:
    """A folder for each night would hide the one that matters."""
    run(closed_landing, "2026-03-09T00:00:00Z")
    assert report(closed_landing) == 0
    month = closed_landing.parent / "home" / "reports" / "2026-02"
    assert inside(month) == []
    assert report(closed_landing, "--diff", "2026-02") == 0
    assert inside(month) == ["since-2026-02"]


def test_a_rebuild_makes_nothing_late_that_was_known(closed_landing: Path) -> None:
    """Reading all again after an upgrade must not put a closed report in doubt: of a log that has grown, what was there at the close neither."""
    run(closed_landing, "2026-03-09T00:00:00Z", "--rebuild")
    assert late(closed_landing) == {"first": False}
    assert report(closed_landing) == 0
    month = closed_landing.parent / "home" / "reports" / "2026-02"
    assert [path.name for path in month.iterdir() if path.is_dir()] == ["evidence"]
    with (closed_landing / "access_events" / "first.jsonl").open("a") as grown:
        grown.write(EVENT.format(name="second", at="2026-02-11T10:00:00Z"))
    for as_of, options in (("2026-03-10T00:00:00Z", ()), ("2026-03-11T00:00:00Z", ("--rebuild",))):
        run(closed_landing, as_of, *options)
        assert late(closed_landing) == {"first": False, "second": True}


def test_what_a_later_report_knew_first_is_late_for_the_earlier(closed_landing: Path) -> None:
    """Closing the next month makes nobody forget that an access came after the first was closed."""
    put(closed_landing, "second", "2026-02-11T10:00:00Z")
    put(closed_landing, "third", "2026-03-05T10:00:00Z")
    run(closed_landing, "2026-04-02T00:00:00Z")
    assert report(closed_landing, "--close", month="2026-03") == 0
    put(closed_landing, "fourth", "2026-03-06T10:00:00Z")
    run(closed_landing, "2026-04-03T00:00:00Z", "--rebuild")
    assert late(closed_landing) == {"first": False, "second": True, "third": False, "fourth": True}


def test_a_month_that_is_not_over_stays_open(open_landing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is closed too early makes all that follows late."""
    assert report(open_landing, "--close") == 2
    assert "2026-03-01" in capsys.readouterr().err


def test_a_report_tells_what_changed_since_another_month(landing: Path) -> None:
    """Compliance reads first what is not as it was."""
    put(landing, "second", "2026-03-05T10:00:00Z")
    put(landing, "third", "2026-03-06T10:00:00Z")
    run(landing, "2026-04-02T00:00:00Z")
    assert status_of(["report", "--home", str(landing.parent / "home"), "--month", "2026-03", "--diff", "2026-02"]) == 0
    told = read(landing.parent / "home" / "reports" / "2026-03")["changes"]
    assert told["against"] == "2026-02"
    assert {"control": "access_without_grant", "before": 1, "after": 2} in told["controls"]
    assert (told["new"], told["gone"]) == ([], [])


def test_a_print_that_cannot_be_made_is_said(open_landing: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Typst is not installed, run and report say that there is no report.pdf, and what brings it."""
    home, said = str(open_landing.parent / "home"), "report.pdf: not made; for it install the extra [pdf]: pip install 'glasshouse[pdf]'"
    assert report(open_landing) == 0
    assert said not in capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "typst", None)
    assert status_of(["run", str(open_landing), "--home", home, "--as-of", "2026-02-20T00:00:00Z"]) == 0
    assert said in capsys.readouterr().out
    assert report(open_landing) == 0
    assert said in capsys.readouterr().out.splitlines()
    assert not (open_landing.parent / "home" / "reports" / "2026-02" / "report.pdf").exists()
    assert report(open_landing, "--account", "acme") == 0
    assert "report.pdf" not in capsys.readouterr().out


def test_a_report_is_copied_to_where_settings_say(landing: Path) -> None:
    """Auditors fetch reports from a folder of their own, not from HOME."""
    target = landing.parent / "export"
    (landing.parent / "glasshouse.toml").write_text(f'[reports]\nexport_dir = "{target}"\n')
    run(landing, "2026-03-02T00:00:00Z")
    home = landing.parent / "home" / "reports" / "2026-02"
    assert files(target / "2026-02") == files(home)
    assert status_of(["verify", str(target / "2026-02")]) == 0
