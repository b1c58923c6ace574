"""Entries without what carried them: CloudWatch and its subscriptions, EventBridge, SNS, SQS, Kinesis, Pub/Sub, CloudTrail's look-up, shippers, searches and containers."""

import base64
import zlib
from collections.abc import Set as AbstractSet
from typing import Any

import orjson

from dagster_project.reading.accesses.entries import Fields, listed

# Where one carrier or another has what it carries: a JSON object, as itself, as text or in base64.
_CARRIED = (
    "CloudTrailEvent",
    "message",
    "Message",
    "Body",
    "body",
    "_raw",
    "@message",
    "log",
    "line",
    "original",
    "event",
    "result",
    "_source",
    "detail",
    "Sns",
    "kinesis",
    "data",
    "awslogs",
    "payload",
    "event_data",
    "FieldsMap",
    "Fields",
)
_ANY_CARRIED = frozenset(_CARRIED)
_OBJECT = ("{", "[")
_OBJECT_IN_BASE64 = ("ey", "ew", "ID")
_GZIP_IN_BASE64 = "H4sI"
_MOST_BYTES = 1 << 26  # of what is packed within an entry
_DEEPEST = 6


def unwrapped(entry: Fields, known: AbstractSet[str], deepest: int = _DEEPEST) -> list[Fields]:
    """Return what an entry carries if that has more of the `known` fields of its source than the entry itself, else the entry; of a list each."""
    if (inside := listed(entry)) is not None:
        return _each(inside, known, deepest)
    best, most = [entry], _fit(entry, known)
    for name in () if not deepest or _ANY_CARRIED.isdisjoint(entry) else _CARRIED:
        if name not in entry:
            continue
        carried = _loaded(entry[name])
        found = _each(carried if isinstance(carried, list) else [carried], known, deepest - 1)
        if (fit := max((_fit(inner, known) for inner in found), default=0)) > most:
            best, most = found, fit
    return best


def _each(inside: list[Any], known: AbstractSet[str], deepest: int) -> list[Fields]:
    return [found for inner in inside if isinstance(inner, dict) for found in unwrapped(inner, known, deepest)]


def _fit(entry: Fields, known: AbstractSet[str]) -> int:
    return len(known & entry.keys())


def _loaded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text: str | bytes = value.strip()
    try:
        if value.startswith(_GZIP_IN_BASE64):
            return orjson.loads(zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(base64.b64decode(text, validate=True), _MOST_BYTES))
        text = base64.b64decode(text, validate=True) if value.startswith(_OBJECT_IN_BASE64) else text
        return orjson.loads(text) if isinstance(text, bytes) or text.startswith(_OBJECT) else None
    except (ValueError, zlib.error):  # they tell so that they cannot read it
        return None
