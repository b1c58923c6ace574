"""Columns as their distinct values and a code for each row, so that costly work touches each value once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, repeat
from typing import Any, Generic, TypeVar

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

MAX_REMEMBERED = 100_000
MAX_REMEMBERED_CHARS = 512

T = TypeVar("T")


@dataclass(frozen=True)
class Distinct(Generic[T]):
    """The distinct values of a column, and for each row the position of its value; None is a value like any other."""

    values: list[T]
    codes: pa.Array

    def spread(self, per_value: Sequence[object], of_type: pa.DataType) -> pa.Array:
        """Return a column with a row's value for each row, given one for each distinct value."""
        if len(self.values) == 1:
            return pa.repeat(pa.scalar(per_value[0], of_type), len(self.codes))
        return pa.array(per_value, of_type).take(self.codes)


def column(rows: pa.Table, name: str) -> Distinct[Any]:
    """Return the distinct values of a column, plain or dictionary-encoded; of a column that is missing, None for each row."""
    if name not in rows.column_names or rows.column(name).null_count == rows.num_rows:
        return nothing(rows.num_rows)
    cells = rows.column(name)
    if pa.types.is_dictionary(cells.type):
        encoded = cells.unify_dictionaries().combine_chunks()
        values = encoded.dictionary.to_pylist()
        return Distinct([*values, None], pc.fill_null(encoded.indices.cast(pa.int32()), len(values)))
    encoded = cells.combine_chunks().dictionary_encode(null_encoding="encode")
    return Distinct(encoded.dictionary.to_pylist(), encoded.indices)


def nothing(rows: int) -> Distinct[Any]:
    """Return a column of so many None."""
    return Distinct([None], pa.repeat(pa.scalar(0, pa.int32()), rows))


def combined(made: Callable[..., T], *columns: Distinct[Any]) -> Distinct[T]:
    """Return what a function makes of each distinct combination of the columns' values."""
    varied = [each for each in columns if len(each.values) > 1]
    if len(varied) <= 1:
        only = varied[0] if varied else columns[0]
        return Distinct(list(map(made, *(each.values if each is only else repeat(each.values[0], len(only.values)) for each in columns))), only.codes)
    code, strides = pl.repeat(0, len(columns[0].codes), dtype=pl.Int64, eager=True), [1]
    for each in columns:
        if len(each.values) > 1:
            code = code + pl.Series(each.codes).cast(pl.Int64) * strides[-1]
        strides.append(strides[-1] * max(len(each.values), 1))
    encoded = code.to_arrow().dictionary_encode()
    found = pl.Series(encoded.dictionary)
    parts = [map(each.values.__getitem__, (found % above // stride).to_list()) for each, (stride, above) in zip(columns, pairwise(strides), strict=True)]
    return Distinct(list(map(made, *parts)), encoded.indices)


def merged(column: Distinct[T]) -> Distinct[T]:
    """Return the column with equal values made one."""
    values = list(dict.fromkeys(column.values))
    position = {value: at for at, value in enumerate(values)}
    return Distinct(values, column.spread([position[value] for value in column.values], pa.int32()))


def remembered(function: Callable[[str | None], T]) -> Callable[[str | None], T]:
    """Return the function with a memory of 100,000 short values, so that a value is worked on once over many pieces."""
    cached = lru_cache(MAX_REMEMBERED)(function)
    return lambda value: function(value) if value is not None and len(value) > MAX_REMEMBERED_CHARS else cached(value)
