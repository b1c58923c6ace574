"""Renders a report as a self-contained page, and formats the figures in it."""

import functools
import hashlib
from base64 import b64encode
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dagster_project.publishing import charts, words
from dagster_project.publishing.exports import instant, visible
from dagster_project.publishing.facts import Row
from dagster_project.publishing.lines import COLUMNS

_TEMPLATES = Path(__file__).parent / "templates"


def page(facts: Row, hashes: Mapping[str, str], month: date, following: date) -> str:
    """Return the page of a report on the days from `month` up to `following`; `hashes` are those of the files beside it."""
    style, script = ((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "tables.js"))
    days = [month + timedelta(days=number) for number in range((following - month).days)]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
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
    )


@functools.cache
def _environment() -> Environment:
    """Return where templates are found, compiled once, and what they may ask for."""
    made = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, finalize=_finalized, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {"count": _count, "size": _size, "moment": _moment, "titled": words.titled, "delay": _delay, "share": _share, "trend": _trend, "named": _named}
    made.globals |= {"charts": charts, "words": words}
    return made


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
