"""The formats that go with a report: complete, alike, and deaf to whatever text comes from outside."""

import json
import re
import zipfile
from collections import Counter
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from pypdf import PdfReader

from dagster_project.publishing import ocsf
from dagster_project.publishing.facts import facts_of, staff_names
from dagster_project.publishing.numbering import numbered
from dagster_project.publishing.report import write
from tests.publishing import synthetic

SCHEMA = json.loads((Path(__file__).parent / "ocsf-1.5-small.json").read_text())
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
PARTS = [
    "Statement", "Promises", "Population and completeness", "Findings", "Exemptions", "Emergencies", "Grants", "Undetermined",
    "Changes since the last report", "Method", "Integrity",
]  # fmt: skip
HOSTILE = [synthetic.HOSTILE, synthetic.FORMULA, '#set page(fill: red)\n#read("/etc/passwd") $x$ *b*', "</style></svg>", "\ufeff=cmd|' /C calc'!A0", "-2+3"]


@pytest.fixture(name="month", scope="module")
def _month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("month")
    write(synthetic.report(synthetic.month()), folder)
    return folder


def events(folder: Path) -> list[dict[str, Any]]:
    """Return the events of a report."""
    return [json.loads(line) for line in (folder / "events.ocsf.jsonl").read_text("ascii").splitlines()]


def sheets(folder: Path) -> dict[str, ET.Element]:
    """Return the sheets of a workbook, by name."""
    with zipfile.ZipFile(BytesIO((folder / "findings.xlsx").read_bytes())) as packed:
        names = [sheet.attrib["name"] for sheet in ET.fromstring(packed.read("xl/workbook.xml")).iter() if sheet.tag.endswith("}sheet")]
        return {name: ET.fromstring(packed.read(f"xl/worksheets/sheet{number}.xml")) for number, name in enumerate(names, 1)}


def strings(folder: Path) -> list[str]:
    """Return all text of a workbook."""
    with zipfile.ZipFile(BytesIO((folder / "findings.xlsx").read_bytes())) as packed:
        return [each.text or "" for each in ET.fromstring(packed.read("xl/sharedStrings.xml")).iter() if each.tag.endswith("}t")]


def printed(folder: Path) -> str:
    """Return all text of the printed report."""
    return "".join(page.extract_text() for page in PdfReader(folder / "report.pdf").pages)


def test_the_eleven_parts_stand_in_print_and_in_the_workbook(month: Path) -> None:
    """An auditor finds the same parts in the same order, whatever she opens."""
    assert list(sheets(month)) == PARTS
    text = printed(month)
    places = [text.find(f"{number} {name}") for number, name in enumerate(PARTS, 1)]
    assert -1 not in places
    assert places == sorted(places)


def test_events_are_those_of_the_schema(month: Path) -> None:
    """A collector that validates must take every line: a finding, a promise and period, and an access each."""
    found = events(month)
    facts = json.loads((month / "report.json").read_text())
    assert Counter(event["class_uid"] for event in found) == {2004: len(facts["findings"]), 2003: len(facts["promises"]), 6005: 63}
    for event in found:
        jsonschema.validate(event, SCHEMA[str(event["class_uid"])])
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
    assert not re.search(r'"(ip|hostname|mac|email_addr)"', (month / "events.ocsf.jsonl").read_text())


def test_a_promise_of_another_month_is_another_finding() -> None:
    """A collector keeps one of those with the same id, and what was broken in March need not have been so in February."""
    facts = facts_of(synthetic.report(synthetic.month(9)))
    told = [[json.loads(line) for line in ocsf.events({**facts, "period": period}, (), str, synthetic.AS_OF)] for period in ("2026-02", "2026-03")]
    february, march = ({event["finding_info"]["uid"] for event in each if event["class_uid"] == 2003} for each in told)
    assert february
    assert not february & march


@pytest.mark.parametrize(("change", "fault"), [({"class_uid": 6004}, "class"), ({"time": "today"}, "type"), ({"metadata": None}, "missing"), ({"severity_id": 7}, "enum")])
def test_the_schema_refuses_what_is_none(month: Path, change: dict[str, Any], fault: str) -> None:
    """A schema that takes everything tests nothing."""
    event = next(event for event in events(month) if event["class_uid"] == 6005)
    wrong = {name: value for name, value in {**event, **change}.items() if value is not None}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA["6005"])
    assert fault


def test_what_is_no_reading_or_writing_is_an_activity_of_an_api(tmp_path: Path) -> None:
    """To act as the customer is not to read a table."""
    connection = synthetic.month(9)
    connection.execute("update flagged.access_decisions set action = 'impersonate' where event_id = 'ev-00003'")
    write(synthetic.report(connection), tmp_path)
    found = [event for event in events(tmp_path) if event["class_uid"] == 6003]
    assert [event["api"] for event in found] == [{"operation": "impersonate"}]
    jsonschema.validate(found[0], SCHEMA["6003"])


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_stays_text(tmp_path: Path, hostile: str) -> None:
    """Formulas, links, commands of terminals, markup of Typst: all of it is shown, none of it obeyed."""
    write(synthetic.report(synthetic.month(9, hostile)), tmp_path)
    for sheet in sheets(tmp_path).values():
        assert not [each.tag for each in sheet.iter() if re.search(r"\}(f|hyperlink|drawing|oleObject)$", each.tag)]
    for text in strings(tmp_path):
        assert not text.startswith(("=", "+", "@", "\t")), text
        assert not UNSEEN.search(text)
    assert not UNSEEN.search((tmp_path / "events.ocsf.jsonl").read_text("ascii"))
    assert hostile in {event.get("message") for event in events(tmp_path)}
    raw = (tmp_path / "report.pdf").read_bytes()
    assert not re.search(rb"/(JavaScript|JS|Launch|URI|SubmitForm|EmbeddedFile)\b", raw)
    assert "root:" not in printed(tmp_path)


def test_numbers_in_place_of_names(tmp_path: Path) -> None:
    """Where staff are not to be named, no file names one, in no sentence either; numbers follow the first access, so the names do not tell them."""
    report = replace(synthetic.report(synthetic.month()), is_staff_named=False)
    write(report, tmp_path / "all")
    write(replace(report, account="dune"), tmp_path / "dune")
    names = {f"s-{number:02d}" for number in range(9)}
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        text = " ".join(strings(path.parent)) if path.suffix == ".xlsx" else printed(path.parent) if path.suffix == ".pdf" else path.read_text()
        assert {name for name in names if re.search(rf"\b{name}\b", text)} == set(), path.name
        assert "staff-" in text or path.name == "manifest.json", path.name
    given = staff_names(report)
    first = report.connection.execute("select staff_id from flagged.access_decisions order by occurred_at nulls last limit 1").fetchall()[0][0]
    assert given(first) == "staff-1"
    assert facts_of(report)["decisions"] == facts_of(replace(report, is_staff_named=True))["decisions"]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("amy read a record", "staff-1 read a record"),
        ("by amy.", "by staff-1."),
        ("amy's grant, of bob@example.com", "staff-1's grant, of staff-2"),
        ("amyl is no name, nor is am", "amyl is no name, nor is am"),
        ("Ada Lovelace, amy", "staff-3, staff-1"),
    ],
)
def test_names_within_sentences_are_whole_words(sentence: str, expected: str) -> None:
    """A part of another word is no name."""
    numbers = {"amy": "staff-1", "bob@example.com": "staff-2", "Ada Lovelace": "staff-3"}
    assert numbered([{"summary": sentence, "account_id": "amy"}], numbers) == [{"summary": expected, "account_id": "amy"}]


def test_a_long_table_is_cut_in_print_and_says_so(tmp_path: Path) -> None:
    """Nobody reads 700 pages; the files hold all."""
    write(synthetic.report(synthetic.month(700)), tmp_path)
    assert "The first 500 of 702; all of them stand in findings.xlsx and report.json." in printed(tmp_path).replace("\n", " ")
    assert len(list(sheets(tmp_path)["Findings"].iter("{http://schemas.openxmlformats.org/spreadsheetml/2006/main}row"))) == 703


@pytest.mark.parametrize(("signs", "is_cut"), [(500, False), (501, True)])
def test_a_long_text_is_cut_in_print_and_says_so(signs: int, is_cut: bool, tmp_path: Path) -> None:
    """An id of 70,000 signs, in each finding it is part of, takes minutes to set and fills pages that nobody reads; the files hold all."""
    text = "".join(f"{number:05}" for number in range(101))[:signs]
    connection = synthetic.month(1)
    connection.execute("update reported.findings set summary = ?", [text])
    write(synthetic.report(connection), tmp_path)
    told = "".join(printed(tmp_path).split())
    assert (f"{text[:500]}…" in told, text in told) == (is_cut, not is_cut)
    assert ("Textsarecutafter500signs;wholetheystandinreport.json." in told) == is_cut
    assert text in (tmp_path / "report.json").read_text()


def test_a_print_that_is_not_made_is_said(tmp_path: Path) -> None:
    """Whoever expects it must learn from the report that it is missing, and how to get it; one of an earlier time does not stay behind."""
    report = synthetic.report(synthetic.month())
    write(report, tmp_path)
    outputs = write(replace(report, left_out={"report.pdf": "not made; install the extra"}), tmp_path)
    assert "report.pdf" not in outputs
    assert not (tmp_path / "report.pdf").exists()
    assert "<dt>report.pdf</dt><dd>not made; install the extra</dd>" in (tmp_path / "report.html").read_text()
    assert json.loads((tmp_path / "report.json").read_text())["left_out"] == {"report.pdf": "not made; install the extra"}
    assert "not made; install the extra" in strings(tmp_path)
    write(replace(report, account="dune", left_out={"report.pdf": "x"}), tmp_path / "hers")
    assert json.loads((tmp_path / "hers" / "report.json").read_text())["left_out"] == {}
