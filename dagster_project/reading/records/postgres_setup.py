"""The SQL that lets the meter count a table of PostgreSQL and reach no content: a generated size, a role, and grants by column."""

from dagster_project.errors import UsageError
from dagster_project.reading.records.postgres_rights import granted, quoted, table
from dagster_project.settings import Store


def setup_sql(name: str, store: Store, role: str) -> str:
    """Return the SQL for one store, to be run by the table's owner. Raises UsageError where settings don't say enough."""
    if store.kind != "postgres":
        raise UsageError(f"[stores.{name}] is of kind {store.kind}; name a store of kind postgres")
    if not store.content_columns:
        raise UsageError(f"[stores.{name}] names no content_columns; write those that make a record's size, `body` or `answers::text`")
    size = "\n        + ".join(f"coalesce(octet_length({_value(column)}), 0)::bigint" for column in store.content_columns)
    return f"""\
-- Lets the meter count {store.table} by account and reach no content. To be run by the owner of the table, with the right to create roles.
-- Adding the column writes the table anew and locks it meanwhile.
begin;
do $$ begin
    if not exists (select from pg_roles where rolname = {_literal(role)}) then
        create role {quoted(role)} login nosuperuser nocreatedb nocreaterole noreplication noinherit;
    end if;
end $$;
alter table {table(store)} add column if not exists {quoted(store.size_column)} bigint not null
    generated always as (
        {size}
    ) stored;
revoke all on {table(store)} from {quoted(role)};
{granted(store, role).replace("; ", ";" + chr(10))};
commit;
"""


def _value(column: str) -> str:
    name, _, kind = column.partition("::")
    return f"{quoted(name)}::{kind}" if kind else quoted(name)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
