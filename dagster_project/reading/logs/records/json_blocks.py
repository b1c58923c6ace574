"""JSON Lines of one shape, loaded by Arrow a block of lines at a time, at about a million lines a second.

The schema is that of some of the block's lines. A block that holds anything else (another key that may name a field, a value of another
type, a line that is no object) is left to json_columns.py, which loads each line by itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from dagster_project.reading.logs.lines import Lines
from dagster_project.reading.logs.records.json_lines import WRITTEN
from dagster_project.reading.logs.records.json_names import TELLING, Names
from dagster_project.reading.pieces import LONGEST_LINE_BYTES

_TYPES = {frozenset({str}): pa.string(), frozenset({int}): pa.int64(), frozenset({float}): pa.float64(), frozenset({int, float}): pa.float64()}
_FEW_KEYS = 64
_FIRST_INEXACT = 2.0**53
"""From here on a double may stand for several whole numbers."""
_OPENING, _CLOSING, _RETURN = b"{}\r"

Columns = dict[str, pl.Series | None]
"""Values by path; null for a column that says nothing."""


def are_objects(lines: Lines) -> npt.NDArray[np.bool_]:
    """Tell which lines are closed, not too long, and begin and end with a brace: where all do, no object begins on one line and ends on another."""
    body = np.frombuffer(lines.body, np.uint8)
    begins, ends, lengths = lines.bounds[:-1], lines.bounds[1:] - 2, lines.lengths()
    ends = ends - (body[ends] == _RETURN)
    found: npt.NDArray[np.bool_] = (body[begins] == _OPENING) & (body[ends] == _CLOSING) & (lengths > len("{}")) & (lengths <= LONGEST_LINE_BYTES)
    if not lines.body.endswith(b"\n"):
        found[-1:] = False
    return found


def are_of_own_keys(records: Sequence[dict[str, object]]) -> bool:
    """Tell whether objects have few of their keys in common: a block of such lines would be columns by the thousand, nearly all of them empty."""
    counts = [_count(record) for record in records]
    return _count(*records) > _FEW_KEYS + 2 * max(counts, default=0)


def _count(*records: dict[str, object]) -> int:
    """Return how many different keys some objects have, those of objects within them too."""
    held: dict[str, list[dict[str, object]]] = {}
    for record in records:
        for key, value in record.items():
            of_key = held.setdefault(key, [])
            if isinstance(value, dict):
                of_key.append(value)
    return len(held) + sum(_count(*inner) for inner in held.values() if inner)


def schema_of(records: Sequence[dict[str, object]]) -> pa.Schema:
    """Return the keys of objects whose values are all of one known type, or objects."""
    return pa.schema(_fields(records))


def _fields(records: Sequence[dict[str, object]]) -> list[pa.Field]:
    fields = []
    for key in dict.fromkeys(key for record in records for key in record):
        values = [record[key] for record in records if record.get(key) is not None]
        kinds = frozenset(map(type, values))
        if kinds == {dict}:
            fields.append(pa.field(key, pa.struct(_fields(values))))  # type: ignore[arg-type]
        elif kinds in _TYPES:
            fields.append(pa.field(key, _TYPES[kinds]))
    return fields


@dataclass(frozen=True)
class Loader:
    """Loads blocks whose lines have the keys of a schema, all of those that say what others mean (`telling`), and others that mean nothing."""

    schema: pa.Schema
    paths: frozenset[str]
    telling: frozenset[str]
    names: Names

    def load(self, lines: Lines, start: int, stop: int) -> Columns | None:
        """Return the columns of the lines from `start` up to `stop`, all of which `are_objects`; null where the block holds anything else."""
        body = memoryview(lines.body)[lines.bounds[start] : lines.bounds[stop]]
        options = pj.ParseOptions(explicit_schema=self.schema, unexpected_field_behavior="infer")
        try:
            found = pj.read_json(pa.BufferReader(body), pj.ReadOptions(use_threads=False, block_size=len(body) + 1), options)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return None
        values = [column.combine_chunks() for column in found.columns]
        if found.num_rows != stop - start or not all(map(_is_finite, values)):
            return None
        told: set[str] = set()
        try:
            columns = dict(self._said("", zip(found.column_names, values, strict=True), told))
        except UnusualColumnError:
            return None
        return columns if columns.keys() <= self.paths and told == self.telling else None

    def _said(self, prefix: str, columns: Iterable[tuple[str, pa.Array]], told: set[str]) -> Iterator[tuple[str, pl.Series | None]]:
        for key, column in columns:
            path, is_object = prefix + key, pa.types.is_struct(column.type)
            if key in TELLING:
                told.add(path)
            if (key in TELLING and column.null_count) or (path == WRITTEN and pa.types.is_string(column.type) and pc.any(pc.starts_with(column, "{")).as_py()):
                raise UnusualColumnError
            if self.names.is_entered(path):
                yield path, None if is_object else _values(column)
                if is_object:
                    if column.null_count:
                        raise UnusualColumnError
                    yield from self._said(f"{path}.", zip((field.name for field in column.type), column.flatten(), strict=True), told)
            elif self.names.is_read(path):
                yield path, None if is_object else _values(column)


class UnusualColumnError(Exception):
    """A column whose lines have to be read one by one."""


def _is_finite(column: pa.Array) -> bool:
    """Tell whether all numbers of a column are such as JSON has: Arrow also reads `NaN` and `Infinity`, as Python writes them."""
    if pa.types.is_struct(column.type) or pa.types.is_list(column.type):
        inner = column.flatten()
        return all(map(_is_finite, inner if isinstance(inner, list) else [inner]))
    return not pa.types.is_floating(column.type) or pc.all(pc.is_finite(column)).as_py() is not False


def _values(column: pa.Array) -> pl.Series | None:
    """Return values as Python would have loaded them, texts or numbers; what says nothing is null."""
    if pa.types.is_null(column.type) or pa.types.is_boolean(column.type):
        return None
    if pa.types.is_list(column.type) and pa.types.is_string(column.type.value_type) and pc.all(pc.equal(pc.list_value_length(column), 1)).as_py():
        column = pc.list_element(column, 0)
    if column.type not in _TYPES.values():
        raise UnusualColumnError
    if pa.types.is_floating(column.type) and pc.any(pc.greater_equal(pc.abs(column), _FIRST_INEXACT)).as_py():
        raise UnusualColumnError
    return pl.Series(column)
