"""How a run ends: refused inputs, a person who watches, a person who stops it."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from dagster_project.cli import status_of
from dagster_project.engines.intake.recovery import held
from dagster_project.publishing.progress import watched

pytestmark = pytest.mark.usefixtures("unjudged")

LINE = '203.0.113.{n} - - [10/Mar/2026:09:00:00 +0000] "GET /pricing HTTP/1.1" 200 512 "-" "Mozilla/5.0"\n'


@pytest.fixture
def landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a landing folder of one good log, with keys in a folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "landing"
    (folder / "web_logs").mkdir(parents=True)
    (folder / "web_logs" / "good.log").write_text("".join(LINE.format(n=n) for n in range(1, 4)))
    return folder


def test_a_refused_input_exits_3_and_all_else_is_done(landing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One bad file must neither stop the night's run nor pass unnoticed; it goes before findings, which would be 1."""
    (landing / "web_logs" / "bad.log").write_text("dear jane@example.com, this is no log\n" * 3)
    (landing / "grants").mkdir()
    (landing / "grants" / "grants.csv").write_text("grant_id,account_id\ng-1,acme\n")
    assert status_of(["run", str(landing), "--home", str(tmp_path / "home"), "--as-of", "2026-04-01T00:00:00Z", "--fail-on", "low", "--json"]) == 3
    shown = capsys.readouterr()
    told = json.loads(shown.out)
    assert [row["file_name"] for row in told["refused"]] == ["grants/grants.csv", "web_logs/bad.log"]
    assert "wrong format" in told["refused"][1]["advice"]
    assert [(row["folder"], row["parsed"]) for row in told["inputs"]] == [("web_logs", 3)]
    assert "jane" not in shown.out + shown.err
    assert Path(told["reports"][0]).is_file()


def test_what_differs_between_two_runs_stands_in_run_json(landing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever compares two HOMEs needs one file to leave out, and whoever asks how long a night took needs one to look at."""
    for as_of, is_destroyed in (("2026-03-10T12:00:00Z", False), ("2026-03-13T00:00:00Z", True)):
        assert status_of(["run", str(landing), "--home", str(tmp_path / "home"), "--as-of", as_of, "--json"]) == 0
        told = json.loads((tmp_path / "home" / "run.json").read_text())["run"]
        ((key_id,),) = duckdb.sql(f"select key_id from '{tmp_path}/home/lake/ledger/keys/part.parquet'").fetchall()
        assert told["keys"] == [{"day": "2026-03-10", "key_id": key_id, "is_destroyed": is_destroyed}]
        assert told["as_of"] == as_of
        assert [(job["job"], job["is_success"]) for job in told["jobs"]][:1] == [("landing", True)]
        assert told["started_at"] < told["ended_at"]
        assert told["seconds"] > 0
    reports = b"".join(path.read_bytes() for path in (tmp_path / "home" / "reports").rglob("*") if path.is_file())
    assert told["started_at"].encode() not in reports
    for path in (tmp_path / "home" / "lake" / "scrubbed" / "requests").rglob("*.parquet"):
        path.unlink()  # the books do not add up
    assert status_of(["run", str(landing), "--home", str(tmp_path / "home"), "--as-of", "2026-03-14T00:00:00Z", "--json"]) == 4
    failed = json.loads((tmp_path / "home" / "run.json").read_text())["run"]
    assert (failed["as_of"], all(job["is_success"] for job in failed["jobs"])) == ("2026-03-14T00:00:00Z", False)


def test_a_header_of_settings_tells_who_asked_behind_a_content_network(landing: Path, tmp_path: Path) -> None:
    """All visitors would be as few as the network has addresses, and nothing be shown for want of visitors."""
    folder = landing / "web_logs" / "shop"
    folder.mkdir()
    line = '{} - - [10/Mar/2026:09:00:00 +0000] "GET / HTTP/1.1" 200 5 "{}"\n'
    asked = [("10.0.0.9", "8.8.8.8"), ("10.0.0.9", "8.8.4.4"), ("10.0.0.9", "-"), ("198.51.100.7", "8.8.8.8")]
    (folder / "access.log").write_text("".join(line.format(*each) for each in asked))
    (landing / "glasshouse.toml").write_text(
        '[formats]\n"web_logs/shop" = \'nginx:$remote_addr - - [$time_local] "$request" $status $body_bytes_sent "$http_cf_connecting_ip"\'\n'
        '[sites.shop]\ntrusted_proxies = ["10.0.0.0/8"]\nclient_headers = ["CF-Connecting-IP"]\n'
    )
    assert status_of(["run", str(landing), "--home", str(tmp_path / "home"), "--as-of", "2026-03-10T12:00:00Z", "--json"]) == 0
    stored = pa.concat_tables([pq.read_table(path, partitioning=None) for path in (tmp_path / "home").glob("lake/scrubbed/requests/**/*.parquet")])
    shop = [row for row in stored.to_pylist() if row["site"] == "shop"]
    assert [(row["client_class"], row["client_source"]) for row in shop] == [("public", "vendor")] * 2 + [("private", "peer"), ("reserved", "peer")]
    visits = pa.concat_tables([pq.read_table(path, partitioning=None) for path in (tmp_path / "home").glob("lake/scrubbed/visits/**/*.parquet")])
    assert len({row["visitor_high"] for row in visits.to_pylist() if row["site"] == "shop"}) == 4


def test_what_is_refused_is_told_in_its_own_words(landing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The advice names the table of settings in brackets, and a file can be called as colours are: neither is a colour."""
    (landing / "web_logs" / "[red]bad.log").write_text("no log\n" * 3)
    assert status_of(["run", str(landing), "--home", str(tmp_path / "home"), "--as-of", "2026-04-01T00:00:00Z"]) == 3
    told = capsys.readouterr().out
    assert "refused web_logs/[red]bad.log: wrong format" in told
    assert "name its format in [formats] of glasshouse.toml\n" in told


def test_a_folder_named_after_somebody_is_no_site(landing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The name of a sub-folder is a column of every table of measures, and stands in the report."""
    (landing / "web_logs" / "jane.doe@example.com").mkdir()
    (landing / "web_logs" / "jane.doe@example.com" / "access.log").write_text("".join(LINE.format(n=n) for n in range(9, 12)))
    assert status_of(["run", str(landing), "--home", str(tmp_path / "home"), "--as-of", "2026-03-13T00:00:00Z", "--json"]) == 0
    assert "rename the folder" in capsys.readouterr().err
    with duckdb.connect(str(tmp_path / "home" / "warehouse.duckdb"), read_only=True) as warehouse:
        assert warehouse.sql("select distinct site from measured.account_requests_daily order by site").fetchall() == [("web",), ("{redacted}",)]
    holds = [path for path in (tmp_path / "home").rglob("*") if b"jane.doe@example.com" in (path.read_bytes() if path.is_file() else str(path).encode())]
    assert {path.parent.name for path in holds} == {"input_files"}


def test_a_record_store_that_cannot_be_measured_is_a_refused_input(landing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers of a part must not pass for those of the whole; it is tried again at every run, also on the same day."""
    store = landing / "records" / "invoice"
    store.mkdir(parents=True)
    (store / "bad.parquet").write_bytes(b"PAR1 is no table PAR1")
    asked = ["run", str(landing), "--home", str(tmp_path / "home"), "--as-of", "2026-04-01T00:00:00Z", "--json"]
    for _ in range(2):
        assert status_of(asked) == 3
        told = json.loads(capsys.readouterr().out)
        assert [row["file_name"] for row in told["refused"]] == ["bad.parquet"]
    pq.write_table(pa.table({"account_id": ["acme", "acme"], "note": ["a", "b"]}), store / "bad.parquet")
    assert status_of(asked) == 0
    assert json.loads(capsys.readouterr().out)["refused"] == []


@pytest.mark.parametrize("command", ["run", "meter", "seal", "purge"])
def test_two_runs_never_mix(command: str, landing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two runs that write the same ledgers would lose each other's entries; the second is told to wait."""
    home = tmp_path / "home"
    (home / "lake").mkdir(parents=True)
    given = [str(landing)] if command in {"run", "meter"} else []
    with held(home):
        assert status_of([command, *given, "--home", str(home)]) == 2
    assert "another run is at work in this HOME" in capsys.readouterr().err


def test_a_promise_set_that_is_not_there_exits_2(landing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with the settings is the owner's to mend, also where only the run can tell."""
    (tmp_path / "glasshouse.toml").write_text("[promises]\npolicies = ['nobody']\n")
    assert status_of(["run", str(landing), "--home", str(tmp_path / "home")]) == 2
    assert "promises.policies" in capsys.readouterr().err


def read_until(terminal: int, end: str) -> str:
    """Return all that was written up to `end`: one read returns what has arrived, which may be a part."""
    read = b""
    while not read.endswith(end.encode()):
        read += os.read(terminal, 65_536)
    return read.decode()


def test_bars_are_drawn_on_a_terminal_and_nowhere_else(tmp_path: Path) -> None:
    """Bars in a log file are noise; a warning is told in both places."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal, (tmp_path / "log").open("w") as file:
        for stream in (terminal, file):
            with watched(Console(file=stream)) as (watch, tell):
                watch("reading web_logs", 1, 2)
                tell("a line was lost\x1b[31m")
                watch("reading web_logs", 2, 2)
            stream.flush()
        terminal.write("the end")
        terminal.flush()
        drawn = {"terminal": read_until(ours, "the end"), "file": (tmp_path / "log").read_text()}
    os.close(ours)
    assert "reading web_logs" in drawn["terminal"]
    assert "%" in drawn["terminal"]
    assert drawn["file"] == "warning: a line was lost\\x1b[31m\n"
    assert "a line was lost\\x1b[31m" in drawn["terminal"]


def test_ctrl_c_stops_a_run_without_a_traceback(landing: Path, tmp_path: Path) -> None:
    """Whoever stops a run must see that nothing is lost, not forty lines of ours; and the next run goes on."""
    home = tmp_path / "home"
    command = [sys.executable, "-m", "dagster_project.cli", "run", str(landing), "--home", str(home)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    for _ in range(600):
        if (home / "lake" / "scrubbed" / "run").is_dir():
            break
        time.sleep(0.1)
    os.killpg(started.pid, signal.SIGINT)  # as a terminal does: the whole group
    out, err = started.communicate(timeout=60)
    assert started.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "glasshouse: stopped; what was finished stays, run again to go on"
