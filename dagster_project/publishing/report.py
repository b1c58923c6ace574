"""Writes the evidence of one month: page, print, workbook, CSV, JSON and events, with a manifest of hashes; the same tables give the same bytes."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from dagster_project.paths import replacing
from dagster_project.publishing.changes import changes
from dagster_project.publishing.exports import csv_text, json_text
from dagster_project.publishing.facts import ReportInput, Row, facts_of, month_of, staff_names
from dagster_project.publishing.lines import stream
from dagster_project.publishing.ocsf import events
from dagster_project.publishing.page import page
from dagster_project.publishing.parts import parts
from dagster_project.publishing.printed import printed
from dagster_project.publishing.spreadsheet import workbook

MANIFEST = "manifest.json"
FILES = ("report.html", "report.json", "report.pdf", "findings.csv", "findings.xlsx", "events.ocsf.jsonl", MANIFEST)


def write(report_input: ReportInput, folder: Path, against: Row | None = None) -> dict[str, str]:
    """Write the files of a report and their manifest into `folder`; return the SHA-256 of each.

    `against` is what another report says: then this one tells what changed. Raises UsageError for a period that is no month,
    GlasshouseError where a reported table is missing.
    """
    month, following = month_of(report_input.period)
    facts = facts_of(report_input)
    facts["changes"] = None if against is None else changes(against, facts)
    folder.mkdir(parents=True, exist_ok=True)
    hashes = {name: _put(folder, name, content) for name, content in _files(report_input, facts)}
    if "report.pdf" not in report_input.left_out and report_input.account is None:
        title = f"Evidence report, {month:%B %Y}"
        hashes["report.pdf"] = _put(folder, "report.pdf", [printed(title, parts(facts, hashes), report_input.as_of)])
    hashes["report.html"] = _put(folder, "report.html", [page(facts, hashes, month, following).encode()])
    manifest = {
        "format": "glasshouse-report/2",
        **{key: facts[key] for key in ("period", "as_of", "account", "integrity")},
        "inputs": facts["inputs"],
        "outputs": dict(sorted(hashes.items())),
    }
    hashes[MANIFEST] = _put(folder, MANIFEST, [json_text(manifest).encode()])
    for name in set(FILES) - set(hashes):  # of a report that was made where more could be made
        (folder / name).unlink(missing_ok=True)
    return dict(sorted(hashes.items()))


def _files(report: ReportInput, facts: Row) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the files that hold what the page shows, each in pieces; a customer's page goes without those for the vendor's own programs."""
    yield "findings.csv", [_findings_csv(facts["findings"]).encode()]
    yield "report.json", [json_text(facts).encode()]
    if report.account is None:
        sheets = {part.title: (part.columns, part.rows) for part in parts(facts, {})}
        yield "findings.xlsx", [workbook(sheets, report.as_of)]
        accesses = (row for row in stream(report.connection, month_of(report.period)[0], report.as_of, None) if row["kind"] == "access")
        yield "events.ocsf.jsonl", events(facts, accesses, staff_names(report), report.as_of)


def _put(folder: Path, name: str, content: Iterable[bytes]) -> str:
    """Write a file beside and move it into place; return its SHA-256."""
    digest = hashlib.sha256()
    with replacing(folder / name) as beside, beside.open("wb") as file:
        for piece in content:
            file.write(piece)
            digest.update(piece)
    return digest.hexdigest()


def _findings_csv(findings: list[Row]) -> str:
    columns = (
        "finding_id", "control", "promise_ids", "code", "severity", "occurred_at", "account_id", "staff_id", "summary", "record_class",
        "nearest_grant_id", "all_faults", "distance_s", "is_provisional", "is_late", "first_seen_at", "status",
    )  # fmt: skip
    return csv_text(columns, ([row[column] for column in columns] for row in findings))
