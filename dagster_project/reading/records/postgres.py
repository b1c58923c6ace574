"""How many records an account holds in a table of PostgreSQL and how large they are: summed by the database, over a size column it generates (CR-4)."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.errors import StoreError
from dagster_project.reading.records.measured import HELD, Found, Measured, Memory, Touched, measurement, shares, summed
from dagster_project.reading.records.postgres_rights import Reach, quoted, reach, refuse, sizes, table
from dagster_project.settings import Store

_CONNECT_S = 10
# One snapshot, nothing written, names of the system's own schema first, no row hidden, and no helper process that would count for itself.
_SESSION = (
    "set session characteristics as transaction isolation level repeatable read, read only",
    "set search_path = pg_catalog",
    "set row_security = off",
    "set max_parallel_workers_per_gather = 0",
)


def measure(name: str, store: Store, day: date, _memory: Memory) -> Measured:
    """Measure a table, once its role is seen to reach nothing but the account and the size of a record; all of it or nothing.

    Raises StoreError where the role can reach content, with what to run; and where the database does not answer, or not to the end.
    """
    with connected(name, store) as connection, closing(connection.cursor()) as cursor:
        found = reach(cursor, store)
        refuse(found, name, store)
        return measurement(name, store, day, counted(cursor, store, found))


@contextmanager
def connected(name: str, store: Store) -> Iterator[Any]:
    """Give a connection in one read-only transaction. Raises StoreError where there is none, or where it is lost."""
    try:
        from adbc_driver_manager import Error
        from adbc_driver_postgresql import dbapi
    except ImportError:
        raise StoreError(name, "PostgreSQL needs the extra: pip install 'glasshouse[postgres]'", "not_installed") from None
    try:
        connection = dbapi.connect(_patient(store.connection), autocommit=True)
    except Error:
        raise StoreError(name, f"its database does not answer, or refuses; see connection in [stores.{name}] and ~/.pgpass", "unreachable") from None
    try:
        with closing(connection), closing(connection.cursor()) as cursor:
            for sentence in _SESSION:
                cursor.execute(sentence)
            connection.adbc_connection.set_autocommit(False)
            yield connection
    except Error:
        raise StoreError(name, "its database broke off, or refused a question; nothing of it was taken, run again", "lost") from None


def _patient(connection: str) -> str:
    """Return a connection string that waits ten seconds at most, unless it says otherwise."""
    if "connect_timeout" in connection:
        return connection
    if "://" in connection:
        return f"{connection}{'&' if '?' in connection else '?'}connect_timeout={_CONNECT_S}"
    return f"{connection} connect_timeout={_CONNECT_S}"


def counted(cursor: Any, store: Store, found: Reach) -> Found:
    """Have the database count, and tell what it says of the columns in reach and of the values kept apart that were fetched."""
    account, size = quoted(store.account_column), quoted(store.size_column)
    cursor.execute(
        f"select nullif({account}::text, '') as account_id, count(*) as records, coalesce(sum({size}), 0)::bigint as bytes, max({size})::bigint as largest_record_bytes "
        f"from {table(store)} group by 1"
    )
    rows = cursor.fetch_arrow_table()
    stored_bytes, content_bytes = sizes(cursor, store)
    held = summed([_held(rows, stored_bytes)])
    return Found(held, Touched(content_bytes=content_bytes, columns=found.usable, allowed_columns=sorted({store.account_column, store.size_column})))


def _held(rows: pa.Table, stored_bytes: int) -> pa.Table:
    """Return HELD rows: what the table takes on disk is shared by the bytes of each account."""
    ordered = rows.sort_by("account_id")
    weights = [each + 1 for each in ordered.column("bytes").to_pylist()]
    columns = {
        **{name: ordered.column(name) for name in ordered.column_names},
        "stored_bytes": pa.array(shares(stored_bytes, weights), pa.int64()),
        "is_exact": pa.repeat(True, ordered.num_rows),
    }
    return pa.table([pc.cast(columns[name], HELD.field(name).type) for name in HELD.names], schema=HELD)
