"""Whether somebody is staff, a user or a grantor decides who may see what: by exact names, and only if one person fits."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from dagster_project.scrubbing.people import People

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
_INSTANT, _TEXTS = pa.timestamp("us", "UTC"), pa.list_(pa.string())


def people(**ledgers: list[dict[str, Any]]) -> People:
    """Build People from rows of the ledgers named."""
    schemas = {
        "staff": {"staff_id": pa.string(), "logins": _TEXTS},
        "users": {"user_id": pa.string(), "account_id": pa.string()},
        "grantors": {"person_id": pa.string(), "account_id": pa.string(), "valid_from": _INSTANT, "valid_to": _INSTANT},
        "accounts": {"account_id": pa.string(), "hosts": _TEXTS},
    }
    return People.of(**{name: pa.Table.from_pylist(ledgers.get(name, []), pa.schema(schema)) for name, schema in schemas.items()})


KNOWN = people(
    staff=[
        {"staff_id": "amy", "logins": ["amy@vendor", "support", "bob"]},
        {"staff_id": "bob", "logins": ["support", "BOB@vendor"]},
        {"staff_id": "amy", "logins": ["amy2"]},
        {"staff_id": "kim", "logins": None},
    ],
    users=[{"user_id": "cora", "account_id": "C2"}, {"user_id": "cora", "account_id": "C1"}, {"user_id": "amy", "account_id": "C1"}],
    grantors=[
        {"person_id": "cora", "account_id": "C1", "valid_from": MARCH, "valid_to": APRIL},
        {"person_id": "dan", "account_id": "C1", "valid_from": MARCH},
    ],
    accounts=[{"account_id": "C1", "hosts": ["c1.example.com", "shared.example.com"]}, {"account_id": "C2", "hosts": ["Shared.example.com."]}],
)


@pytest.mark.parametrize(("name", "staff_id"), [
    ("amy", "amy"), ("amy@vendor", "amy"), ("amy2", "amy"), ("BOB@vendor", "bob"), ("bob", "bob"), ("kim", "kim"),
    ("support", None), ("Amy", None), ("bob@vendor", None), ("cora", None), ("", None), (" amy", None),
])  # fmt: skip
def test_staff_by_id_else_by_the_only_login(name: str, staff_id: str | None) -> None:
    """A login that two members share names neither; an id goes before somebody else's login."""
    assert KNOWN.staff_id(name) == staff_id
    assert KNOWN.staff_ids(pl.Series([name, None])).to_list() == [staff_id, None]


@pytest.mark.parametrize(("name", "account", "at", "may"), [
    ("cora", "C1", MARCH, True), ("cora", "C1", MARCH - TICK, False), ("cora", "C1", APRIL - TICK, True), ("cora", "C1", APRIL, False),
    ("dan", "C1", APRIL, True), ("cora", "C2", MARCH, False), ("Cora", "C1", MARCH, False), ("nobody", "C1", MARCH, False),
])  # fmt: skip
def test_grantors_within_their_dates(name: str, account: str, at: datetime, may: bool) -> None:
    """The role counts from its first instant to just before its end."""
    assert KNOWN.is_grantor(name, account, at) is may


def test_columns_of_grantors() -> None:
    """Nulls are nobody, and rows keep their order."""
    asked = [("dan", "C1", MARCH), (None, "C1", MARCH), ("dan", "C1", None), ("x", "C1", MARCH), ("dan", "C1", APRIL)]
    names, accounts, at = zip(*asked, strict=True)
    found = KNOWN.are_grantors(pl.Series(names), pl.Series(accounts), pl.Series(at, dtype=pl.Datetime("us", "UTC")))
    assert found.to_list() == [True, False, False, False, True]


def test_users_and_hosts() -> None:
    """A host of two customers names neither; a user may belong to several."""
    assert (KNOWN.user_accounts("cora"), KNOWN.user_accounts("dan")) == (("C1", "C2"), ())
    assert KNOWN.users_accounts(pl.Series(["cora", "dan", None])).to_list() == [["C1", "C2"], None, None]
    assert [KNOWN.account_of_host(host) for host in ("C1.example.com", "c1.example.com.", "shared.example.com", "x")] == ["C1", "C1", None, None]
    assert KNOWN.accounts == {"C1", "C2"}


def test_nobody_is_known_without_ledgers() -> None:
    """Missing ledgers resolve nobody, and do not fail."""
    nobody = people()
    assert (nobody.staff_id("amy"), nobody.user_accounts("amy"), nobody.account_of_host("x")) == (None, (), None)
    assert nobody.staff_ids(pl.Series(["amy"])).to_list() == [None]
    assert nobody.users_accounts(pl.Series(["amy"])).to_list() == [None]
    assert nobody.is_grantor("amy", "C1", MARCH) is False
