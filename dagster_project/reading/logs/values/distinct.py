"""Dictionary-encoded columns of texts, and expressions that are evaluated once for each distinct text, however many rows have it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

CODED = pa.dictionary(pa.int32(), pa.string())
"""A column of texts, dictionary-encoded; each text that a row has is in the dictionary once, in the order of first sight."""

Flags = npt.NDArray[np.bool_]
_IS_PLAIN = "is_plain"
_BY_LINE, _CONSTANT = -1, -2  # in the place of a part's number
_FEW_BYTES, _MOST_KEPT = 1024, 64
"""How long the texts of a part may be together for its results to be kept, and of how many parts they are."""


@dataclass(frozen=True, eq=False)
class Part:
    """Columns that have one row for each distinct value: line i has row `indices[i]` of `values`; without `indices` each line has a row of its own.

    `column`: the dictionary-encoded column, without nulls, of which `values` holds the dictionary under one name.
    """

    values: pl.DataFrame
    indices: pa.Int32Array | None = None
    column: pa.DictionaryArray | None = None

    @classmethod
    def of(cls, column: pa.DictionaryArray, name: str) -> "Part":
        """Return a dictionary-encoded column without nulls as one named column of its distinct texts."""
        return cls(pl.DataFrame({name: pl.Series(column.dictionary, dtype=pl.String)}), column.indices, column)


class Expressions:
    """Values and checks over the columns of several parts.

    Each is evaluated in the part that holds all the columns it reads, so once for each distinct value; one that reads several parts, line by line.
    """

    def __init__(self, columns: Sequence[Collection[str]], values: Mapping[str, pl.Expr], checks: Sequence[pl.Expr]) -> None:
        """Take the names of the columns of each part, the values by name, and the checks that must all hold for a line to be plain."""
        named = [*values.items(), *(("", check) for check in checks)]
        roots = [frozenset(expression.meta.root_names()) for _, expression in named]
        numbers = [next((number for number, held in enumerate(columns) if names and names <= set(held)), _BY_LINE if names else _CONSTANT) for names in roots]
        self._read_by_line = frozenset[str]().union(*(names for names, number in zip(roots, numbers, strict=True) if number == _BY_LINE))
        self._of_part: dict[int, list[pl.Expr]] = {}
        self._unchanged: dict[int, list[str]] = {}
        for number in set(numbers):
            of_part = [(name, expression) for at, (name, expression) in zip(numbers, named, strict=True) if at == number]
            unchanged = [name for name, value in of_part if name and number >= 0 and len(columns[number]) == 1 and value.meta.is_column()]
            holds = pl.all_horizontal(pl.lit(value=True), *(check for name, check in of_part if not name)).fill_null(value=False)
            self._of_part[number] = [holds.alias(_IS_PLAIN), *(value.alias(name) for name, value in of_part if name and name not in unchanged)]
            self._unchanged[number] = unchanged
        constant = pl.select(self._of_part.pop(_CONSTANT, [pl.lit(value=True).alias(_IS_PLAIN)]))
        self._may_be_plain = bool(constant[_IS_PLAIN].all())
        self._constants = {name: _arrow(constant[name]) for name in constant.columns if name != _IS_PLAIN}
        self._kept: dict[tuple[int, tuple[object, ...]], pl.DataFrame] = {}

    def evaluated(self, parts: Sequence[Part], height: int) -> tuple[dict[str, pa.Array], Flags]:
        """Return the values for each of `height` lines, and for which of them all checks hold."""
        first = pa.repeat(pa.scalar(0, pa.int32()), height)
        found = {name: per_line(value, first) for name, value in self._constants.items()}
        is_plain = np.full(height, self._may_be_plain)
        for number in self._of_part:
            part = Part(_gathered(parts, self._read_by_line)) if number == _BY_LINE else parts[number]
            results = self._results(number, part)
            if not results[_IS_PLAIN].all():
                holds = results[_IS_PLAIN].to_numpy()
                is_plain &= holds if part.indices is None else holds[part.indices.to_numpy()]
            found |= {name: per_line(_arrow(results[name]), part.indices) for name in results.columns if name != _IS_PLAIN}
            found |= {name: per_line(_arrow(part.values.to_series()), part.indices) if part.column is None else part.column for name in self._unchanged[number]}
        return found, is_plain

    def _results(self, number: int, part: Part) -> pl.DataFrame:
        """Return the values and checks of a part, a row for each of its own; those of few texts are kept, as most logs repeat them in each piece."""
        if part.column is None or part.column.dictionary.nbytes > _FEW_BYTES:
            return part.values.lazy().select(self._of_part[number]).collect()
        key = number, tuple(part.values.rows())
        results = self._kept.get(key)
        if results is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            results = self._kept[key] = part.values.select(self._of_part[number])
        return results


def per_line(values: pa.Array, indices: pa.Int32Array | None) -> pa.Array:
    """Return the value of each line, texts as CODED; without `indices` each line has the value at its own place."""
    if not pa.types.is_string(values.type):
        return values if indices is None else values.take(indices)
    coded = values.dictionary_encode()
    return coded if indices is None else pa.DictionaryArray.from_arrays(coded.indices.take(indices), coded.dictionary)


def map_distinct(texts: pl.Series, function: Callable[[str], object], dtype: pl.DataType) -> pl.Series:
    """Return what a function gives for each text, called once for each distinct one; null stays null."""
    distinct = texts.drop_nulls().unique()
    return texts.replace_strict(distinct, pl.Series([function(text) for text in distinct], dtype=dtype), default=None, return_dtype=dtype)


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the rows of several tables as one, in the order of their lines."""
    if len(tables) == 1:
        return tables[0]
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    numbers = table.column("line_number").to_numpy()
    return recoded(table if (numbers[1:] > numbers[:-1]).all() else table.sort_by("line_number"))


def recoded(table: pa.Table) -> pa.Table:
    """Return rows with dictionaries as if the rows had just been encoded: texts in the order of first sight, none that no row has.

    What is numbered in the order of a dictionary (routes, accounts) so depends on the rows alone.
    """
    columns = [_recoded(column.combine_chunks()) if pa.types.is_dictionary(column.type) else column for column in table.columns]
    return pa.table(columns, schema=table.schema)


def _recoded(column: pa.DictionaryArray) -> pa.DictionaryArray:
    seen = column.indices.dictionary_encode()
    return pa.DictionaryArray.from_arrays(seen.indices, column.dictionary.take(seen.dictionary))


def decoded(table: pa.Table) -> pa.Table:
    """Return rows with plain columns of texts instead of dictionary-encoded ones."""
    return pa.table([column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in table.columns], names=table.column_names)


def filled(column: pa.DictionaryArray, other: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return a column whose nulls are filled from another."""
    return column if other.null_count == len(other) else pc.coalesce(column.cast(pa.string()), other.cast(pa.string())).dictionary_encode()


def _gathered(parts: Sequence[Part], names: Collection[str]) -> pl.DataFrame:
    """Return columns from several parts, a row for each line."""
    held = [(part, name) for part in parts for name in part.values.columns if name in names]
    return pl.DataFrame([part.values[name] if part.indices is None else part.values[name].gather(pl.Series(part.indices)) for part, name in held])


def _arrow(values: pl.Series) -> pa.Array:
    column = values.to_arrow()
    return column.cast(pa.string()) if values.dtype == pl.String else pa.nulls(len(column), pa.string()) if values.dtype == pl.Null else column
