"""Columns of which each different text is looked at once, however many rows have it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

CODED = pa.dictionary(pa.int32(), pa.string())
"""A column of texts: each row has the number of its text; each text that a row has is there once, in the order of first sight."""

Flags = npt.NDArray[np.bool_]
_IS_PLAIN = "is_plain"
_LINES, _NOTHING = -1, -2  # in the place of a part
_FEW_BYTES, _MOST_ANSWERS = 1024, 64


@dataclass(frozen=True, eq=False)
class Part:
    """Columns that are told together. `places`: which row of `told` each line has; without them each line has one of its own.

    `column`: the coded column, without nulls, of which `told` holds the texts under one name.
    """

    told: pl.DataFrame
    places: pa.Int32Array | None = None
    column: pa.DictionaryArray | None = None

    @classmethod
    def of(cls, column: pa.DictionaryArray, name: str) -> "Part":
        """Return the different texts of a column as one named column."""
        return cls(pl.DataFrame({name: pl.Series(column.dictionary, dtype=pl.String)}), column.indices, column)


class Asked:
    """Values and checks that are asked of columns, each of the part that holds all it looks at; what looks at several parts is asked line by line."""

    def __init__(self, columns: Sequence[Collection[str]], values: Mapping[str, pl.Expr], checks: Sequence[pl.Expr]) -> None:
        asked = [*values.items(), *(("", check) for check in checks)]
        roots = [frozenset(expression.meta.root_names()) for _, expression in asked]
        places = [next((at for at, held in enumerate(columns) if names and names <= set(held)), _LINES if names else _NOTHING) for names in roots]
        self._crossing = frozenset[str]().union(*(names for names, at in zip(roots, places, strict=True) if at == _LINES))
        self._questions: dict[int, list[pl.Expr]] = {}
        self._as_told: dict[int, list[str]] = {}
        for at in set(places):
            of_part = [(name, expression) for place, (name, expression) in zip(places, asked, strict=True) if place == at]
            as_told = [name for name, value in of_part if name and at >= 0 and len(columns[at]) == 1 and value.meta.is_column()]
            holds = pl.all_horizontal(pl.lit(value=True), *(check for name, check in of_part if not name)).fill_null(value=False)
            self._questions[at] = [holds.alias(_IS_PLAIN), *(value.alias(name) for name, value in of_part if name and name not in as_told)]
            self._as_told[at] = as_told
        constant = pl.select(self._questions.pop(_NOTHING, [pl.lit(value=True).alias(_IS_PLAIN)]))
        self._may_be_plain = bool(constant[_IS_PLAIN].all())
        self._constants = {name: _arrow(constant[name]) for name in constant.columns if name != _IS_PLAIN}
        self._answers: dict[tuple[int, tuple[object, ...]], pl.DataFrame] = {}

    def of(self, parts: Sequence[Part], height: int) -> tuple[dict[str, pa.Array], Flags]:
        """Return the values for each of `height` lines, and for which of them all checks hold."""
        first = pa.repeat(pa.scalar(0, pa.int32()), height)
        found = {name: mapped(value, first) for name, value in self._constants.items()}
        is_plain = np.full(height, self._may_be_plain)
        for at in self._questions:
            part = Part(_gathered(parts, self._crossing)) if at == _LINES else parts[at]
            told = self._told(at, part)
            if not told[_IS_PLAIN].all():
                holding = told[_IS_PLAIN].to_numpy()
                is_plain &= holding if part.places is None else holding[part.places.to_numpy()]
            found |= {name: mapped(_arrow(told[name]), part.places) for name in told.columns if name != _IS_PLAIN}
            found |= {name: mapped(_arrow(part.told.to_series()), part.places) if part.column is None else part.column for name in self._as_told[at]}
        return found, is_plain

    def _told(self, at: int, part: Part) -> pl.DataFrame:
        """Return what a part tells; what few texts tell is remembered, as most logs repeat them in each piece."""
        if part.column is None or part.column.dictionary.nbytes > _FEW_BYTES:
            return part.told.lazy().select(self._questions[at]).collect()
        asked = at, tuple(part.told.rows())
        told = self._answers.get(asked)
        if told is None:
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            told = self._answers[asked] = part.told.select(self._questions[at])
        return told


def mapped(values: pa.Array, places: pa.Int32Array | None) -> pa.Array:
    """Return for each line the value at its place, texts as CODED; without places each line has its own."""
    if not pa.types.is_string(values.type):
        return values if places is None else values.take(places)
    coded = values.dictionary_encode()
    return coded if places is None else pa.DictionaryArray.from_arrays(coded.indices.take(places), coded.dictionary)


def asked_once(texts: pl.Series, value: Callable[[str], object], kind: pl.DataType) -> pl.Series:
    """Return what each text says, null of none."""
    distinct = texts.drop_nulls().unique()
    return texts.replace_strict(distinct, pl.Series([value(text) for text in distinct], dtype=kind), default=None, return_dtype=kind)


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the rows of tables in the order of their lines."""
    if len(tables) == 1:
        return tables[0]
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    numbers = table.column("line_number").to_numpy()
    return recoded(table if (numbers[1:] > numbers[:-1]).all() else table.sort_by("line_number"))


def recoded(table: pa.Table) -> pa.Table:
    """Return rows with their texts in the order of first sight and none that no row has, as if the rows had just been coded: whatever is numbered by texts goes by that."""
    columns = [_recoded(column.combine_chunks()) if pa.types.is_dictionary(column.type) else column for column in table.columns]
    return pa.table(columns, schema=table.schema)


def _recoded(column: pa.DictionaryArray) -> pa.DictionaryArray:
    seen = column.indices.dictionary_encode()
    return pa.DictionaryArray.from_arrays(seen.indices, column.dictionary.take(seen.dictionary))


def decoded(table: pa.Table) -> pa.Table:
    """Return rows with texts as they are written."""
    return pa.table([column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in table.columns], names=table.column_names)


def filled(column: pa.DictionaryArray, other: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return a column with the texts of another where it has none."""
    return column if other.null_count == len(other) else pc.coalesce(column.cast(pa.string()), other.cast(pa.string())).dictionary_encode()


def _gathered(parts: Sequence[Part], names: Collection[str]) -> pl.DataFrame:
    """Return some columns line by line."""
    held = [(part, name) for part in parts for name in part.told.columns if name in names]
    return pl.DataFrame([part.told[name] if part.places is None else part.told[name].gather(pl.Series(part.places)) for part, name in held])


def _arrow(values: pl.Series) -> pa.Array:
    column = values.to_arrow()
    return column.cast(pa.string()) if values.dtype == pl.String else pa.nulls(len(column), pa.string()) if values.dtype == pl.Null else column
