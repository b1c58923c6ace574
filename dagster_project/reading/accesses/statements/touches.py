"""The native columns of what a statement touched, without the tables that hold no customer's records."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dagster_project.reading.accesses.statements.statement import touched
from dagster_project.reading.accesses.statements.tables import Touched, declared, is_system, is_temporary, unqualified
from dagster_project.settings import Access

NO_CUSTOMER_TABLE = "no_customer_table"


@dataclass(frozen=True)
class Statement:
    """An SQL statement in PostgreSQL's dialect; `text` is None where it is not logged completely, `parameters` are as `touched` takes them.

    `is_followed`: what it calls is logged by itself; else functions and prepared statements may reach any record.
    """

    text: str | None
    parameters: tuple[str, ...] | None = None
    is_followed: bool = False


def columns(statement: Statement, access: Access) -> list[dict[str, Any]]:
    """Return the native columns of each thing that a statement touched; none where no customer's record can be among it."""
    if statement.text is None:
        return [columns_of(Touched(None), access)]
    found = [one for each in touched(statement.text, statement.parameters, access.tables, is_followed=statement.is_followed) for one in each]
    return [columns_of(one, access) for one in only_records(found, access)]


def columns_of(one: Touched, access: Access) -> dict[str, Any]:
    """Return the native columns of what a statement touched of one table and account."""
    table, records = declared(one.table, access.tables), one.record_ids or ()
    return {
        "account_id": one.account_id,
        "record_class": table.record_class if table else None,
        "record_ids": list(records) if len(records) > 1 else None,
        "record_id": records[0] if len(records) == 1 else None,
        "action": one.action,
        "content": one.has_content,
    }


def only_records(found: Iterable[Touched], access: Access) -> list[Touched]:
    """Leave out tables that hold no customer's records: PostgreSQL's own, and those that settings name."""
    return [one for one in dict.fromkeys(found) if declared(one.table, access.tables) is not None or not (is_system(one.table) or _is_other(one.table, access.other_tables))]


@lru_cache(maxsize=4096)
def _is_other(name: str | None, others: tuple[str, ...]) -> bool:
    return name is not None and not is_temporary(name) and (name in others or unqualified(name) in others)
