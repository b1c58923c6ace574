"""The content of a report: the rows of its sections, from the reported tables. Keep out: the clock, the environment, any analysis."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

import duckdb

from dagster_project.engines.answers import answer
from dagster_project.engines.catalog import questions
from dagster_project.engines.failures import explained
from dagster_project.errors import UsageError
from dagster_project.publishing.exports import instant, sha256
from dagster_project.publishing.lines import lines, month_after, month_parameters, stream
from dagster_project.publishing.numbering import numbered, staff_numbers
from dagster_project.publishing.printed import left_out
from dagster_project.publishing.proofs import Proof

Row = dict[str, Any]


@dataclass(frozen=True)
class ReportInput:
    """All that a report depends on. `period` is a UTC month, YYYY-MM; with an `account` it is that customer's own page.

    `proof` is the last one kept in this HOME, None where nothing was proven. Unless `is_staff_named`, numbers stand for staff. `left_out` names the files that
    cannot be made on this machine, each with what to install.
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


def month_of(period: str) -> tuple[date, date]:
    """Return the first day of a month YYYY-MM and of the one after."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", period) or period >= "9999-12" or period < "0001":
        raise UsageError("report: the period is a month, YYYY-MM")
    first = date.fromisoformat(f"{period}-01")
    return first, month_after(first)


def facts_of(report: ReportInput) -> Row:
    """Collect the rows of every section, in the order in which report.json gives them."""
    select = _reader(report, month_of(report.period)[0])
    is_ours = report.account is not None
    inputs = select("inputs")
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
        "promises": select("promises_of_account" if is_ours else "promises"),
        "population": [] if is_ours else select("population"),
        "missing": [] if is_ours else select("missing"),
        "balance": [] if is_ours else select("balance"),
        "decisions": select("decisions_of_account" if is_ours else "decisions"),
        "explained": select("explained"),
        "listed": select("accesses_of_account") if is_ours else [],
        "findings": select("findings"),
        "reviews": [] if is_ours else select("reviews"),
        "emergencies": select("emergencies"),
        "grants": select("grants"),
        "undetermined": select("undetermined"),
        "usage": select("usage"),
        "usage_by_day": select("usage_by_day"),
        "capacity": select("capacity"),
        "records_by_day": select("records_by_day"),
        "keys": select("keys")[0],
        "releases": select("releases"),
        "purges": [] if is_ours else select("purges"),
        "proof": None if report.proof is None else asdict(report.proof),
        "lines": _lines(report),
        "inputs": [] if is_ours else inputs,
        "left_out": {} if is_ours else dict(report.left_out),
    }
    return facts if report.is_staff_named else numbered(facts, staff_numbers(report.connection))


def _reader(report: ReportInput, month: date) -> Callable[[str], list[Row]]:
    """Return a function that runs one select of sql/report."""
    given = {**month_parameters(month), "account": report.account, "as_of": report.as_of}

    def select(name: str) -> list[Row]:
        with explained("report", "a reported table is missing or has other columns; run again"):
            rows: list[Row] = answer(report.connection, questions("report")[name], given).to_pylist()
        return rows

    return select


def staff_names(report: ReportInput) -> Callable[[str | None], str | None]:
    """Return a function that maps a member of staff to the name under which a report shows them."""
    numbers = {} if report.is_staff_named else staff_numbers(report.connection)
    return lambda staff: None if staff is None else numbers.get(staff, staff)


def _lines(report: ReportInput) -> list[Row]:
    """Return the lines of a customer's own page; none in the report of the whole month, which only hashes them."""
    found = lines(stream(report.connection, month_of(report.period)[0], report.as_of, report.account), staff_names(report)) if report.account else ()
    return [line for _, told in found for line in told]
