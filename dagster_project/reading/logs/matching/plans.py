"""What a line consists of, and where each item of it ends, as the arrays that compiled code reads (cutting.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

ODD = b"\\\0\t\r\v\f\x1b\x1c\x1d\x1e\x1f"
"""Bytes that leave a line to the exact pattern, unless they separate its fields."""
_QUOTE = b'"'
_SEPARATOR, _QUOTES, _ODD = 1, 2, 4  # kinds of bytes
_NONE = -1
_ITEM = np.dtype(
    [*((name, "u1") for name in ("end", "stops", "is_quoted", "extends", "is_whole", "is_glued")), *((name, "i8") for name in ("column", "literal_at", "literal_size"))]
)


@dataclass(frozen=True)
class Item:
    """What stands in a line before the next sign: `end`, one byte, empty at the end of a line.

    `column`: where its text is kept, none if it is dropped; one that `extends` its column goes on with the text of the item before it.
    `literal`: what it must be. `is_whole`: it holds something, and no comma or blank at an end. `is_glued`: its sign, or the end of the line, belongs to the
    next item. `may_hold`: signs that do not end it.
    """

    end: bytes
    column: int | None = None
    extends: bool = False
    literal: bytes | None = None
    is_whole: bool = False
    is_glued: bool = False
    may_hold: bytes = b""


@dataclass(frozen=True)
class Plan:
    """The items of a line; the kind of each byte, of which some end an item; literals, one behind the other; and how many columns there are."""

    items: npt.NDArray[Any]
    kinds: npt.NDArray[np.uint8]
    literals: npt.NDArray[np.uint8]
    columns: int


def plan(items: Sequence[Item], separator: bytes) -> Plan:
    """Return items as a plan; signs are the separator and the quote."""
    kinds = np.zeros(256, np.uint8)
    for byte in set(ODD) - set(separator):
        kinds[byte] |= _ODD
    kinds[ord(separator)] |= _SEPARATOR
    kinds[ord(_QUOTE)] |= _QUOTES
    literals, rows = b"", []
    for item in items:
        stops = _ODD | (0 if separator in item.may_hold else _SEPARATOR) | (0 if _QUOTE in item.may_hold else _QUOTES)
        column, size = _NONE if item.column is None else item.column, _NONE if item.literal is None else len(item.literal)
        rows.append((item.end[0] if item.end else 0, stops, separator in item.may_hold, item.extends, item.is_whole, item.is_glued, column, len(literals), size))
        literals += item.literal or b""
    columns = 1 + max((item.column for item in items if item.column is not None), default=_NONE)
    return Plan(np.array(rows, _ITEM), kinds, np.frombuffer(literals + b"\0", np.uint8), columns)
