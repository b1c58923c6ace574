"""The sample is what its plan says: generated anew it is the same, it holds every code and control, and nothing in it is anybody's."""

import bz2
import csv
import gzip
import json
import lzma
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from dagster_project.settings_file import load
from tests import reference

SAMPLE = Path(__file__).parent.parent / "data_samples"
GENERATED = ("README.md", "expected.json")
UNPACK: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}
DOCUMENTATION = tuple(ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "::ffff:198.51.100.0/120"))
CONTROLS = (
    "access_without_grant", "grant_used_otherwise", "company_info_purpose", "purpose_outside_policy", "message_not_retained", "sharing_without_consent",
    "provider_marketing", "processor_purpose", "personal_data_in_tag", "tracking_after_opt_out", "marketing_after_opt_out", "change_without_notice",
    "objection_ignored", "card_number_in_logs", "dark_access", "grant_weaknesses",
)  # fmt: skip


FOLDERS = ("staff", "teams", "accounts", "users", "grantors", "policies", "opt_outs", "emergencies", "sources", "gaps", "grants", "access_events")
NUMBERS: dict[str, Callable[[str], Any]] = {"clock_skew_s": float, "whole_seconds": "true".__eq__, "rows": int, "seats": int}
LISTS = ("logins", "record_classes", "record_ids", "actions")


def delivered(folder: str) -> list[dict[str, Any]]:
    """Return the rows of a ledger or of the access events, as the reference model takes them; broken JSON is no row."""
    rows = []
    for path in sorted((SAMPLE / folder).rglob("*.*")):
        rows += [{"source": path.parent.name, **row} if folder == "access_events" else row for row in _rows(path)]
    return rows


def _rows(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        rows = pq.read_table(path).to_pylist()
        return [{name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()} for row in rows]
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    with path.open(encoding="utf-8") as text:
        return [{name: _cell(name, value) for name, value in row.items()} for row in csv.DictReader(text)]


def _cell(name: str, value: str) -> Any:
    if value in ("", "[]"):
        return None if value == "" else []
    return value.split(";") if name in LISTS else NUMBERS.get(name, str)(value)


def inputs(home: Path) -> Iterator[Path]:
    """Yield the files of the landing folder: those in a folder of it that is not the plan."""
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.parent != home and path.relative_to(home).parts[0] not in ("plan", "__pycache__"):
            yield path


def content(path: Path) -> bytes:
    """Return a file's bytes, decompressed."""
    return UNPACK.get(path.suffix, bytes)(path.read_bytes())


def answers() -> dict[str, Any]:
    """Return the answer key."""
    key: dict[str, Any] = json.loads((SAMPLE / "expected.json").read_text(encoding="utf-8"))
    return key


def same(one: Path, other: Path) -> bool:
    """Compare what files hold; compressed bytes, and Parquet's own, vary with the library that wrote them."""
    if one.suffix != ".parquet":
        return content(one) == content(other)
    left, right = pq.ParquetFile(one), pq.ParquetFile(other)
    groups = [[file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] for file in (left, right)]
    return groups[0] == groups[1] and left.read().equals(right.read())


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two fresh generations, each by an interpreter of its own."""
    homes = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    for seed, home in enumerate(homes):
        command = [sys.executable, str(SAMPLE / "generate.py"), str(home)]
        subprocess.run(command, check=True, env={"PYTHONHASHSEED": str(seed), "PYTHONDONTWRITEBYTECODE": "1"})
    return homes


def test_the_committed_sample_is_a_fresh_generation(fresh: tuple[Path, Path]) -> None:
    """An answer key edited by hand would no longer be an answer to its questions."""
    names = [path.relative_to(SAMPLE) for path in inputs(SAMPLE)]
    assert names == [path.relative_to(fresh[0]) for path in inputs(fresh[0])]
    assert [str(name) for name in (*names, *map(Path, GENERATED)) if not same(SAMPLE / name, fresh[0] / name)] == []


def test_two_generations_are_the_same_bytes(fresh: tuple[Path, Path]) -> None:
    """The same seed must give the same bytes, compressed ones too, whatever the order of sets in that interpreter."""
    one, two = ({str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()} for home in fresh)
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


def test_the_sample_stays_small() -> None:
    """It is carried in the wheel."""
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file() and path.suffix != ".pyc") < 2_500_000


def test_every_code_of_the_decision_order_is_planted() -> None:
    """A code that no sample shows is a code that no demo proves; the list is the reference model's."""
    key = answers()
    found = {code for events in key["decisions"].values() for code in events.values()}
    assert found == set(reference.CODES)
    assert sum(map(len, key["decisions"].values())) + len(key["no_row"]) == 400


def test_the_reference_model_decides_as_planted() -> None:
    """The key was written from the rules case by case; a second reading of the rules must come to the same verdict on each event."""
    key = answers()
    rows = reference.decide({folder: delivered(folder) for folder in FOLDERS}, datetime.fromisoformat(key["as_of"]))
    planted = {(source, event_id): (key["outcomes"][code], code) for source, events in key["decisions"].items() for event_id, code in events.items()}
    assert {(row["source"], row["event_id"]): (row["outcome"], row["code"]) for row in rows} == planted


@pytest.mark.parametrize("control", CONTROLS)
def test_every_control_of_an_input_is_planted(control: str) -> None:
    """A control that finds nothing in the sample proves nothing; one key must not be planted twice."""
    violations = [tuple(key) for key in answers()["controls"][control]["violations"]]
    assert violations
    assert len(set(violations)) == len(violations)


def test_every_promise_that_inputs_can_break_is_broken() -> None:
    """The demo must show each promise failing; the others watch ourselves, and no sample may break them."""
    watched = {f"CR-{number}" for number in range(1, 12)} | {f"CE-{number}" for number in range(1, 8)}
    assert watched - set(answers()["promises_broken"]) == {"CR-4", "CR-5", "CR-6", "CR-7", "CE-4"}


def test_every_weakness_of_a_grant_is_planted() -> None:
    """GRANT_EMPTY and the others are no outcomes of an access, so that the decisions do not show them."""
    weak = {code for _, code in answers()["controls"]["grant_weaknesses"]["violations"]}
    assert weak == {"GRANT_EMPTY", "GRANT_UNBOUNDED", "GRANT_TOO_LONG", "GRANT_UNUSED"}


def test_every_line_of_every_input_is_accounted_for() -> None:
    """The counts are those of the plan; here they meet the files."""
    counts = answers()["inputs"]
    for path in inputs(SAMPLE):
        name = str(path.relative_to(SAMPLE))
        if name.startswith("records/"):
            continue
        lines = pq.read_metadata(path).num_rows if path.suffix == ".parquet" else content(path).count(b"\n")
        assert counts[name]["lines"] == lines, name
        assert counts[name]["lines"] == sum(counts[name][part] for part in ("parsed", "quarantined", "blank_or_comment")), name
        assert counts[name]["quarantined"] < 0.05 * lines or lines < 1000, name


def test_the_planted_findings_stand_where_the_key_says() -> None:
    """A line number that is off by one would let a control find the wrong line and pass."""
    controls = answers()["controls"]
    lines = [key for control in ("card_number_in_logs", "dark_access") for key in controls[control]["violations"] if len(key) == 2]
    for name, number in lines:
        text = content(SAMPLE / name).splitlines()[number - 1].decode("latin-1")
        digits = re.sub(r"%20|[ +-]", "", text)
        is_card = [name, number] in controls["card_number_in_logs"]["violations"]
        assert re.search(r"4111111111111111|5555555555554444|378282246310005" if is_card else r'"user":"(amy|ben|gwen|cho@example\.com)"', digits), (name, number)


def test_requests_are_those_of_the_log_files() -> None:
    """The sums by account must be the sums by file, or the key contradicts itself."""
    key = answers()
    by_file = sum(count["parsed"] for name, count in key["inputs"].items() if name.startswith(("web_logs", "request_logs")))
    assert sum(sum(accounts.values()) for accounts in key["requests"].values()) == by_file
    assert 19_000 < by_file < 22_000
    for name, count in key["records"].items():
        assert sum(count.values()) == pq.read_metadata(SAMPLE / f"records/{name}/{name}s.parquet").num_rows


def test_jobs_are_sorted_by_account_and_tasks_are_not() -> None:
    """The meter has two ways of counting, one for each."""
    files = {name: pq.ParquetFile(SAMPLE / f"records/{name}/{name}s.parquet") for name in ("job", "task")}
    accounts = {name: [set(file.read_row_group(n).column("account_id").to_pylist()) for n in range(file.num_row_groups)] for name, file in files.items()}
    assert all(len(group) == 1 for group in accounts["job"])
    assert all(len(group) > 1 for group in accounts["task"])


def test_addresses_and_hosts_are_nobodys() -> None:
    """A sample with a real address would itself break the promise it shows."""
    texts = [content(path).decode("latin-1") for path in inputs(SAMPLE) if path.suffix != ".parquet"]
    clients = Counter(client for text in texts for client in re.findall(r"(?<![\w.:/])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])|2001:[0-9a-f:]+", text))
    strangers = [client for client in clients if client != "145.0.0.0" and not any(ip_address(client) in net for net in DOCUMENTATION)]
    assert strangers == []
    assert len(clients) > 250
    hosts = {host for text in texts for host in re.findall(r"https?://([\w.-]+)|@([\w.-]+\.[a-z]+)", text) for host in host if host}
    assert [host for host in hosts if not re.fullmatch(r"([a-z]+\.)*example\.(com|net|org)", host)] == []


def test_the_readme_names_every_planted_finding() -> None:
    """People read the page, tests read the file; they come of one plan and must say the same."""
    page = (SAMPLE / "README.md").read_text(encoding="utf-8")
    for control, key in answers()["controls"].items():
        for natural in key["violations"]:
            assert f"| {control} | {' '.join(map(str, natural))} |" in page


def test_the_settings_are_valid_and_cover_the_portals() -> None:
    """A host that is no own host is stored as [other], and the demo would show that for every customer."""
    settings = load(SAMPLE / "glasshouse.toml")
    assert settings.promises.policies == ("clientrunner", "clientexec")
    with (SAMPLE / "accounts/accounts.csv").open(encoding="utf-8") as accounts:
        assert {row["hosts"] for row in csv.DictReader(accounts)} == set(settings.sites.of("portal").own_hosts)
    assert set(settings.access.customer_record_routes) < set(settings.sites.of("service").routes)
