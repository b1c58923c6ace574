"""The evidence of one month as a page, in print, as a workbook, CSV, JSON and events, with a manifest of hashes; the same tables give the same bytes.

No clock, no environment and no analysis: what stands in the report stands in the reported tables.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dagster_project.errors import GlasshouseError, UsageError
from dagster_project.publishing import charts, selects, words
from dagster_project.publishing.changes import changes
from dagster_project.publishing.exports import csv_text, instant, json_text, sha256, visible
from dagster_project.publishing.lines import COLUMNS, lines, stream
from dagster_project.publishing.numbering import numbered, staff_numbers
from dagster_project.publishing.ocsf import events
from dagster_project.publishing.parts import parts
from dagster_project.publishing.printed import left_out, printed
from dagster_project.publishing.proofs import Proof
from dagster_project.publishing.spreadsheet import workbook

_TEMPLATES = Path(__file__).parent / "templates"
MANIFEST = "manifest.json"
FILES = ("report.html", "report.json", "report.pdf", "findings.csv", "findings.xlsx", "events.ocsf.jsonl", MANIFEST)
Row = dict[str, Any]


@dataclass(frozen=True)
class ReportInput:
    """All that a report depends on. `period` is a UTC month, YYYY-MM; with an `account` it is that customer's own page.

    `proof` is the last one kept in this HOME, None where nothing was proven there; where staff are not named, numbers stand for them. `left_out` is what cannot
    be made here, with what to install.
    """

    connection: duckdb.DuckDBPyConnection
    period: str
    as_of: datetime
    settings_sha256: str
    code_version: str
    proof: Proof | None = None
    account: str | None = None
    is_staff_named: bool = True
    left_out: Mapping[str, str] = field(default_factory=left_out)


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
    hashes["report.html"] = _put(folder, "report.html", [_page(facts, hashes, month, following).encode()])
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
        accesses = (row for row in stream(report.connection, *month_of(report.period), report.as_of, None) if row["kind"] == "access")
        yield "events.ocsf.jsonl", events(facts, accesses, staff_names(report), report.as_of)


def _put(folder: Path, name: str, content: Iterable[bytes]) -> str:
    """Write a file beside and move it into place; return its SHA-256."""
    beside, digest = folder / f".{name}.tmp", hashlib.sha256()
    with beside.open("wb") as file:
        for piece in content:
            file.write(piece)
            digest.update(piece)
    beside.replace(folder / name)
    return digest.hexdigest()


def month_of(period: str) -> tuple[date, date]:
    """Return the first day of a month YYYY-MM and of the one after."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", period) or period >= "9999-12" or period < "0001":
        raise UsageError("report: the period is a month, YYYY-MM")
    first = date.fromisoformat(f"{period}-01")
    return first, (first + timedelta(days=31)).replace(day=1)


def facts_of(report: ReportInput) -> Row:
    """Collect the rows of every section, in the order in which report.json gives them."""
    select = _reader(report, *month_of(report.period))
    is_ours = report.account is not None
    inputs = select(selects.INPUTS)
    integrity = {
        "inputs_sha256": sha256("".join(f"{row['input_id']}\n" for row in inputs)),
        "settings_sha256": report.settings_sha256,
        "code_version": report.code_version,
    }
    facts = {
        "period": report.period,
        "as_of": instant(report.as_of),
        "account": report.account,
        "integrity": integrity,
        "promises": select(selects.PROMISES_OF_ACCOUNT if is_ours else selects.PROMISES),
        "population": [] if is_ours else select(selects.POPULATION),
        "missing": [] if is_ours else select(selects.MISSING),
        "balance": [] if is_ours else select(selects.BALANCE),
        "decisions": select(selects.DECISIONS_OF_ACCOUNT if is_ours else selects.DECISIONS),
        "explained": select(selects.EXPLAINED),
        "listed": select(selects.ACCESSES_OF_ACCOUNT) if is_ours else [],
        "findings": select(selects.FINDINGS),
        "reviews": [] if is_ours else select(selects.REVIEWS),
        "emergencies": select(selects.EMERGENCIES),
        "grants": select(selects.GRANTS),
        "undetermined": select(selects.UNDETERMINED),
        "usage": select(selects.USAGE),
        "usage_by_day": select(selects.USAGE_BY_DAY),
        "capacity": select(selects.CAPACITY),
        "records_by_day": select(selects.RECORDS_BY_DAY),
        "keys": select(selects.KEYS)[0],
        "releases": select(selects.RELEASES),
        "purges": [] if is_ours else select(selects.PURGES),
        "proof": None if report.proof is None else asdict(report.proof),
        "lines": _lines(report),
        "inputs": [] if is_ours else inputs,
        "left_out": {} if is_ours else dict(report.left_out),
    }
    return facts if report.is_staff_named else numbered(facts, staff_numbers(report.connection))


def _reader(report: ReportInput, month: date, following: date) -> Callable[[str], list[Row]]:
    """Return a function that runs one select with the parameters it names."""
    known = {"month": month, "next": following, "account": report.account, "as_of": report.as_of}

    def select(sql: str) -> list[Row]:
        named = set(re.findall(r"\$(\w+)", sql))
        try:
            rows: list[Row] = report.connection.execute(sql, {name: known[name] for name in named}).to_arrow_table().to_pylist()
        except duckdb.Error as error:
            raise GlasshouseError(f"report: a reported table is missing or has other columns ({type(error).__name__}); run again") from None
        return rows

    return select


def staff_names(report: ReportInput) -> Callable[[str | None], str | None]:
    """Return what gives the name under which a report shows a member of staff."""
    numbers = {} if report.is_staff_named else staff_numbers(report.connection)
    return lambda staff: None if staff is None else numbers.get(staff, staff)


def _lines(report: ReportInput) -> list[Row]:
    """Return the lines of a customer's own page; in a report of all they are hashed only."""
    found = lines(stream(report.connection, *month_of(report.period), report.as_of, report.account), staff_names(report)) if report.account else ()
    return [line for _, told in found for line in told]


def _findings_csv(findings: list[Row]) -> str:
    columns = (
        "finding_id", "control", "promise_ids", "code", "severity", "occurred_at", "account_id", "staff_id", "summary", "record_class",
        "nearest_grant_id", "all_faults", "distance_s", "is_provisional", "is_late", "first_seen_at", "status",
    )  # fmt: skip
    return csv_text(columns, ([row[column] for column in columns] for row in findings))


def _page(facts: Row, hashes: Mapping[str, str], month: date, following: date) -> str:
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, finalize=_finalized, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"count": _count, "size": _size, "moment": _moment, "titled": words.titled, "delay": _delay, "share": _share, "trend": _trend, "named": _named}
    environment.globals |= {"charts": charts, "words": words}
    style, script = ((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "tables.js"))
    days = [month + timedelta(days=number) for number in range((following - month).days)]
    return environment.get_template("report.html.j2").render(
        {**facts, "lines": [{**dict.fromkeys(COLUMNS), **line} for line in facts["lines"]]},
        hashes=hashes,
        month_name=month.strftime("%B %Y"),
        days=days,
        style=Markup(style),  # noqa: S704 (a file of ours)
        style_sha256=_base64_sha256(style),
        script=Markup(script),  # noqa: S704 (a file of ours)
        script_sha256=_base64_sha256(script),
        statuses=_tally(facts["promises"], "status", words.STATUSES),
        outcomes=_tally(facts["decisions"], "outcome", words.OUTCOMES, "accesses"),
        controls=_by_control(facts["findings"]),
        by_account=_by_account(facts["usage_by_day"], days),
        held=_held(facts["records_by_day"], days),
    )


def _base64_sha256(text: str) -> str:
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _tally(rows: list[Row], key: str, names: Mapping[str, object], weight: str | None = None) -> dict[str, int]:
    """Count rows (or add up a count they carry) by a column, in the order of `names`."""
    return {name: sum(row[weight] if weight else 1 for row in rows if row.get(key) == name) for name in names}


def _by_control(findings: list[Row]) -> dict[str, dict[str, int]]:
    """Count the findings of each control by severity; the control with the gravest finding comes first, as the rows are sorted so."""
    counted: dict[str, dict[str, int]] = {}
    for row in findings:
        counted.setdefault(row["control"], dict.fromkeys(words.SEVERITIES, 0))[row["severity"]] += 1
    return counted


def _by_account(usage: list[Row], days: list[date]) -> dict[str | None, list[int]]:
    """Lay each account's requests out by day, 0 where there were none."""
    laid: dict[str | None, list[int]] = {}
    for row in usage:
        laid.setdefault(row["account_id"], [0] * len(days))[(row["day"] - days[0]).days] = row["requests"]
    return laid


def _held(measured: list[Row], days: list[date]) -> dict[tuple[str | None, str], list[int | None]]:
    """Lay out the records of each account and class by day, None where they were not measured."""
    laid: dict[tuple[str | None, str], list[int | None]] = {}
    for row in measured:
        laid.setdefault((row["account_id"], row["record_class"]), [None] * len(days))[(row["day"] - days[0]).days] = row["records"]
    return laid


def _finalized(value: object) -> object:
    """Every value on its way into the page: text loses what reorders or hides it, nothing is printed as None."""
    if value is None:
        return ""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return visible(value)


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _named(reason: str, controls: list[str]) -> str:
    """Write a reason with its controls as words."""
    for control in sorted(controls, key=len, reverse=True):
        reason = reason.replace(control, f"“{words.titled(control)}”")
    return reason


def _share(part: int, whole: int) -> str:
    """Write a share in per cent; only all is 100 % and only none is 0 %."""
    if not whole:
        return "–"
    shown = f"{100 * part / whole:.1f}"
    return f"{'> 99.9' if shown == '100.0' and part < whole else '< 0.1' if shown == '0.0' and part else shown.removesuffix('.0')} %"


def _size(bytes_count: int | None) -> str:
    """Write a size with its unit, and the exact one for machines."""
    if bytes_count is None:
        return "–"
    size, unit = float(bytes_count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 999.5:
            break
        size, unit = size / 1000, larger
    shown = f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
    return Markup('<data value="{}">{}</data>').format(bytes_count, shown)


def _moment(value: datetime | None) -> Markup:
    """Write an instant for people, to the second, with the exact one for machines."""
    if value is None:
        return Markup('<span class="quiet">no date</span>')
    exact = instant(value)
    return Markup('<time datetime="{}">{} <span class="clock">{}</span></time>').format(exact, exact[:10], exact[11:19])


def _trend(records: float | None) -> str:
    """Write records a day to three digits, with a true minus."""
    if records is None:
        return "–"
    return (f"{records:,.0f}" if abs(records) >= 100 else f"{records:.3g}").replace("-", "−")


def _delay(seconds: float | None) -> str:
    """Write how far an access lay from its nearest grant."""
    if not seconds:
        return ""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:,.3g} s"
