"""Rows as `parse` gives them, and people, for the tests of scrubbing."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pyarrow as pa

from dagster_project.scrubbing.people import People
from dagster_project.scrubbing.scrub import Origin, Scrubbed, Scrubber
from dagster_project.settings import Settings

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
TYPES = {
    "line_number": pa.int64(),
    "ts": pa.timestamp("us", "UTC"),
    "client_ip": pa.string(),
    "client_port": pa.int32(),
    "method": pa.string(),
    "target": pa.string(),
    "host": pa.string(),
    "status": pa.int16(),
    "bytes": pa.int64(),
    "referer": pa.string(),
    "user": pa.string(),
    "user_agent": pa.string(),
    "http_version": pa.string(),
    "duration_ns": pa.int64(),
    "account": pa.string(),
    "forwarded_for": pa.string(),
    "client_list": pa.string(),
    "client_header": pa.string(),
}
ORDINARY = {"ts": NOON, "client_ip": "198.51.100.7", "method": "GET", "target": "/", "status": 200, "bytes": 10, "http_version": "1.1"}
WEB = Origin("input-1", "web_logs", "web")


def rows(*lines: dict[str, object]) -> pa.Table:
    """Return raw rows: each an ordinary request but for what is given."""
    full = [dict.fromkeys(TYPES) | ORDINARY | {"line_number": number} | line for number, line in enumerate(lines, 1)]
    return pa.Table.from_pylist(full, schema=pa.schema(list(TYPES.items())))


def people(accounts: Sequence[str] = (), users: Sequence[tuple[str, str]] = (), staff: Sequence[tuple[str, str]] = (), hosts: Sequence[tuple[str, str]] = ()) -> People:
    """Return the people of ledgers with these accounts, users (name, account), staff (id, login) and account hosts (host, account)."""
    by_account = {account: [host for host, owner in hosts if owner == account] for account in accounts}
    return People.of(
        staff=pa.table({"staff_id": [each for each, _ in staff], "logins": pa.array([[login] for _, login in staff], pa.list_(pa.string()))}),
        users=pa.table({"user_id": pa.array([name for name, _ in users], pa.string()), "account_id": pa.array([account for _, account in users], pa.string())}),
        grantors=pa.table(
            {
                "person_id": pa.array([], pa.string()),
                "account_id": pa.array([], pa.string()),
                "valid_from": pa.array([], TYPES["ts"]),
                "valid_to": pa.array([], TYPES["ts"]),
            }
        ),
        accounts=pa.table({"account_id": pa.array(by_account, pa.string()), "hosts": pa.array(by_account.values(), pa.list_(pa.string()))}),
    )


def day_key(day: date) -> bytes:
    """Return a key that only its day has."""
    return day.isoformat().encode().ljust(32, b"\0")


def scrubber(settings: dict[str, object] | None = None, known: People | None = None) -> Scrubber:
    """Return a scrubber with some settings and people, every day open."""
    return Scrubber(Settings.model_validate(settings or {}), known or people(), day_key)


def scrubbed(*lines: dict[str, object], settings: dict[str, object] | None = None, known: People | None = None) -> Scrubbed:
    """Return what scrubbing leaves of some lines."""
    return scrubber(settings, known).requests(rows(*lines), WEB)
