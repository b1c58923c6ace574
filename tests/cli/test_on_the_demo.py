"""What each command does to a finished HOME: the demo's, or a copy of it where something is changed."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pyarrow.parquet as pq
import pytest

from dagster_project import history, resources
from dagster_project.checks import key
from dagster_project.cli import status_of
from dagster_project.cli.common import house_of
from dagster_project.engines import catalog
from dagster_project.errors import UsageError
from dagster_project.evidence import heads, merkle
from dagster_project.proving.prove import look
from dagster_project.publishing.reports import report_over
from dagster_project.reading.logs.formats import FORMATS

SAMPLES = catalog.root() / "data_samples"
AGAIN = ["--as-of", "2026-04-01T00:00:00Z", "--settings", str(SAMPLES / "glasshouse.toml")]


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    """Return the one object on stdout."""
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def copied_home(demo_home: Path, tmp_path: Path) -> Path:
    """Give a copy of the demo's HOME, to be changed."""
    return Path(shutil.copytree(demo_home, tmp_path / "home"))


def rows(home: Path) -> dict[str, list[str]]:
    """Return the rows of every table of the warehouse, as text and sorted."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        names = [row[0] for row in connection.execute("select schema_name || '.' || table_name from duckdb_tables() order by all").fetchall()]
        return {name: sorted(map(str, connection.execute(f"from {name}").fetchall())) for name in names}


def report_files(home: Path) -> dict[str, bytes]:
    """Return the bytes of every file of every report."""
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in sorted((home / "reports").rglob("*")) if path.is_file()}


def of_tables(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files that come of tables alone; the evidence beside them comes of a key too."""
    return {name: content for name, content in files.items() if "/evidence/" not in name}


@pytest.mark.parametrize("account", ["", " ", "..", "aLDER", "x" * 300])
def test_an_account_without_evidence_is_refused(account: str, demo_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A script whose variable is empty would send one customer the report of all."""
    before = report_files(demo_home)
    assert status_of(["report", "--home", str(demo_home), "--month", "2026-03", "--account", account]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.startswith("glasshouse: there is no evidence of that account")) == ("", True)
    assert report_files(demo_home) == before


def test_a_report_that_a_new_key_signs_says_so(copied_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A HOME that was restored without its key directory signs with a new key: whoever hands the page on must hear of it before the customer does."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    arguments = ["report", "--home", str(copied_home), "--month", "2026-03", "--account", "alder"]
    told = []
    for _ in range(2):
        assert status_of(arguments) == 0
        told.append("warning: the ledger in HOME/evidence was signed with another key so far" in capsys.readouterr().err)
    assert told == [True, False]


def test_the_page_warns_of_inputs_that_were_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A run of Dagster has no exit status 3: a log that nobody could read would pass for one that was."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "landing" / "web_logs").mkdir(parents=True)
    (tmp_path / "landing" / "web_logs" / "acme-access.log").write_text("no format has such a line\n" * 3)
    assert status_of(["run", str(tmp_path / "landing"), "--home", str(tmp_path / "home"), "--as-of", "2026-04-01T00:00:00Z", "--json"]) == 3
    with history.dagster_instance(tmp_path / "home") as instance:
        records = instance.event_log_storage.get_asset_check_execution_history(dg.AssetCheckKey(key("ledger.inputs"), "none_refused"), limit=1)
        event = records[0].event
    assert event is not None
    assert event.dagster_event is not None
    found = event.dagster_event.asset_check_evaluation_data
    assert (found.passed, found.severity.value, found.metadata["refused"].value, found.metadata["reasons"].value) == (False, "WARN", 1, {"web_logs: wrong_format": 1})
    assert "acme" not in str(found)


def test_the_monthly_report_is_of_the_month_that_is_over(copied_home: Path) -> None:
    """On the third a new month has evidence already: the report that counts is that of the month before, with its last days."""
    house = resources.open_house(copied_home, as_of=datetime(2026, 4, 3, 6, tzinfo=UTC))
    before = of_tables(report_files(copied_home))
    shutil.rmtree(copied_home / "reports")
    assert report_over(house) == copied_home / "reports" / "2026-03"
    assert of_tables(report_files(copied_home)) == before
    with pytest.raises(UsageError, match="there is evidence for 2026-03 only"):
        report_over(replace(house, as_of=datetime(2026, 6, 1, tzinfo=UTC)))


def test_running_twice_changes_nothing(demo_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Evidence that changes when nothing new came is no evidence; and `--fail-on` tells a script of findings with 1."""
    tables, files = rows(demo_home), report_files(demo_home)
    assert status_of(["run", str(SAMPLES), "--home", str(demo_home), *AGAIN, "--fail-on", "critical", "--json"]) == 1
    told = answer(capsys)
    assert (told["refused"], told["left_out"]) == ([], {})
    assert {row["folder"] for row in told["inputs"]} >= {"web_logs", "request_logs", "access_events", "grants"}
    assert rows(demo_home) == tables
    assert report_files(demo_home) == files


def test_another_home_gets_the_same_report(demo_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An auditor who runs the same inputs with the same as-of must get the same bytes, though every key is another."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert status_of(["demo", "--home", str(tmp_path / "other")]) == 0
    shown = capsys.readouterr()
    assert "307 permitted" in shown.out
    assert "%" not in shown.err.replace("0.30%", "")  # nobody watches, so nothing is drawn
    files, others = report_files(demo_home), report_files(tmp_path / "other")
    assert of_tables(others) == of_tables(files)
    assert others.keys() == files.keys()
    assert others != files
    tables, other = rows(demo_home), rows(tmp_path / "other")
    by_chance = {"ledger.keys"}  # key ids and check values
    assert {name: other[name] for name in other.keys() - by_chance} == {name: tables[name] for name in tables.keys() - by_chance}


@pytest.mark.parametrize("kind", ["table", "csv", "json", "parquet"])
def test_a_question_is_answered_in_each_form(kind: str, demo_home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Analysts take answers to a terminal, a spreadsheet, a program or a notebook."""
    question = "select count(*) as promises from reported.promises"
    assert status_of(["query", question, "--home", str(demo_home), "--format", kind]) == 0
    shown = capfdbinary.readouterr().out
    beginnings = {"table": "┏".encode(), "csv": b"promises\r\n", "json": b"[", "parquet": b"PAR1"}
    assert shown.startswith(beginnings[kind])


def test_a_question_is_answered_as_one_object(demo_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A machine reads the columns' names even where no row came."""
    assert status_of(["query", "select 1 as one, date '2026-03-01' as day where false", "--home", str(demo_home), "--json"]) == 0
    assert answer(capsys) == {"columns": ["one", "day"], "rows": [], "is_whole": True}


def test_an_answer_that_is_cut_says_so(demo_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ten thousand rows of more look like all there are, and somebody adds them up."""
    for limit, is_whole in ((2, False), (3, True)):
        asked = ["query", "-- a question of sql/adhoc begins so\nfrom range(3)", "--home", str(demo_home), "--row-limit", str(limit)]
        assert status_of([*asked, "--format", "csv"]) == 0
        shown = capsys.readouterr()
        assert shown.out.splitlines() == ["range", *map(str, range(limit))]
        assert (shown.err == "") == is_whole
        assert status_of([*asked, "--json"]) == 0
        assert answer(capsys)["is_whole"] == is_whole


@pytest.mark.parametrize("question", ["drop table reported.promises", "select 1; select 2", "from read_csv('/etc/passwd')", "from nowhere", "select 'jane@example.com'::int"])
def test_a_question_that_is_none_exits_2(question: str, demo_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The door is locked, and whoever knocks is told so without a value in it."""
    assert status_of(["query", question, "--home", str(demo_home)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "jane" not in shown.err


def test_a_customer_gets_a_page_of_its_own(copied_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A customer who asks who looked gets an answer that names no other customer."""
    assert status_of(["report", "--home", str(copied_home), "--month", "2026-03", "--account", "alder", "--json"]) == 0
    page = Path(answer(capsys)["report"])
    assert page.is_relative_to(copied_home)
    assert "alder" in page.read_text()
    assert "birch" not in page.read_text()


MARCH = ["--month", "2026-03"]


@pytest.mark.parametrize(
    "options", [["--month", "2025-01"], ["--month", "March"], [*MARCH, "--account", "alder", "--close"], [*MARCH, "--diff", "2026-02"], [*MARCH, "--account", "nobody"]]
)
def test_a_report_that_cannot_be_written_exits_2(options: list[str], demo_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty report of a month without evidence would read as a month without findings."""
    assert status_of(["report", "--home", str(demo_home), *options]) == 2
    assert capsys.readouterr().out == ""


def test_decide_writes_the_decisions_of_the_run(demo_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An auditor judges the same events without a HOME, and must come to the same verdicts."""
    out = tmp_path / "decisions.parquet"
    assert status_of(["decide", str(SAMPLES), *AGAIN, "--out", str(out), "--json"]) == 0
    told = answer(capsys)
    assert (told["accesses"], sum(told["outcomes"].values())) == (399, 399)
    decided = {(row["source"], row["event_id"], row["outcome"], row["code"]) for row in pq.read_table(out).to_pylist()}
    with duckdb.connect(str(demo_home / "warehouse.duckdb"), read_only=True) as connection:
        assert decided == set(connection.execute("select source, event_id, outcome, code from flagged.access_decisions").fetchall())


def test_sealing_again_seals_nothing(copied_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A day is counted once: a second count would be of fewer tokens, or of none."""
    before = rows(copied_home)
    assert status_of(["seal", "--home", str(copied_home), "--as-of", "2026-05-01T00:00:00Z", "--json"]) == 0
    assert answer(capsys) == {"days": [], "tokens": 0}
    assert rows(copied_home) == before


QUARANTINE, REQUESTS, USAGE, PAGES = "ledger.quarantine", "scrubbed.requests", "measured.account_requests_daily", "measured.site_pages_daily"


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2026-04-08T00:00:00Z", {}),
        ("2026-04-08T00:00:00.000001Z", {REQUESTS: 20040}),
        ("2026-05-01T00:00:00.000001Z", {REQUESTS: 20040, QUARANTINE: 20}),
        ("2028-04-01T00:00:00Z", {REQUESTS: 20040, QUARANTINE: 20, USAGE: 141}),
    ],
)
def test_purge_removes_what_is_past_its_time(as_of: str, expected: dict[str, int], copied_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All was read and sealed on 1 April; what is gone from the lake is gone from the warehouse, and `--dry-run` says so before."""
    before = rows(copied_home)
    command = ["purge", "--home", str(copied_home), "--as-of", as_of, "--json"]
    assert status_of([*command, "--dry-run"]) == 0
    planned = answer(capsys)
    assert rows(copied_home) == before
    assert status_of(command) == 0
    told = answer(capsys)
    assert (planned["dry_run"], told["dry_run"]) == (True, False)
    assert told["removed"] == planned["removed"]
    removed = {row["table_name"]: row["rows"] for row in told["removed"]}
    assert {name: count for name, count in removed.items() if name in {REQUESTS, QUARANTINE, USAGE}} == expected
    stored = [path for name in (REQUESTS, QUARANTINE) for path in (copied_home / "lake").joinpath(*name.split(".")).rglob("*.parquet")]
    assert sum(pq.read_metadata(path).num_rows for path in stored) == 20060 - sum(count for name, count in expected.items() if name != USAGE)
    after = rows(copied_home)
    assert {name: len(before[name]) - len(after[name]) for name in (QUARANTINE, USAGE)} == {name: expected.get(name, 0) for name in (QUARANTINE, USAGE)}
    assert bool(after[PAGES]) == bool(after["reported.account_usage_monthly"]) == (USAGE not in expected)
    assert status_of(command) == 0
    assert answer(capsys)["removed"] == []


def test_a_purge_retires_the_ledger_and_keeps_its_proofs(copied_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After the ledgers' years the entries go whole, their hashes stay: a pack that was kept verifies, and its head is still continued."""
    pack = Path(shutil.copytree(copied_home / "reports" / "2026-03", tmp_path / "pack"))
    before = (copied_home / "evidence" / "leaves").read_text()
    assert status_of(["purge", "--home", str(copied_home), "--as-of", "2033-04-02T00:00:00Z", "--json"]) == 0
    removed = {row["table_name"]: row["rows"] for row in answer(capsys)["removed"]}
    assert removed["evidence"] == len(before.splitlines())
    entries = [json.loads(line) for path in (copied_home / "evidence" / "ledger").iterdir() for line in path.read_text().splitlines()]
    assert [(entry["kind"], entry["below"]) for entry in entries] == [("retired", removed["evidence"])]
    leaves = (copied_home / "evidence" / "leaves").read_text()
    assert leaves.startswith(before)
    kept = heads.read((pack / "evidence" / "head.json").read_bytes())
    assert kept is not None
    assert merkle.root(map(bytes.fromhex, leaves.split()[: kept.size])).hex() == kept.root
    assert status_of(["verify", str(pack)]) == 0


def test_a_run_after_a_purge_gives_the_same_evidence(copied_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Request rows are gone: their measures, the findings that stand on them and every verdict stay; the report says what was deleted."""
    before = rows(copied_home)
    assert status_of(["purge", "--home", str(copied_home), "--as-of", "2026-04-30T00:00:00Z"]) == 0
    assert "scrubbed.requests: 20,040 rows removed of 7 days" in capsys.readouterr().out
    assert status_of(["run", str(SAMPLES), "--home", str(copied_home), "--as-of", "2026-04-30T00:00:00Z", "--settings", str(SAMPLES / "glasshouse.toml")]) == 0
    after = rows(copied_home)
    of_requests = [name for name in after if name.startswith("measured.") and "records" not in name]
    assert {name: after[name] for name in of_requests} == {name: before[name] for name in of_requests}
    assert after["flagged.dark_access"] == before["flagged.dark_access"] != []
    told = json.loads((copied_home / "reports" / "2026-04" / "report.json").read_text())
    assert {row["table_name"]: row["rows"] for row in told["purges"]}[REQUESTS] == 20040
    assert "Deleted under the rules of retention" in (copied_home / "reports" / "2026-04" / "report.html").read_text()


def test_meter_tells_each_store_once_a_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CR-4: how many and how large, and nothing else; the second run of a day measures nothing again."""
    command = ["meter", str(SAMPLES), "--home", str(tmp_path / "home"), *AGAIN, "--json"]
    assert status_of(command) == 0
    told = answer(capsys)
    assert {row["store"]: row["records"] for row in told["stores"]} == {"job": 837, "person": 127, "task": 678}
    assert all(row["bytes"] > 0 for row in told["stores"])
    assert status_of(command) == 0
    assert answer(capsys) == told


def test_meter_exits_3_where_a_store_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A store that could not be measured must not look like an empty one."""
    store = tmp_path / "landing" / "records" / "job"
    store.mkdir(parents=True)
    (store / "jobs.parquet").write_bytes(b"no Parquet, but jane@example.com")
    assert status_of(["meter", str(tmp_path / "landing"), "--home", str(tmp_path / "home")]) == 3
    shown = capsys.readouterr()
    assert "jobs.parquet" in shown.out
    assert "jane" not in shown.out + shown.err


def test_prove_finds_nothing_and_the_next_report_says_so(copied_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CR-6: the bar is none, over every format, step, fault and export; the result stands where compliance reads."""
    assert status_of(["prove", "--home", str(copied_home), "--json"]) == 0
    told = answer(capsys)
    assert [each["name"] for each in told["tried"] if not each["held"]] == []
    assert (told["held"], told["leaks"], told["leaked"], told["persons_found"], told["tables_that_differ"]) == (True, 0, [], [], [])
    assert told["canaries"] >= 60
    assert {row["format"] for row in told["planted"]} == {known.name for known in FORMATS}
    assert all(row["lines_read"] > row["lines"] / 3 for row in told["planted"])
    assert {"parquet", "sqlite", "duckdb", "text"} <= set(told["searched"])
    assert told["values_scanned"] > 100
    page = copied_home / "reports" / "2026-03" / "report.html"
    assert "No proof by experiment has been made" in page.read_text()
    assert status_of(["report", "--home", str(copied_home), "--month", "2026-03"]) == 0
    assert "0 leaks." in page.read_text()
    assert "No proof by experiment has been made" not in page.read_text()


def test_a_stored_person_fails_the_proof(copied_home: Path) -> None:
    """A proof that cannot fail proves nothing; what it finds is counted and never shown."""
    store_person(copied_home)
    scanned, cells = look(house_of(copied_home))
    found = [row for row in scanned if row["hits"]]
    assert {(row["table_name"], row["column_name"]) for row in found} == {("scrubbed.routes", "route")}
    assert "jane" not in str(found)
    assert cells.sums > 0


@pytest.mark.slow
def test_prove_exits_1_where_a_person_is_stored(copied_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A script must be told."""
    store_person(copied_home)
    assert status_of(["prove", "--home", str(copied_home)]) == 1
    shown = capsys.readouterr().out
    assert "FAILED what HOME stores" in shown
    assert "scrubbed.routes.route: 1 values of kind" in shown
    assert "NOT PROVEN" in shown
    assert "jane" not in shown


def store_person(home: Path) -> None:
    """Put an e-mail address in place of a route."""
    path = next((home / "lake" / "scrubbed" / "routes").rglob("*.parquet"))
    stored = pq.read_table(path, partitioning=None)
    place = stored.schema.get_field_index("route")
    names = ["/people/jane@example.com", *stored.column("route").to_pylist()[1:]]
    pq.write_table(stored.set_column(place, "route", [names]), path)


def test_verify_names_what_is_not_as_sealed(copied_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever hands on a report must be able to show that nobody touched it, with nothing but the pack and a public key."""
    pack = Path(shutil.copytree(copied_home / "reports" / "2026-03", tmp_path / "pack"))
    key, head = ["--key", str(copied_home / "evidence" / "key.pem")], copied_home / "reports" / "2026-03" / "evidence" / "head.json"
    assert status_of(["verify", str(pack), *key, "--since", str(head)]) == 0
    assert "7 files are what was sealed as 2026-03" in capsys.readouterr().out
    (pack / "findings.csv").write_bytes((pack / "findings.csv").read_bytes() + b" ")
    (pack / "report.json").unlink()
    (pack / "extra\x1b[31m.txt").write_text("")
    assert status_of(["verify", str(pack), *key, "--json"]) == 1
    told = answer(capsys)
    assert (told["intact"], told["changed"], told["missing"], told["foreign"]) == (
        ["events.ocsf.jsonl", "findings.xlsx", "manifest.json", "report.html", "report.pdf"],
        ["findings.csv"],
        ["report.json"],
        ["extra\x1b[31m.txt"],
    )
    assert (told["reordered"], told["wrong_key"], told["rolled_back"]) == ([], [], [])
    assert status_of(["verify", str(pack)]) == 1
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--key", "--since"])
@pytest.mark.parametrize("name", ["manifest.json", "none"])
def test_verify_wants_a_key_and_a_head(option: str, name: str, demo_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is neither is wrong usage, not a wrong pack."""
    pack = demo_home / "reports" / "2026-03"
    assert status_of(["verify", str(pack), option, str(pack / name)]) == 2
    assert capsys.readouterr().out == ""


def test_a_customer_checks_her_page_alone(copied_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line is sealed and none was left out; a line that is taken away is named by its number."""
    assert status_of(["report", "--home", str(copied_home), "--month", "2026-03", "--account", "alder"]) == 0
    page = Path(shutil.copytree(copied_home / "reports" / "2026-03" / "account-alder", tmp_path / "page"))
    assert status_of(["verify", str(page)]) == 0
    assert "112 lines are sealed, and none was left out" in capsys.readouterr().out
    told = json.loads((page / "report.json").read_text())
    (page / "report.json").write_text(json.dumps({**told, "lines": [line for line in told["lines"] if line["n"] not in {8, 9}]}))
    assert status_of(["verify", str(page), "--json"]) == 1
    assert answer(capsys)["missing"] == ["report.json: line 8 to 9"]


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"outputs": {}}', '{"outputs": {"report.html": 7}}', '{"outputs": {"report.html": "abc"}}'])
def test_a_manifest_that_is_none_counts_as_changed(manifest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An emptied manifest must not make every file right."""
    (tmp_path / "manifest.json").write_text(manifest)
    (tmp_path / "report.html").write_text("")
    assert status_of(["verify", str(tmp_path), "--json"]) == 1
    assert "manifest.json: it is no manifest of a report" in answer(capsys)["changed"] or manifest == '{"outputs": {"report.html": "abc"}}'
