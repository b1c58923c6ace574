"""The report: everything is in it, nothing acts, and the same tables give the same bytes."""

import base64
import csv
import hashlib
import io
import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from dagster_project import publishing
from dagster_project.engines.duckdb_engine import DuckDBEngine
from dagster_project.errors import GlasshouseError, UsageError
from dagster_project.publishing.facts import month_of
from dagster_project.publishing.lines import month_parameters
from dagster_project.publishing.report import write
from tests.publishing import synthetic

FILES = ["events.ocsf.jsonl", "findings.csv", "findings.xlsx", "manifest.json", "report.html", "report.json", "report.pdf"]
TABLES = Path(publishing.__file__).parent / "templates" / "tables.js"
SHARED = tuple(f"scrubbed.{name}" for name in ("tags", "mailings", "consents", "opt_outs", "objections"))
OF_PAGE = ["findings.csv", "manifest.json", "report.html", "report.json"]
PACKED = {"findings.xlsx", "report.pdf"}
# What stands in the page's own markup: none of it can load or submit anything, and one script of ours runs.
TAGS = frozenset(
    re.findall(
        r"\w+",
        "html head meta title link style script body a header main footer nav section h1 h2 h3 p ul li dl dt dd div span strong b br "
        "table caption thead tbody tfoot tr th td details summary code time data figure figcaption svg rect line text",
    )
)
ATTRIBUTES = frozenset(
    re.findall(
        r"[\w-]+",
        "lang charset name content http-equiv rel href class id aria-label aria-labelledby aria-hidden scope role tabindex data-label data-by value "
        "title datetime width height x y x1 x2 y1 y2 text-anchor focusable",
    )
)


class Page(HTMLParser):
    """Collects the text, the tags and the attributes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.ids: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name in {"href", "src"}}
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.words.append(data)

    @property
    def text(self) -> str:
        """Return all text, blanks collapsed."""
        return " ".join(" ".join(self.words).split())


@pytest.fixture(name="month", scope="module")
def _month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("month")
    write(synthetic.report(synthetic.month()), folder)
    return folder


def page(folder: Path) -> Page:
    """Read the page of a report."""
    return Page((folder / "report.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "words",
    [
        "Of 10 promises, 7 were kept , 2 were broken and 1 could not be proven . 1 more does not apply.",
        "messages: no snapshot between 2026-10-11 and 2026-10-14.",
        "All counts reconcile.",
        "Access without grant 59 12 39 8 –",
        "Faults: SELF_GRANTED , SCOPE_CASE",
        "Dark access 1 1 – – –",
        "Emergencies opened",
        "31 day keys were made for this month and 31 destroyed; none is overdue.",
        "scrubbed.requests request_days 4,012 12 2026-10-04 to 2026-10-06 2026-10-13 00:00:00",
        "no date TIME_UNZONED",
        "212 ± 8.5 190 100,000 2027-01-28 2027-01-21 to 2027-02-05",
        "invented persons Held 84 kinds of identifier",
        "5e" * 32,
        "Missing or undecided What the evidence of this month lacks or leaves open",
        "a gap in console from 2026-10-11 02:00 to 2026-10-11 02:30 CR-2 , CR-3 6 accesses are undetermined CR-2",
        "17 of “Access without grant”",
        "What explains them 96.5 % of 1,889 accesses that saw something",
        "A declared purpose An exempt class of records, reached for a purpose that nobody but the member of staff vouches for 212 11.2 %",
        "8 are provisional: a source has not been read far enough for the verdict to be final.",
        "Access events 1,910 entries in 4 inputs",
        "The parts add up to the whole.",
        "REVIEWER_UNDER_REVIEW It was made by the person whom the finding is about",
        "Its row is gone from reviews/",
    ],
)
def test_the_page_says(month: Path, words: str) -> None:
    """Each part that the compliance team needs stands on the page, in words."""
    assert words in page(month).text


def test_nothing_on_the_page_loads_and_one_script_runs(month: Path) -> None:
    """Evidence opened in ten years, offline, must look as it does today and tell nobody that it was opened; what runs is the file of ours, by its hash."""
    found = page(month)
    assert found.tags <= TAGS
    assert found.attributes <= ATTRIBUTES
    assert {link for link in found.links if not link.startswith("#")} == {"data:,"}
    assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)
    html = (month / "report.html").read_text()
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    scripts = re.findall(r"<script[^>]*>(.*?)</script", html, re.DOTALL)
    assert scripts == [TABLES.read_text(encoding="utf-8")]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (scripts[0], style[1])]
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert policy[1].split("; ") == [
        "default-src 'none'", f"script-src 'sha256-{hashes[0]}'", "require-trusted-types-for 'script'", f"style-src 'sha256-{hashes[1]}'",
        "img-src data:", "base-uri 'none'", "form-action 'none'",
    ]  # fmt: skip


def test_the_script_makes_no_markup_and_reaches_nothing() -> None:
    """Hostile text must stay text, and evidence must not be told to anybody."""
    assert not re.findall(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|createContextual|DOMParser|eval|Function\(|fetch|XMLHttp|WebSocket|Beacon|Storage|cookie|import", TABLES.read_text()
    )


def test_ids_are_unique(month: Path) -> None:
    """A link of the contents, or a screen reader's heading, must lead to one place."""
    ids = page(month).ids
    assert len(ids) == len(set(ids))


def test_hashes_lead_from_the_page_to_every_file(month: Path) -> None:
    """Whoever holds the manifest can tell whether any file was changed."""
    manifest = json.loads((month / "manifest.json").read_text())
    for name, expected in manifest["outputs"].items():
        assert hashlib.sha256((month / name).read_bytes()).hexdigest() == expected
    assert sorted(manifest["outputs"]) == [name for name in FILES if name != "manifest.json"]
    assert len(manifest["inputs"]) == 31
    assert manifest["integrity"]["inputs_sha256"] in page(month).text
    assert manifest["outputs"]["findings.csv"] in page(month).text


def test_the_same_tables_give_the_same_bytes(month: Path, tmp_path: Path) -> None:
    """Reproducible evidence: no clock, no random order, no machine in it. The tables are filled in reverse here."""
    connection = synthetic.month()
    for name in ("reported.findings", "flagged.access_decisions", "reported.grant_register", "measured.account_requests_daily", "ledger.inputs"):
        connection.execute(f"create or replace table {name} as select * from {name} order by rowid desc")
    write(synthetic.report(connection), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (month / name).read_bytes(), name


def test_findings_csv_and_json_hold_every_finding(month: Path) -> None:
    """The page may be folded; the files are complete."""
    rows = list(csv.DictReader(io.StringIO((month / "findings.csv").read_text(encoding="utf-8"), newline="")))
    facts = json.loads((month / "report.json").read_text())
    assert [row["finding_id"] for row in rows] == [row["finding_id"] for row in facts["findings"]]
    assert len(rows) == 61
    found = next(row for row in rows if row["control"] == "access_without_grant" and row["code"] != "NO_GRANT")
    assert found["nearest_grant_id"].startswith("g-")
    assert found["all_faults"].startswith(found["code"])


@pytest.mark.parametrize("hostile", [synthetic.HOSTILE, synthetic.FORMULA, "'\"><img src=x onerror=alert(1)>", "{{ 7*7 }}{% raw %}", "</style></svg>", "&lt;b&gt;"])
def test_hostile_text_stays_text(tmp_path: Path, hostile: str) -> None:
    """Ids and summaries come from logs and ledgers that an attacker may write to."""
    write(synthetic.report(synthetic.month(9, hostile)), tmp_path)
    found = page(tmp_path)
    assert found.tags <= TAGS
    assert found.attributes <= ATTRIBUTES
    for name in set(FILES) - PACKED:
        content = (tmp_path / name).read_text(encoding="utf-8")
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]", content), name
    shown = hostile.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e").replace("\u2066", "\\u2066")
    assert shown in found.text
    for row in csv.reader(io.StringIO((tmp_path / "findings.csv").read_text(encoding="utf-8"), newline="")):
        assert not any(value.startswith(("=", "+", "-", "@")) for value in row)
    assert json.loads((tmp_path / "report.json").read_text())["grants"][0]["grant_id"] == hostile


def test_a_customer_sees_only_her_own_rows(tmp_path: Path) -> None:
    """The customer's page goes to the customer: another customer's name, count or verdict on it would break the promise it proves."""
    connection = synthetic.month()
    write(synthetic.report(connection, "dune"), tmp_path / "all")
    told = ("flagged.dark_access", "reported.explained_accesses")
    by_account = (*told, "reported.findings", "flagged.access_decisions", "reported.grant_register", "reported.emergency_register", "measured.account_requests_daily")
    for relation in (*by_account, "reported.capacity", "reported.record_growth", "scrubbed.disclosures", "measured.account_records_daily", *SHARED):
        connection.execute(f"delete from {relation} where account_id is distinct from 'dune'")
    for relation in (
        "reported.population",
        "reported.decision_counts",
        "ledger.releases",
        "reported.access_balance",
        "reported.review_register",
        "reported.evidence_gaps",
        "reported.evidence_doubts",
    ):
        connection.execute(f"delete from {relation}")
    connection.execute("update reported.promises set status = 'kept', checked = 1, broken = 0, reason = 'other' where status <> 'not_applicable'")
    write(synthetic.report(connection, "dune"), tmp_path / "hers")
    for name in OF_PAGE:
        content = (tmp_path / "all" / name).read_bytes()
        assert content == (tmp_path / "hers" / name).read_bytes(), name
        assert not any(other.encode() in content for other in synthetic.ACCOUNTS if other not in {"dune", None}), name
    text = page(tmp_path / "all").text
    assert "This page holds only what concerns dune." in text
    assert "Permitted GRANTED Staff s-01 read an employee record of a customer; the sentence says why." in text


def test_an_empty_month_is_a_report_too(tmp_path: Path) -> None:
    """No data is no proof: the page must say so rather than fail or look fine."""
    write(synthetic.report(synthetic.empty()), tmp_path)
    text = page(tmp_path).text
    for words in ("No promise was judged in this month.", "Nothing had been read.", "No access was recorded.", "No request was logged."):
        assert words in text


def test_only_the_month_is_in_it(tmp_path: Path) -> None:
    """Half-open: the first instant of the month counts, the first of the next does not."""
    connection = synthetic.month(0)
    connection.execute("delete from reported.findings")
    connection.execute("update reported.evidence_end set as_of = '2026-12-01T00:00:00Z'")
    for number, at in enumerate(["2026-09-30 23:59:59.999999", "2026-10-01 00:00:00", "2026-10-31 23:59:59.999999", "2026-11-01 00:00:00"]):
        connection.execute(
            "insert into reported.findings values (?, 'dark_access', [], 'DARK_ACCESS', 'low', ?::timestamp at time zone 'UTC', 'a', null, 's', null, 'open')", [f"f-{number}", at]
        )
    write(replace(synthetic.report(connection), as_of=datetime(2026, 12, 1, tzinfo=UTC)), tmp_path)
    assert [row["finding_id"] for row in json.loads((tmp_path / "report.json").read_text())["findings"]] == ["f-1", "f-2"]


@pytest.mark.parametrize(
    ("last_at", "as_of", "expected"),
    [
        ("2026-10-31T23:59:59.999999Z", datetime(2026, 12, 15, tzinfo=UTC), 1),
        ("2026-11-01T00:00:00Z", datetime(2026, 12, 15, tzinfo=UTC), 0),
        ("2026-09-30T23:59:59.999999Z", datetime(2026, 12, 15, tzinfo=UTC), 0),
        ("2026-11-05T00:00:00Z", datetime(2026, 11, 1, tzinfo=UTC), 1),
    ],
    ids=["evidence ends in the month", "behind it", "before it", "behind the as-of"],
)
def test_what_has_no_date_counts_in_the_month_of_the_last_evidence(tmp_path: Path, last_at: str, as_of: datetime, expected: int) -> None:
    """It must stand in one report, the same one whose promise it makes unproven; an as-of at midnight still belongs to the day before."""
    connection = synthetic.month(0)
    connection.execute("update reported.evidence_end set last_at = ?::timestamptz, as_of = ?", [last_at, as_of])
    write(replace(synthetic.report(connection), as_of=as_of), tmp_path)
    facts = json.loads((tmp_path / "report.json").read_text())
    assert sum(row["code"] == "TIME_UNZONED" for row in facts["undetermined"]) == expected


def test_ten_thousand_findings_are_folded_and_quick(tmp_path: Path) -> None:
    """A bad month must still open: long tables fold, and the page is made in seconds."""
    connection = synthetic.month(10_500)
    begun = time.monotonic()
    write(synthetic.report(connection), tmp_path)
    assert time.monotonic() - begun < 30
    html = (tmp_path / "report.html").read_text()
    assert html.count('<details class="long">') == 1
    assert html.count('data-label="Review"') == 10_502


@pytest.mark.parametrize("period", ["2026-13", "2026", "2026-1", "2026-10-01", "../x", "9999-12", "２０２６-10"])
def test_a_period_is_a_month(period: str) -> None:
    """It names a folder too: nothing else may pass."""
    with pytest.raises(UsageError, match="YYYY-MM"):
        month_of(period)


@pytest.mark.parametrize(("period", "days"), [("2026-12", 31), ("2026-02", 28), ("2028-02", 29), ("2026-10", 31)])
def test_months_have_their_days(period: str, days: int) -> None:
    """December runs into the next year, February ends early."""
    first, following = month_of(period)
    assert (following - first).days == days
    assert following.day == 1
    named = month_parameters(first)
    assert (named["month"], named["next"], named["begin"]) == (first, following, datetime(first.year, first.month, 1, tzinfo=UTC))
    assert named["end"] == datetime(first.year, first.month, days, 23, 59, 59, 999999, tzinfo=UTC)


def test_a_missing_table_is_named_as_such(tmp_path: Path) -> None:
    """The error must not be DuckDB's, which could quote a value."""
    report = replace(synthetic.report(synthetic.empty()), connection=duckdb.connect())
    with pytest.raises(GlasshouseError, match="reported table is missing"):
        write(report, tmp_path)


def test_the_report_reads_the_tables_of_sql(tmp_path: Path) -> None:
    """The synthetic tables could drift from the real ones: here every select runs on the columns that sql/ declares."""
    engine = DuckDBEngine(tmp_path)
    write(replace(synthetic.report(synthetic.empty()), connection=engine.connection()), tmp_path / "all")
    write(replace(synthetic.report(synthetic.empty(), "dune"), connection=engine.connection()), tmp_path / "dune")
    engine.close()
    assert "No promise was judged in this month." in page(tmp_path / "all").text
    assert "No access to your records was recorded." in page(tmp_path / "dune").text
