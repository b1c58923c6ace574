"""Cells of ledgers and events as typed Arrow columns; a cell that does not fit is marked, never guessed at."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import NoneType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.errors import ColumnError
from dagster_project.reading.instants import INSTANT, LOCAL, Stamps, from_timestamps, stamps

Kind = Literal["text", "note", "list", "instant", "stamp", "integer", "number", "boolean"]
Mask = npt.NDArray[np.bool_]

TEXTS = pa.list_(pa.string())
STAMP = pa.struct({"instant": INSTANT, "local": LOCAL})
_ARROW: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "note": pa.string(),
    "list": TEXTS,
    "instant": INSTANT,
    "stamp": STAMP,
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}
_DELIVERED_IN_JSON = _ARROW | {"instant": pa.string(), "stamp": pa.string(), "number": pa.string()}
# Arrow takes a text for a list of letters and cuts 30.5 to 30, so these are let through only as what they are.
_PLAIN: dict[Kind, type] = {"list": list, "integer": int}
_INTEGER = r"^[+-]?[0-9]{1,18}(\.0*)?$"
_NUMBER = r"^[+-]?([0-9]{1,9}(\.[0-9]*)?|\.[0-9]+)([eE]-[0-9]{1,2})?$"  # no number of a ledger is longer
# What programs write into a cell for nothing or for a fault, an id of which a spreadsheet has cut the digits, and one that is guarded from that (="0012").
_NOTHING = r"\\N|(?i:null|<null>|\(null\)|\[null\])|NaN|nan|NaT|None|<NA>|#N/A|#[A-Z0-9/]+[!?]|#{3,}|[0-9](\.[0-9]+)?E\+[0-9]{2,}|=\".*\""
_THOUSANDS = r"[0-9]+\.000"  # 1.000 is a thousand in half of Europe
_NO_CELL: dict[Kind, str] = {"text": f"^({_NOTHING})$", "note": f"^({_NOTHING})$", "integer": f"^[+-]?{_THOUSANDS}$"}
_NO_LIST = re.compile(rf"{_NOTHING}|\{{.*\}}", re.DOTALL)  # also PostgreSQL's arrays; an item may hold a comma, as names of LDAP do
_TRUE, _FALSE = pa.array(["true", "t", "yes", "1"]), pa.array(["false", "f", "no", "0"])


@dataclass(frozen=True)
class Column:
    """A declared column. A `note` may be anything, also an object; a `stamp` is an instant that may lack its zone.

    `is_strict`: what only looks like a value refuses its row, as `NULL` in CSV and `{a,b}` for a list do. Not so in events, which must be judged
    whatever somebody typed into them.
    """

    name: str
    kind: Kind = "text"
    is_required: bool = False
    keeps_empty: bool = False  # an empty text is a value, not a missing one
    meaning: str = ""
    is_strict: bool = False

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type of the column once it is read."""
        return _ARROW[self.kind]


@dataclass(frozen=True)
class Cells:
    """A column that was read: null where nothing was delivered; `is_bad` where what was delivered does not fit."""

    values: pa.Array
    is_bad: Mask


def typed(column: Column, delivered: pa.Array, is_bad: Mask | None = None) -> Cells:
    """Read a column delivered as Arrow, of its own type or as text; raises ColumnError for a type that is neither."""
    values = _TYPED[column.kind](column, delivered)
    lost = _mask(pc.and_(pc.is_valid(delivered), pc.is_null(values)))
    if column.kind in ("text", "note") and not column.keeps_empty:
        lost = np.zeros(len(values), bool)  # what was lost are empty texts: none
    return Cells(values, lost if is_bad is None else lost | is_bad)


def from_json(column: Column, values: Sequence[Any], exact: Callable[[], list[Any]]) -> Cells:
    """Read a column of JSON values; `exact` gives them again with every number as its text, for ids compare as text."""
    plain = _PLAIN.get(column.kind)
    if plain is None or set(map(type, values)) <= {plain, NoneType}:
        try:
            return typed(column, pa.array(values, _DELIVERED_IN_JSON[column.kind]))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            pass
    read = partial(_items, is_strict=column.is_strict) if column.kind == "list" else _json_text if column.kind == "note" else _text
    found = [_read(read, value) for value in (exact() if column.kind == "list" or _has_float(values) else values)]
    is_bad = np.array([fits is False for _, fits in found], bool)
    return typed(column, pa.array([cell for cell, _ in found], TEXTS if column.kind == "list" else pa.string()), is_bad)


def from_csv(column: Column, cells: Sequence[str]) -> Cells:
    """Read a column of CSV cells; an empty cell is null."""
    texts = pa.array(cells, pa.string())
    is_none = _mask(pc.match_substring_regex(texts, _NO_CELL[column.kind])) if column.is_strict and column.kind in _NO_CELL else None
    return typed(column, pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts), is_none)


def _has_float(values: Sequence[Any]) -> bool:
    return any(type(value) in (float, list, dict) for value in values)


def _read(read: Callable[[Any], Any], value: Any) -> tuple[Any, bool]:
    if value is None:
        return None, True
    cell = read(value)
    return cell, cell is not None


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if isinstance(value, list | dict | float) else str(value)


def _json_text(value: Any) -> str | None:
    if not isinstance(value, list | dict):
        return _text(value)
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError:  # it nests deeper than anybody writes
        return None


def _items(value: Any, *, is_strict: bool = False) -> list[str] | None:
    """Return the items of a list; null items name nothing and are left out. A text is read as in CSV."""
    if isinstance(value, str):
        return items(value, is_strict=is_strict)
    if not isinstance(value, list):
        return None
    texts = [_text(item) for item in value if item is not None]
    return None if None in texts else [text for text in texts if text is not None]


def items(cell: str, *, is_strict: bool = False) -> list[str] | None:
    """Read a list written in one cell: JSON if it starts with `[`, else split on `;`; None where that cannot be.

    `is_strict`: nor where it is an array as PostgreSQL writes it.
    """
    if not cell.startswith("["):
        return cell.split(";") if cell and not (is_strict and _NO_LIST.fullmatch(cell)) else None
    try:
        return _items(json.loads(cell, parse_int=str, parse_float=str))
    except (ValueError, RecursionError):
        return None


def _mask(marks: pa.Array) -> Mask:
    return np.asarray(marks.to_numpy(zero_copy_only=False), bool)


def _as_text(column: Column, delivered: pa.Array) -> pa.Array:
    """Return any scalar column as text."""
    kind = delivered.type
    if pa.types.is_dictionary(kind):
        return _as_text(column, delivered.dictionary_decode())
    if pa.types.is_nested(kind) or pa.types.is_temporal(kind):
        raise ColumnError(column.name, "it should hold text; write it as string", "column_type")
    try:
        return delivered.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise ColumnError(column.name, "it is not UTF-8 text; write it as string", "column_type") from None


def _has_exact_texts(kind: pa.DataType) -> bool:
    """Tell whether the values of a type have one text each: those of fractions do not, nor have bytes of a fixed length, which are keys and UUIDs."""
    if pa.types.is_dictionary(kind) or pa.types.is_nested(kind):
        return _has_exact_texts(kind.value_type) if hasattr(kind, "value_type") else False
    is_fraction = pa.types.is_floating(kind) or (pa.types.is_decimal(kind) and kind.scale != 0)
    return not (is_fraction or pa.types.is_fixed_size_binary(kind) or pa.types.is_temporal(kind))


def _exact_texts(column: Column, delivered: pa.Array) -> pa.Array:
    """Return a scalar column of ids and names as text; an id that comes as 17.0 or NaN is another one."""
    if delivered.null_count < len(delivered) and not _has_exact_texts(delivered.type):
        raise ColumnError(column.name, "it should hold text; write it as string", "column_type")
    return _as_text(column, delivered)


def _typed_text(column: Column, delivered: pa.Array) -> pa.Array:
    texts = _exact_texts(column, delivered)
    if column.keeps_empty:
        return texts
    is_empty = pc.equal(texts, "")
    return pc.if_else(is_empty, pa.scalar(None, pa.string()), texts) if pc.any(is_empty).as_py() else texts


def _typed_note(column: Column, delivered: pa.Array) -> pa.Array:
    if not pa.types.is_nested(delivered.type) and not pa.types.is_temporal(delivered.type):
        return _typed_text(column, delivered)
    values = delivered.to_pylist()
    return pa.array([None if value is None else orjson.dumps(value, default=str).decode() for value in values], pa.string())


def _typed_list(column: Column, delivered: pa.Array) -> pa.Array:
    kind = delivered.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        if not _has_exact_texts(kind):
            raise ColumnError(column.name, "it should be list<string>; write it so", "column_type")
        try:
            lists = delivered.cast(TEXTS)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise ColumnError(column.name, "it should be list<string>; write it so", "column_type") from None
        if not lists.flatten().null_count:
            return lists
        return pa.array([None if row is None else [item for item in row if item is not None] for row in lists.to_pylist()], TEXTS)
    cells = _exact_texts(column, delivered).dictionary_encode()
    return pa.array([None if cell is None else items(cell, is_strict=column.is_strict) for cell in cells.dictionary.to_pylist()], TEXTS).take(cells.indices)


def _stamps(column: Column, delivered: pa.Array) -> Stamps:
    kind = delivered.type
    if pa.types.is_timestamp(kind):
        return from_timestamps(delivered)
    if pa.types.is_nested(kind) or pa.types.is_temporal(kind):  # a date is no instant
        return Stamps(pa.nulls(len(delivered), INSTANT), pa.nulls(len(delivered), LOCAL))
    return stamps(_as_text(column, delivered))


def _typed_instant(column: Column, delivered: pa.Array) -> pa.Array:
    return _stamps(column, delivered).instants


def _typed_stamp(column: Column, delivered: pa.Array) -> pa.Array:
    read = _stamps(column, delivered)
    is_missing = pc.and_(pc.is_null(read.instants), pc.is_null(read.local))
    return pa.StructArray.from_arrays([read.instants, read.local], fields=list(STAMP), mask=is_missing)


def _typed_integer(column: Column, delivered: pa.Array) -> pa.Array:
    if pa.types.is_signed_integer(delivered.type):
        return delivered.cast(pa.int64())
    if pa.types.is_floating(delivered.type):
        return _whole_numbers(delivered)
    texts = _as_text(column, delivered)
    if pa.types.is_decimal(delivered.type):  # its scale says how many digits are behind the point, whatever they are
        texts = pc.replace_substring_regex(texts, r"\.0*$", "")
    return pc.replace_substring_regex(_matching(texts, _INTEGER), r"^\+|\.0*$", "").cast(pa.int64())


def _whole_numbers(fractions: pa.Array) -> pa.Array:
    """Return the whole numbers among floating ones, as exporters write a column with gaps; null for all that is none, or larger than is exact."""
    is_whole = pc.and_(pc.less_equal(pc.abs(fractions), 1 << 53), pc.equal(pc.floor(fractions), fractions))
    return pc.if_else(is_whole, fractions, pa.scalar(None, fractions.type)).cast(pa.int64())


def _typed_number(column: Column, delivered: pa.Array) -> pa.Array:
    return _matching(pc.replace_substring_regex(_as_text(column, delivered), r"^\+", ""), _NUMBER).cast(pa.float64())


def _typed_boolean(column: Column, delivered: pa.Array) -> pa.Array:
    if pa.types.is_boolean(delivered.type):
        return delivered
    texts = pc.ascii_lower(_as_text(column, delivered))
    is_true, is_false = pc.is_in(texts, _TRUE), pc.is_in(texts, _FALSE)
    return pc.if_else(pc.or_(is_true, is_false), is_true, pa.scalar(None, pa.bool_()))


def _matching(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.if_else(pc.match_substring_regex(texts, pattern), texts, pa.scalar(None, pa.string()))


_TYPED: dict[Kind, Callable[[Column, pa.Array], pa.Array]] = {
    "text": _typed_text,
    "note": _typed_note,
    "list": _typed_list,
    "instant": _typed_instant,
    "stamp": _typed_stamp,
    "integer": _typed_integer,
    "number": _typed_number,
    "boolean": _typed_boolean,
}
