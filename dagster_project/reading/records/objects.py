"""How many objects an account holds in a folder or bucket and how large they are: from listings alone; no object is opened, no name is kept (CR-4)."""

from datetime import date

import pyarrow as pa

from dagster_project.errors import StoreError
from dagster_project.reading.records.measured import HELD, Found, Measured, Memory, Touched, measurement
from dagster_project.reading.records.places import Listed, listed
from dagster_project.settings import Store


def measure(name: str, store: Store, day: date, _memory: Memory) -> Measured:
    """Measure a store of objects: attachments, exports, pictures; whatever its form, an object is a record.

    A folder that cannot be listed is a StoreError in `faults`. Raises StoreError where the store itself is not there.
    """
    depth = store.account_folder.count("/")
    held: dict[str | None, list[int]] = {}
    faults, files = [], 0
    for each in listed(name, store):
        if isinstance(each, StoreError):
            faults.append(each)
            continue
        files += 1
        _add(held, _account(each, depth), each.bytes)
    rows = [[account, count, size, size, largest, True] for account, (count, size, largest) in sorted(held.items(), key=lambda item: (item[0] is not None, item[0] or ""))]
    table = pa.Table.from_pylist([dict(zip(HELD.names, row, strict=True)) for row in rows], HELD)
    return measurement(name, store, day, Found(table, Touched(files=files), tuple(faults)))


def _account(file: Listed, depth: int) -> str | None:
    """Return the account that a folder names; an object that lies above the accounts' folders names none."""
    return file.folders[depth] if len(file.folders) > depth else None


def _add(held: dict[str | None, list[int]], account: str | None, size: int) -> None:
    counts = held.setdefault(account, [0, 0, 0])
    counts[:] = counts[0] + 1, counts[1] + size, max(counts[2], size)
