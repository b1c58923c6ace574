"""Distinct values of columns, looked at once: what was made of each is remembered over the pieces of a run."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, starmap
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MOST_VALUES = 500_000
MOST_CHARS = 64 << 20
CLOSED = pa.dictionary(pa.int32(), pa.string())
"""A column with few different texts: each row holds the number of its text."""


@dataclass(frozen=True)
class Seen:
    """Columns whose distinct values were looked at: what was made of each, and which of them each row has."""

    made: pa.Table
    rows: pa.Array

    def column(self, name: str) -> pa.Array:
        """Return one of the columns made, a value for each row."""
        return self.made.column(name).chunk(0).take(self.rows)

    def has_any(self, name: str) -> bool:
        """Tell whether any value ever made is other than null, false and zero."""
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
        self._places: dict[Any, int] = {}
        self._made = pa.Table.from_arrays([_cells([], field.type) for field in self._schema], schema=self._schema)
        self._chars = 0

    def see(self, *columns: pa.Array) -> Seen:
        """Return what was made of the values of columns; null is a value like any other."""
        if len(self._places) > MOST_VALUES or self._chars > MOST_CHARS:
            self._begin()
        values, rows = _distinct([_coded(column) for column in columns])
        known = list(map(self._places.get, values))
        if new := [value for value, place in zip(values, known, strict=True) if place is None]:
            numbers = iter(range(len(self._places), len(self._places) + len(new)))
            known = [next(numbers) if place is None else place for place in known]
            self._learn(new, is_one=len(columns) == 1)
        return Seen(self._made, pa.array(known, pa.int32()).take(rows))

    def _learn(self, values: list[Any], *, is_one: bool) -> None:
        self._places.update(zip(values, range(len(self._places), len(self._places) + len(values)), strict=True))
        self._chars += sum(len(cell) for value in values for cell in ((value,) if is_one else value) if isinstance(cell, str))
        made = zip(*(map(self._make, values) if is_one else starmap(self._make, values)), strict=True)
        grown = [pa.concat_arrays([known.chunk(0), _cells(cells, known.type)]) for known, cells in zip(self._made.columns, made, strict=True)]
        self._made = pa.Table.from_arrays(grown, schema=self._schema)


def _cells(cells: Sequence[object], of_type: pa.DataType) -> pa.Array:
    return pa.array(cells, of_type.value_type).dictionary_encode() if pa.types.is_dictionary(of_type) else pa.array(cells, of_type)


def _coded(column: pa.Array) -> tuple[list[Any], pa.Array]:
    """Return the values of a column, null among them, and the place of each row's value."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode(null_encoding="encode")
        return column.dictionary.to_pylist(), column.indices
    if len(column.dictionary) > len(column):  # what the rows hold is all that is looked at
        used = column.indices.dictionary_encode()
        column = pa.DictionaryArray.from_arrays(used.indices, column.dictionary.take(used.dictionary))
    values = column.dictionary.to_pylist()
    return (values, column.indices) if not column.null_count else ([*values, None], pc.fill_null(column.indices, len(values)))


def _distinct(columns: list[tuple[list[Any], pa.Array]]) -> tuple[list[Any], pa.Array]:
    """Return the distinct values of a column, or combinations of several, and which of them each row has."""
    if len(columns) == 1:
        return columns[0]
    varied = [values for values, _ in columns]
    strides = np.cumprod([1, *map(len, varied)], dtype=np.int64)
    code = sum(places.to_numpy().astype(np.int64) * stride for (_, places), stride in zip(columns, strides, strict=False))
    found = pa.array(code).dictionary_encode()
    return list(zip(*_cut(found.dictionary.to_numpy(), strides, varied), strict=True)), found.indices


def _cut(codes: Any, strides: Any, varied: list[list[Any]]) -> Iterator[Iterator[Any]]:
    for values, (stride, above) in zip(varied, pairwise(strides), strict=True):
        yield map(values.__getitem__, (codes % above // stride).tolist())
