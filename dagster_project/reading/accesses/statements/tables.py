"""The tables that a statement touches, and what settings declare for them."""

from collections.abc import Mapping
from dataclasses import dataclass

from dagster_project.settings import Table

SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema"})
Named = Mapping[str, Table]
_WITH_VALUES = frozenset({"pg_stats", "pg_stats_ext", "pg_stats_ext_exprs", "pg_statistic", "pg_statistic_ext_data", "pg_largeobject"})


@dataclass(frozen=True)
class Touched:
    """What a statement can touch of one table and account.

    `table`: as written, folded as PostgreSQL does; None where the statement cannot be parsed. `account_id`: None where it is unknown, or all.
    `record_ids`: None for all, or unknown. `has_content`: False where only counts and sizes come back. `action`: read, write, delete or export.
    """

    table: str | None
    account_id: str | None = None
    record_ids: tuple[str, ...] | None = None
    has_content: bool = True
    action: str = "read"


def declared(name: str | None, tables: Named) -> Table | None:
    """Return what settings declare for a table, by its full name, else without its schema; None for a temporary table, whatever its name."""
    if name is None or is_temporary(name):
        return None
    schema, _, last = name.rpartition(".")
    if name in tables or last in tables:
        return tables.get(name) or tables[last]
    qualified = [] if schema else [table for written, table in tables.items() if unqualified(written) == last]
    return qualified[0] if len(qualified) == 1 else None


def unqualified(name: str) -> str:
    """Return the name of a table or function without its schema."""
    return name.rpartition(".")[2]


def is_temporary(name: str) -> bool:
    """Tell whether a table or view is temporary: a session made it for itself."""
    return name.startswith(("pg_temp.", "pg_temp_"))


def is_system(name: str | None) -> bool:
    """Tell whether a table is PostgreSQL's own and holds no values of other tables."""
    schema, _, last = (name or "").rpartition(".")
    return last not in _WITH_VALUES and (schema in SYSTEM_SCHEMAS or (not schema and last.startswith("pg_")))
