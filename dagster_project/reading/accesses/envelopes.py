"""Unwraps entries from what carried them: streams, queues, webhooks, log shippers, search results and containers hold an entry in a field, a list or a text."""

import base64
import zlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from dagster_project.reading.accesses.entries import Fields, listed

# Where carriers have what they carry, for forms that do not say what an entry is.
_CARRIED = frozenset({
    "CloudTrailEvent", "message", "Message", "Body", "body", "_raw", "@message", "log", "line", "original", "event", "result", "_source", "detail", "Sns", "kinesis", "data",
    "awslogs", "payload", "event_data", "FieldsMap", "Fields",
})  # fmt: skip
_OBJECT = ("{", "[")
_OBJECT_IN_BASE64 = ("ey", "ew", "ID")
_GZIP_IN_BASE64 = "H4sI"
_MOST_BYTES = 1 << 26  # of all that is packed within an entry: few bytes may stand for very many, which may stand for more
_DEEPEST = 6
_SCALARS = frozenset({"BOOL", "N", "S"})


@dataclass(frozen=True)
class Shape:
    """What an entry of a source looks like.

    `known`: names of its fields. `whole`: sets of names, each of which only an entry has completely; an entry carries no other, so that text which a
    user sent cannot pass for an entry. Without `whole`, only the fields in which carriers usually hold entries are looked into.
    """

    known: AbstractSet[str]
    whole: tuple[AbstractSet[str], ...] = ()

    @cached_property
    def _lower(self) -> frozenset[str]:
        return frozenset(name.lower() for name in self.known)

    @cached_property
    def _wholes(self) -> tuple[AbstractSet[str], ...]:
        return (*self.whole, *(frozenset(name.lower() for name in names) for names in self.whole))  # tables of logs write names in lower case

    def is_whole(self, entry: Fields) -> bool:
        """Tell whether an object certainly is an entry."""
        return any(names <= entry.keys() for names in self._wholes)

    def fit(self, entry: Fields) -> int:
        """Return how many of an object's fields are the source's."""
        return sum(name.lower() in self._lower for name in entry)

    def places(self, entry: Fields) -> list[Any]:
        """Return the values in which an object may carry entries."""
        return [value for name, value in entry.items() if self.whole or name in _CARRIED]


class _Opened:
    """Texts within one entry as what they hold."""

    def __init__(self) -> None:
        self._left_bytes = _MOST_BYTES

    def gunzip(self, packed: bytes) -> bytes:
        """Return what gzip opens to; raises ValueError where that is too much, together with all before."""
        opened = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(packed, self._left_bytes) if self._left_bytes else b""
        self._left_bytes -= len(opened)
        if not self._left_bytes:
            raise ValueError
        return opened

    def loaded(self, value: Any) -> Any:
        """Return the value that a text holds as JSON, in base64 and gzip too; None where it holds none."""
        if not isinstance(value, str):
            return _typed(value)
        text: str | bytes = value.strip()
        try:
            if value.startswith(_GZIP_IN_BASE64):
                return orjson.loads(self.gunzip(base64.b64decode(text, validate=True)))
            text = base64.b64decode(text, validate=True) if value.startswith(_OBJECT_IN_BASE64) else text
            return orjson.loads(text) if isinstance(text, bytes) or text.startswith(_OBJECT) else None
        except (ValueError, zlib.error):  # they tell so that they cannot read it
            return None


def unwrapped(entry: Fields, shape: Shape) -> list[Fields]:
    """Return the entries that an object carries if they have more of the source's fields than the object itself, else the object alone."""
    return _unwrapped(entry, shape, _DEEPEST, _Opened())


def _unwrapped(entry: Fields, shape: Shape, deepest: int, opened: _Opened) -> list[Fields]:
    if shape.is_whole(entry):
        return [entry]
    if (inside := listed(entry)) is not None:
        return _each(inside, shape, deepest, opened)
    best, most = [entry], shape.fit(entry)
    for value in shape.places(entry) if deepest else ():
        carried = opened.loaded(value)
        found = _each(carried if isinstance(carried, list) else [carried], shape, deepest - 1, opened)
        if (fit := max(map(shape.fit, found), default=0)) > most:
            best, most = found, fit
    return best


def _each(inside: list[Any], shape: Shape, deepest: int, opened: _Opened) -> list[Fields]:
    """Return what the items of a list carry, of a row of cells the entry among them; an empty one for an item that carries none."""
    found: list[Fields] = []
    for item in inside:
        inner = opened.loaded(item) if shape.whole else item
        if isinstance(inner, dict):
            found += _unwrapped(inner, shape, deepest, opened)
        else:
            cells = _each(inner, shape, deepest - 1, opened) if isinstance(inner, list) and deepest else []
            found += [cell for cell in cells if shape.fit(cell)] or [{}]
    return found


def _typed(value: Any, deepest: int = _DEEPEST) -> Any:
    """Return a value of DynamoDB's JSON, `{"M": {"a": {"S": "x"}}}`, as it is meant."""
    if not isinstance(value, dict) or len(value) != 1 or not deepest:
        return value
    ((kind, inner),) = value.items()
    if kind == "M" and isinstance(inner, dict):
        return {name: _typed(each, deepest - 1) for name, each in inner.items()}
    if kind == "L" and isinstance(inner, list):
        return [_typed(each, deepest - 1) for each in inner]
    return inner if kind in _SCALARS else value
