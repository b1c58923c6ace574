"""What a database lets the meter reach of a table, asked of its catalogs, and whether that is too much to count by (CR-4)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dagster_project.errors import StoreError
from dagster_project.settings import Store

# A role reaches what it may become, and what it may read of a table it may read through the table's parts, wholes and views.
_REACHED = """
with recursive
role as (
    select oid, rolname, rolsuper, rolcreaterole, rolreplication from pg_roles where pg_has_role(session_user, oid, 'MEMBER')
),
edge as (
    select inhparent as above, inhrelid as below from pg_inherits
    union select inhrelid, inhparent from pg_inherits
    union select d.refobjid, w.ev_class from pg_depend as d join pg_rewrite as w on w.oid = d.objid
    where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass
),
reached(oid) as (
    select c.oid from pg_class as c join pg_namespace as n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2
    union
    select edge.below from reached join edge on edge.above = reached.oid
),
relation as (
    select
        c.oid, c.relowner, c.relacl, c.reltoastrelid, format('%I.%I', n.nspname, c.relname) as name,
        c.relkind in ('r', 'p') as is_table, n.nspname = $1 and c.relname = $2 as is_named
    from reached join pg_class as c on c.oid = reached.oid join pg_namespace as n on n.oid = c.relnamespace
)
"""
_ROLES = f"""{_REACHED}
select role.rolname::text as role, role.rolname = session_user as is_own, session_user::text as own, role.rolsuper as is_super,
    role.rolcreaterole or role.rolreplication
        or role.rolname in ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program', 'pg_write_all_data') as is_mighty,
    (select min(name) from relation where relowner = role.oid) as owned,
    (select min(name) from relation where has_table_privilege(role.oid, relation.oid, 'DELETE, TRUNCATE, TRIGGER')) as changed
from role
order by role.rolname <> session_user, role.rolname
"""
_COLUMNS = f"""{_REACHED}
select relation.name, relation.is_table, relation.is_named, a.attname::text as "column", a.attgenerated::text as generated, format_type(a.atttypid, null) as type,
    pg_get_expr(d.adbin, d.adrelid) as expression,
    has_column_privilege(session_user, relation.oid, a.attnum, 'SELECT') as is_read,
    (select rolname::text from role where has_column_privilege(role.oid, relation.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES')
        order by rolname = session_user, rolname limit 1) as role,
    (select min(case when x.grantee = 0 then 'public' else x.grantee::regrole::text end)
        from (select * from aclexplode(relation.relacl) union all select * from aclexplode(a.attacl)) as x
        where x.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') and (x.grantee = 0 or x.grantee in (select oid from role))) as grantee
from relation
join pg_attribute as a on a.attrelid = relation.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
order by relation.name, a.attnum
"""
_SIZES = f"""{_REACHED}
select coalesce(sum(pg_table_size(oid)) filter (where is_table), 0)::bigint as stored_bytes,
    coalesce(sum(pg_stat_get_xact_blocks_fetched(reltoastrelid)) filter (where reltoastrelid <> 0), 0)::bigint * current_setting('block_size')::bigint as content_bytes
from relation
"""
# What of a generated size may be left once the sizes of columns are taken out: sums, and zero for null.
_SIZE_OF = re.compile(r'octet_length\((?:\((?:\w+|"[^"]+")\)::\w+|\w+|"[^"]+")\)')
_SUM = re.compile(r"(?:[\s\d()+,]|COALESCE|::(?:bigint|integer|numeric))*")


@dataclass(frozen=True)
class Reach:
    """What the meter's role can reach of a table, its parts, wholes and views: one row for each role it may become, and for each column."""

    roles: Sequence[dict[str, Any]]
    columns: Sequence[dict[str, Any]]

    @property
    def own(self) -> str:
        """Return the role that the meter connects as."""
        return str(self.roles[0]["own"])

    @property
    def usable(self) -> list[str]:
        """Return the columns that the database lets the meter use in any way; those of views with the view's name."""
        return sorted({row["column"] if row["is_table"] else f"{row['name']}.{row['column']}" for row in self.columns if row["role"]})


def reach(cursor: Any, store: Store) -> Reach:
    """Ask the database what the meter's role can reach."""
    return Reach(_asked(cursor, _ROLES, store), _asked(cursor, _COLUMNS, store))


def sizes(cursor: Any, store: Store) -> tuple[int, int]:
    """Return the table's size on disk, and the bytes of values kept apart for their size that this transaction fetched: content."""
    (row,) = _asked(cursor, _SIZES, store)
    return row["stored_bytes"], row["content_bytes"]


def _asked(cursor: Any, sql: str, store: Store) -> list[dict[str, Any]]:
    cursor.execute(sql, tuple(store.table.split(".")))
    rows: list[dict[str, Any]] = cursor.fetch_arrow_table().to_pylist()
    return rows


def refuse(found: Reach, name: str, store: Store) -> None:
    """Raise StoreError where the role can reach more than the account and the size of a record, with what to run against it; or less."""
    if not any(row["is_named"] and row["is_table"] for row in found.columns):
        raise StoreError(name, f"there is no table {store.table}; correct table in [stores.{name}]", "missing")
    for complaint in (*_of_roles(found), *_of_columns(found, store), *_of_size(found, store)):
        raise StoreError(name, complaint[1], complaint[0])


def _of_roles(found: Reach) -> Iterable[tuple[str, str]]:
    for row in found.roles:
        leave = f"run: revoke {quoted(row['role'])} from {quoted(found.own)}"
        own = "connect as a role made for it; `glasshouse meter init-postgres` prints the SQL"
        for what, is_so in (("is a superuser", row["is_super"]), (f"owns {row['owned']}", row["owned"]), ("may make itself more than a reader", row["is_mighty"])):
            if is_so:
                yield "privileged", f"its role {row['role']} {what}; {own if row['is_own'] else leave}"
    for row in found.roles:
        if row["changed"]:
            yield "privileged", f"its role {row['role']} may change {row['changed']}; run: revoke delete, truncate, trigger on {row['changed']} from {quoted(row['role'])}"


def _of_columns(found: Reach, store: Store) -> Iterable[tuple[str, str]]:
    allowed = {store.account_column, store.size_column}
    too_much = [row for row in found.columns if row["role"] and not (row["is_table"] and row["column"] in allowed)]
    if too_much:
        row = too_much[0]
        more = f" (and {len(too_much) - 1} other columns)" if len(too_much) > 1 else ""
        grantee = row["grantee"] or row["role"]
        if row["grantee"] is None:
            run = f"revoke {quoted(grantee)} from {quoted(found.own)}"
        else:
            run = f"revoke all on {row['name']} from {grantee if grantee == 'public' else quoted(grantee)}"
        yield "reaches_content", f"its role {found.own} can reach column {row['column']} of {row['name']}{more}; run: {run}; then: {granted(store, found.own)}"
    named = {row["column"]: row["is_read"] for row in found.columns if row["is_named"]}
    missing, unread = sorted(allowed - set(named)), sorted(column for column in allowed & set(named) if not named[column])
    if missing:
        yield "column_missing", f"{store.table} has no column {missing[0]}; `glasshouse meter init-postgres` prints the SQL that adds it"
    if unread and not too_much:
        yield "not_granted", f"its role {found.own} may not read {unread[0]}; run: {granted(store, found.own)}"


def _of_size(found: Reach, store: Store) -> Iterable[tuple[str, str]]:
    for row in found.columns:
        if row["is_table"] and row["column"] == store.size_column and not _is_size(row):
            yield (
                "size_not_generated",
                (
                    f"column {store.size_column} of {row['name']} is not a stored sum of octet_length(…) that the database generates; "
                    "drop it, and run what `glasshouse meter init-postgres` prints"
                ),
            )


def _is_size(row: dict[str, Any]) -> bool:
    """Tell whether a column can hold nothing but sizes: any other expression could carry content out."""
    expression = row["expression"] or ""
    return row["generated"] == "s" and row["type"] in ("integer", "bigint") and bool(_SIZE_OF.search(expression)) and bool(_SUM.fullmatch(_SIZE_OF.sub("0", expression)))


def granted(store: Store, role: str) -> str:
    """Return the grants that the meter needs, as SQL."""
    schema = store.table.split(".")[0]
    return (
        f"grant usage on schema {quoted(schema)} to {quoted(role)}; grant select ({quoted(store.account_column)}, {quoted(store.size_column)}) on {table(store)} to {quoted(role)}"
    )


def table(store: Store) -> str:
    """Return the name of the table as SQL."""
    return ".".join(map(quoted, store.table.split(".")))


def quoted(name: str) -> str:
    """Return a name as SQL."""
    return '"' + name.replace('"', '""') + '"'
