"""A customer's lines: what was done with her records, what went out, what she refused; and in which role whoever did it."""

from typing import Any

import pytest

from dagster_project.publishing.facts import facts_of
from tests.publishing import synthetic

AT = "2026-10-10T03:00:00Z"


@pytest.fixture(name="hers", scope="module")
def _hers() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = facts_of(synthetic.report(synthetic.month(), "dune"))["lines"]
    return found


@pytest.mark.parametrize(
    "lines",
    [
        [{"kind": "tag", "at": AT, "record_class": "card, email", "recipient": "Example Tags", "source": "web", "id": "t-1"}],
        [{"kind": "mailing", "at": AT, "purpose": "marketing", "id": "m-1"}],
        [{"kind": "consent", "at": AT, "record_class": "employee, job", "purpose": "payroll", "recipient": "Ledgerly", "id": "c-1"}],
        [{"kind": "opt_out", "at": AT, "purpose": "marketing", "source": "web"}, {"kind": "opt_out", "at": AT, "purpose": "staff access"}],
        [{"kind": "objection", "at": AT, "id": "p-2"}],
        [{"kind": "disclosure", "at": AT, "record_class": "employee", "action": "processor", "purpose": "payroll", "recipient": "Ledgerly", "id": "d-1"}],
    ],
)
def test_what_concerns_her_is_a_line(hers: list[dict[str, Any]], lines: list[dict[str, Any]]) -> None:
    """Each kind, with what its ledger holds; what is of another customer, or of the next month, is none."""
    assert [{name: value for name, value in each.items() if name != "n"} for each in hers if each["kind"] == lines[0]["kind"]] == lines


def test_whoever_did_it_is_shown_with_her_role_at_that_instant(hers: list[dict[str, Any]]) -> None:
    """Teams as they were then, as far as known last; a service account is called one; who is in no ledger has no role."""
    by_staff: dict[str, set[tuple[bool, str | None]]] = {}
    for line in hers:
        if "staff" in line:
            by_staff.setdefault(line["staff"], set()).add((line["at"] < "2026-10-16", line.get("role")))
    assert by_staff.pop("s-01") >= {(True, "billing, support")}
    assert by_staff.pop("s-08") == {(True, "service account"), (False, "sales, service account")}
    assert {role for seen in by_staff.values() for _, role in seen} == {None}


def test_the_numbers_of_lines_do_not_hang_on_the_order_of_tables(hers: list[dict[str, Any]]) -> None:
    """A line keeps its number when the page is written again."""
    connection = synthetic.month()
    for name in ("flagged.access_decisions", "flagged.known_memberships", "scrubbed.tags", "scrubbed.mailings", "scrubbed.opt_outs"):
        connection.execute(f"create or replace table {name} as select * from {name} order by rowid desc")
    assert facts_of(synthetic.report(connection, "dune"))["lines"] == hers
