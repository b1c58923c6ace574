"""What a measurement is, the same for every kind of store: rows by account, what was touched, and what could not be measured."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.errors import StoreError
from dagster_project.settings import Store

_TEXT, _COUNT = pa.string(), pa.int64()
# What one file, or one row group, adds to an account.
HELD = pa.schema({"account_id": _TEXT, "records": _COUNT, "bytes": _COUNT, "stored_bytes": _COUNT, "largest_record_bytes": _COUNT, "is_exact": pa.bool_()})
_SUMS: list[tuple[str, str, pc.FunctionOptions | None]] = [
    ("records", "sum", None), ("bytes", "sum", None), ("stored_bytes", "sum", None),
    ("largest_record_bytes", "max", pc.ScalarAggregateOptions(skip_nulls=False)), ("is_exact", "all", None),
]  # fmt: skip
BY_ACCOUNT = [("account_id", "ascending", "at_start")]
_ROWS_AT_ONCE = 500_000


@dataclass(frozen=True)
class Measured:
    """What a store holds: columns of scrubbed.records; what was touched to know it: of ledger.metering; and what of it could not be measured."""

    records: pa.Table
    metering: pa.Table
    faults: tuple[StoreError, ...]

    @property
    def is_partial(self) -> bool:
        """Tell whether a part of the store is missing from the rows."""
        return bool(self.faults)


@dataclass(frozen=True)
class Touched:
    """What a measurement touched of a store, as the file handle or the database counted it."""

    files: int = 0
    files_opened: int = 0
    footer_bytes: int = 0
    account_column_bytes: int = 0
    content_bytes: int = 0
    columns: Sequence[str] = ()
    allowed_columns: Sequence[str] = ()

    def __add__(self, other: "Touched") -> "Touched":
        """Return what was touched in both."""
        return Touched(**{name: _both(value, getattr(other, name)) for name, value in vars(self).items()})


@dataclass(frozen=True)
class Found:
    """HELD rows of a store, or of a file of it; what was touched to know them; and what could not be measured."""

    held: pa.Table
    touched: Touched
    faults: tuple[StoreError, ...] = ()


def _both(one: Any, other: Any) -> Any:
    return one + other if isinstance(one, int) else sorted({*one, *other})


class Memory(Protocol):
    """What earlier measurements found in files, by the identity of each."""

    def recalled(self, identities: Sequence[str]) -> Iterator[tuple[set[str], pa.Table]]:
        """Yield what is known of these files, in batches: identities, and the HELD rows of them."""
        ...

    def keep(self, held: Iterable[tuple[str, pa.Table]]) -> None:
        """Remember the HELD rows of files, by their identities."""
        ...


Measure = Callable[[str, Store, date, Memory], Measured]


class Tally:
    """Rows of many files added up by account, in little memory."""

    def __init__(self) -> None:
        self._parts: list[pa.Table] = []
        self._rows = 0

    def add(self, held: pa.Table) -> None:
        """Add HELD rows."""
        self._parts.append(held)
        self._rows += held.num_rows
        if self._rows > _ROWS_AT_ONCE:
            self._parts = [summed(self._parts)]
            self._rows = 0

    def total(self) -> pa.Table:
        """Return HELD rows, one for each account, those that name none first."""
        return summed(self._parts)


def summed(parts: Iterable[pa.Table]) -> pa.Table:
    """Return HELD rows added up by account, sorted."""
    rows = pa.concat_tables([HELD.empty_table(), *parts])
    found = rows.group_by("account_id", use_threads=False).aggregate(_SUMS)
    named = pa.table([found.column("account_id"), *(found.column(f"{column}_{how}") for column, how, _ in _SUMS)], names=HELD.names).cast(HELD)
    return named.take(pc.sort_indices(named, sort_keys=BY_ACCOUNT))


def shares(whole: int, weights: Sequence[int]) -> list[int]:
    """Return whole numbers in proportion to the weights, that add up to the whole."""
    total, before, found = sum(weights), 0, []
    for weight in weights:
        after = before + weight
        found.append(whole * after // total - whole * before // total)
        before = after
    return found


def measurement(name: str, store: Store, day: date, found: Found) -> Measured:
    """Return a measurement of what was found. A store of which a part is missing has a row even where nothing could be counted, so that its day says so."""
    is_partial, held = bool(found.faults), found.held
    if is_partial and not held.num_rows:
        held = pa.Table.from_pylist([{"account_id": None, "records": 0, "bytes": 0, "stored_bytes": 0, "largest_record_bytes": None, "is_exact": True}], HELD)
    constants = {"day": day, "store": name, "record_class": store.record_class, "is_partial": is_partial}
    columns = {name: pa.repeat(pa.scalar(value), held.num_rows) for name, value in constants.items()}
    columns |= {name: held.column(name) for name in HELD.names[:-1]}
    columns["method"] = pc.if_else(held.column("is_exact"), "exact", "apportioned")
    meter = {"day": day, "store": name, "record_class": store.record_class, "kind": store.kind, "is_partial": is_partial, **vars(found.touched)}
    return Measured(pa.table(columns), pa.Table.from_pylist([meter]), found.faults)
