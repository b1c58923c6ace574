"""What was done with a customer's records in a month, one line each: the rows of her page, and the leaves of her tree."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

import duckdb

from dagster_project.engines.answers import batches
from dagster_project.engines.catalog import questions
from dagster_project.evidence.accounts import Cell, Line, Salt, cell, filled, line_leaf
from dagster_project.publishing.exports import instant

ROWS = 20_000  # of a batch
KEPT = ("role", "record_class", "records", "bytes", "action", "purpose", "grant_id", "verdict", "outcome", "recipient", "source", "id")
COLUMNS = ("n", "kind", "at", "staff", *KEPT)  # of which a line has those that say something


def lines(rows: Iterator[Mapping[str, Any]], named: Callable[[str | None], str | None]) -> Iterator[tuple[str | None, Iterator[dict[str, Any]]]]:
    """Yield each account with its lines, numbered from 1; `rows` are those of sql/report/lines.sql, `named` gives the name under which staff are shown."""
    for account, group in groupby(rows, key=lambda row: row["account_id"]):
        yield account, (_line(number, row, named) for number, row in enumerate(group, 1))


def _line(number: int, row: Mapping[str, Any], named: Callable[[str | None], str | None]) -> dict[str, Any]:
    at = row["happened_at"]
    told = {"at": at.date().isoformat() if row["kind"] == "measured" else at and instant(at), "staff": named(row["staff_id"])}
    kept = {name: row[name] for name in KEPT}
    return {"n": number, "kind": row["kind"], **{name: value for name, value in {**told, **kept}.items() if value is not None}}


def cells(period: str, accounts: list[str | None], found: Iterator[tuple[str | None, Iterator[Line]]], salt: Salt) -> list[Cell]:
    """Return the tree over accounts of a period: a cell for each account, also for one without a line, and the empty ones."""
    made = {}
    for account, told in found:
        secret = account_salt(period, account, salt)
        made[account] = cell(period, account, secret, (line_leaf(secret, line) for line in told))
    for account in accounts:
        made.setdefault(account, cell(period, account, account_salt(period, account, salt), ()))
    return filled(period, list(made.values()), salt)


def account_salt(period: str, account: str | None, salt: Salt) -> str:
    """Return the salt of an account's lines in a period."""
    return salt(["account", period, account])


def month_after(first: date) -> date:
    """Return the first day of the month after the one whose first day is given."""
    return (first + timedelta(days=31)).replace(day=1)


def month_parameters(first: date) -> dict[str, object]:
    """Return how sql/report names a UTC month, given its first day: `month` and `next` are first days, `begin` and `end` its first and last instants."""
    following = month_after(first)
    begin, behind = (datetime.combine(day, time(), UTC) for day in (first, following))
    return {"month": first, "next": following, "begin": begin, "end": behind - timedelta(microseconds=1)}


def stream(connection: duckdb.DuckDBPyConnection, month: date, as_of: object, account: str | None) -> Iterator[dict[str, Any]]:
    """Yield the rows of sql/report/lines.sql, a batch at a time: a month can hold a million accesses."""
    given = {**month_parameters(month), "as_of": as_of, "account": account}
    for batch in batches(connection, questions("report")["lines"], given, ROWS):
        yield from batch.to_pylist()
