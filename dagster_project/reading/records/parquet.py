"""How many records an account holds in Parquet files and how large they are: from footers and the account column alone (CR-4)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import islice, repeat
from urllib.parse import unquote
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project.errors import StoreError
from dagster_project.reading.records import footers
from dagster_project.reading.records.footers import Account, Group
from dagster_project.reading.records.measured import BY_ACCOUNT, HELD, Found, Measured, Memory, Tally, Touched, measurement, shares, summed
from dagster_project.reading.records.metered import Metered
from dagster_project.reading.records.places import Listed, is_hidden, listed
from dagster_project.settings import Store

_A_WHILE = 256
_AT_ONCE = 8  # files that are read at a time: a bucket answers slowly
_NO_ACCOUNT = "__HIVE_DEFAULT_PARTITION__"


def measure(name: str, store: Store, day: date, memory: Memory) -> Measured:
    """Measure the Parquet files of a store; one that did not change since it was measured is not opened.

    A file that is cut short, is no Parquet or has no account column becomes a StoreError in `faults`; the others are
    measured all the same, and the rows say that they are a part. Raises StoreError where the store itself is not there.
    """
    entries = list(listed(name, store))
    faults = [each for each in entries if isinstance(each, StoreError)]
    every = [each for each in entries if isinstance(each, Listed)]
    files = {f"{each.identity}-{store.account_column}": each for each in every if _is_ours(each, store)}
    tally, known = Tally(), set[str]()
    for identities, held in memory.recalled(list(files)):
        known |= identities
        tally.add(held)
    touched = [Touched(files=len(files), allowed_columns=[store.account_column])]
    for found in _measured({identity: file for identity, file in files.items() if identity not in known}, store.account_column):
        held = {identity: each.held for identity, each in found.items() if not each.faults}
        memory.keep(held.items())
        tally.add(pa.concat_tables([HELD.empty_table(), *held.values()]))
        touched += [each.touched for each in found.values()]
        faults += [fault for each in found.values() for fault in each.faults]
    return measurement(name, store, day, Found(tally.total(), sum(touched[1:], touched[0]), tuple(faults)))


def _is_ours(file: Listed, store: Store) -> bool:
    """Tell whether a file is Parquet by its name, or the one that settings name; others in a folder are what writers leave beside."""
    return file.name == store.path.rpartition("/")[2] or (file.name.endswith(".parquet") and not is_hidden(file))


def _measured(files: dict[str, Listed], account_column: str) -> Iterator[dict[str, Found]]:
    """Yield what files hold, some hundred at a time and in order."""
    left = iter(files.items())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while some := dict(islice(left, _A_WHILE)):
            yield dict(zip(some, pool.map(_of_file, some.values(), repeat(account_column)), strict=True))


def _of_file(file: Listed, account_column: str) -> Found:
    """Return what a file holds, or why it cannot be told; what was touched counts in either case."""
    metered = Metered(file)
    try:
        return Found(summed(_groups(metered, account_column)), metered.touched(account_column))
    except StoreError as error:
        fault = error
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError):
        fault = StoreError(file.name, "not a whole Parquet file that can be read; deliver it again", "damaged")
    finally:
        metered.close()
    return Found(HELD.empty_table(), metered.touched(account_column), (fault,))


def _groups(metered: Metered, account_column: str) -> Iterator[pa.Table]:
    """Yield what each row group holds."""
    file, footer = metered.file, metered.footer()
    of_folder = [part.partition("=")[2] for part in file.folders if part.startswith(f"{account_column}=")]
    account = None if of_folder else footer.account(account_column, file.name)
    for group in footer.groups:
        if not group.rows:
            continue
        if account is None:
            yield _shared(group, [_of_folder(of_folder[-1])], [group.rows])
        elif account.kind == "none":
            yield _shared(group, [None], [group.rows])
        elif (sole := footers.sole_account(group, account)) is not None:
            yield _shared(group, [sole or None], [group.rows])
        else:
            yield _counted(group, account, metered)


def _of_folder(value: str) -> str | None:
    """Return the account that a folder `account_id=…` names."""
    return None if value in ("", _NO_ACCOUNT) else unquote(value)


def _counted(group: Group, account: Account, metered: Metered) -> pa.Table:
    """Read the account column of a row group and count its records by account."""
    column = pq.ParquetFile(pa.BufferReader(footers.alone(group, account, metered.pages(group, account)))).read(use_threads=False).column(0)
    while pa.types.is_struct(column.type):
        column = pc.struct_field(column, 0)
    whole = column.combine_chunks()
    values = pc.value_counts(whole.storage if isinstance(whole, pa.ExtensionArray) else whole)
    if pc.sum(values.field("counts")).as_py() != group.rows:
        raise StoreError(metered.file.name, "the footer and the account column disagree on the number of records; deliver it again", "damaged")
    named = pa.table([_text(values.field("values")), values.field("counts")], names=["account_id", "records"])
    sums = named.group_by("account_id", use_threads=False).aggregate([("records", "sum")])
    ordered = sums.take(pc.sort_indices(sums, sort_keys=BY_ACCOUNT))
    return _shared(group, ordered.column("account_id").combine_chunks(), ordered.column("records_sum").to_pylist())


def _text(values: pa.Array) -> pa.Array:
    """Return account ids as text; an empty one names none."""
    if pa.types.is_fixed_size_binary(values.type):
        return pa.array([None if each is None else str(UUID(bytes=each)) for each in values.to_pylist()], pa.string())
    texts = values.cast(pa.string())
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _shared(group: Group, accounts: pa.Array | list[str | None], records: list[int]) -> pa.Table:
    """Share the sizes of a row group among its accounts by their records; the shares add up to the whole."""
    sizes = (shares(group.bytes, records), shares(group.stored_bytes, records))
    columns = [pa.array(accounts, pa.string()), records, *sizes, pa.nulls(len(records), pa.int64()), [len(records) == 1] * len(records)]
    return pa.table(columns, schema=HELD)
