"""Distinct values of columns, looked at once: what was made of each is remembered over the pieces of a run."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, starmap
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

MOST_VALUES = 500_000
MOST_CHARS = 64 << 20
CLOSED = pa.dictionary(pa.int32(), pa.string())
"""A column with few different texts: each row holds the number of its text."""
_YOUNG_ROWS = 1 << 13
_FEW_BYTES, _MOST_TOGETHER = 1024, 64

Coded = tuple[pa.Array, pa.Array]
"""The distinct values of a column, null among them, and the place of each row's value."""
Combination = tuple[Any, ...]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Seen:
    """Columns whose distinct values were looked at: what was made of each, and which of them each row has."""

    made: pa.RecordBatch
    rows: pa.Array

    def column(self, name: str) -> pa.Array:
        """Return one of the columns made, a value for each row."""
        return self.made.column(name).take(self.rows)

    def has_any(self, name: str) -> bool:
        """Tell whether any value is other than null, false and zero."""
        return bool(pc.any(self.made.column(name).cast(pa.bool_())).as_py())


class Memory:
    """What `make` makes of each distinct value, a cell for each field of `schema`; of several columns, of each combination.

    Beyond 500,000 values or 64 M characters it begins anew, so that memory stays bounded.
    """

    def __init__(self, make: Callable[..., Sequence[object]], schema: dict[str, pa.DataType]) -> None:
        self._make = make
        self._schema = pa.schema(list(schema.items()))
        self._begin()

    def _begin(self) -> None:
        self._texts = _Texts(), _Rows(self._schema)
        self._combinations = _Combinations(), _Rows(self._schema)
        self._together: dict[Combination, Seen] = {}
        self._chars = 0

    def see(self, *columns: pa.Array) -> Seen:
        """Return what was made of the values of columns; null is a value like any other."""
        if len(self._texts[1]) + len(self._combinations[1]) > MOST_VALUES or self._chars > MOST_CHARS:
            self._begin()
        coded = [_coded(column) for column in columns]
        return self._seen_together(*coded[0]) if len(coded) == 1 and coded[0][0].nbytes <= _FEW_BYTES else self._seen(coded)

    def _seen_together(self, values: pa.Array, rows: pa.Array) -> Seen:
        """Return what was made of a few values, which most pieces of a log have in the same order."""
        texts = tuple(values.to_pylist())
        seen = self._together.get(texts)
        if seen is None:
            if len(self._together) >= _MOST_TOGETHER:
                self._together.clear()
            seen = self._together[texts] = self._seen([(values, pa.array(range(len(values)), pa.int32()))])
        return Seen(seen.made, seen.rows.take(rows))

    def _seen(self, coded: list[Coded]) -> Seen:
        numbering, made = self._texts if len(coded) == 1 else self._combinations
        numbers, rows, new = numbering.numbered(*coded)
        if new:
            self._chars += sum(len(cell) for value in new for cell in value if isinstance(cell, str))
            made.add(self._made(new))
        return made.seen(numbers, rows)

    def _made(self, new: list[Combination]) -> list[pa.Array]:
        """Return the columns made of combinations of values."""
        cells = zip(*starmap(self._make, new), strict=True)
        return [_cells(of_field, field.type) for of_field, field in zip(cells, self._schema, strict=True)]


class _Texts:
    """Null and texts, numbered from 0 in the order of first sight. Polars finds the numbers of a whole column at once: those of a categorical."""

    def __init__(self) -> None:
        self._kind = pl.Categorical(pl.Categories.random())
        self._kept = pl.Series(dtype=self._kind)  # Polars forgets categories with their last column
        self._count = 0

    def numbered(self, *columns: Coded) -> tuple[Numbers, pa.Array, list[Combination]]:
        """Return the numbers of the only column's distinct texts, which of them each row has, and the texts that are new."""
        [(texts, rows)] = columns
        found = pl.Series(texts, dtype=pl.String).cast(self._kind).to_physical().to_arrow()
        numbers = pc.fill_null(pc.add(found.cast(pa.int64()), 1), 0).to_numpy()
        new = [] if self._count else [(None,)]
        new += [(text,) for text in texts.filter(pa.array(numbers >= max(1, self._count))).to_pylist()]
        self._count += len(new)
        return numbers, rows, new


class _Combinations:
    """Combinations of values, numbered from 0 in the order of first sight."""

    def __init__(self) -> None:
        self._numbers: dict[Combination, int] = {}

    def numbered(self, *columns: Coded) -> tuple[Numbers, pa.Array, list[Combination]]:
        """Return the numbers of the distinct combinations of columns, which of them each row has, and the combinations that are new."""
        values, rows = _combined(columns)
        new = [value for value in values if value not in self._numbers]
        self._numbers.update(zip(new, range(len(self._numbers), len(self._numbers) + len(new)), strict=True))
        return np.array(list(map(self._numbers.__getitem__, values)), np.int64), rows, new


class _Rows:
    """Rows that are added at the end and taken by their numbers. Those added last lie apart until they are many, so that adding costs what is added."""

    def __init__(self, schema: pa.Schema) -> None:
        self._old = self._young = pa.RecordBatch.from_arrays([_cells([], field.type) for field in schema], schema=schema)

    def __len__(self) -> int:
        return len(self._old) + len(self._young)

    def add(self, columns: Sequence[pa.Array]) -> None:
        """Add rows behind the last."""
        self._young = followed(self._young, columns)
        if len(self._young) > _YOUNG_ROWS:
            self._old, self._young = followed(self._old, self._young.columns), self._young.slice(0, 0)

    def seen(self, numbers: Numbers, rows: pa.Array) -> Seen:
        """Return the rows that have numbers, and for each place in `numbers` which of them it is."""
        is_old = numbers < len(self._old)
        places = np.where(is_old, np.cumsum(is_old) - 1, numbers - len(self._old) + np.count_nonzero(is_old))
        return Seen(followed(self._old.take(pa.array(numbers[is_old])), self._young.columns), pa.array(places, pa.int32()).take(rows))


def followed(rows: pa.RecordBatch, columns: Sequence[pa.Array]) -> pa.RecordBatch:
    """Return rows and behind them others of the same columns."""
    if not len(columns[0]):
        return rows
    return pa.RecordBatch.from_arrays([pa.concat_arrays(pair) for pair in zip(rows.columns, columns, strict=True)], schema=rows.schema)


def _cells(cells: Sequence[object], of_type: pa.DataType) -> pa.Array:
    return pa.array(cells, of_type.value_type).dictionary_encode() if pa.types.is_dictionary(of_type) else pa.array(cells, of_type)


def _coded(column: pa.Array) -> Coded:
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode(null_encoding="encode")
        return column.dictionary, column.indices
    if len(column.dictionary) > len(column):  # what the rows hold is all that is looked at
        used = column.indices.dictionary_encode()
        column = pa.DictionaryArray.from_arrays(used.indices, column.dictionary.take(used.dictionary))
    if not column.null_count:
        return column.dictionary, column.indices
    values = pa.concat_arrays([column.dictionary, pa.nulls(1, column.type.value_type)])
    return values, pc.fill_null(column.indices, len(column.dictionary))


def _combined(columns: Sequence[Coded]) -> tuple[list[Combination], pa.Array]:
    """Return the distinct combinations of columns, and which of them each row has."""
    varied = [values.to_pylist() for values, _ in columns]
    strides = np.cumprod([1, *map(len, varied)], dtype=np.int64)
    code = sum(places.to_numpy().astype(np.int64) * stride for (_, places), stride in zip(columns, strides, strict=False))
    found = pa.array(code).dictionary_encode()
    return list(zip(*_cut(found.dictionary.to_numpy(), strides, varied), strict=True)), found.indices


def _cut(codes: Any, strides: Any, varied: list[list[Any]]) -> Iterator[Iterator[Any]]:
    for values, (stride, above) in zip(varied, pairwise(strides), strict=True):
        yield map(values.__getitem__, (codes % above // stride).tolist())
