"""Reads the fields of an entry by path, `target[type=User].id`; a field that is missing is None, whatever the entry looks like."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import orjson

from dagster_project.reading.accesses.structs import struct
from dagster_project.reading.instants import from_epoch, parsed

_STEP = re.compile(r"([^.\[\]]+)(?:\[([^=\[\]]+)=([^\[\]]*)\])?(?:\.|$)")
_WHOLE = re.compile(r"(\d{1,18})(?:\.0*)?", re.ASCII)


@cache
def _steps(path: str) -> tuple[tuple[str, str, str], ...]:
    return tuple(found.groups("") for found in _STEP.finditer(path))  # type: ignore[misc]  # three groups


def values(fields: Any, path: str) -> list[Any]:
    """Return the values at a path, of a list those of each item; a key equal to the whole path takes precedence over its steps.

    Keys in lower case and objects written as text, as tables of logs have them, are followed too.
    """
    if isinstance(fields, dict) and path in fields:
        return _items(fields[path])
    return _below(fields, _steps(path))


def _below(node: Any, steps: tuple[tuple[str, str, str], ...]) -> list[Any]:
    for place, (key, name, wanted) in enumerate(steps):
        if isinstance(node, str) and node.startswith(("{", "[")):
            node = _loaded(node)
        if isinstance(node, list):
            return [found for item in _flat(node) for found in _below(item, steps[place:])]
        if not isinstance(node, dict):
            return []
        node = node[key] if key in node else node.get(key.lower())
        if name:
            node = [item for item in (node if isinstance(node, list) else [node]) if isinstance(item, dict) and text(item.get(name)) == wanted]
    return _items(node)


def _flat(nested: list[Any]) -> Iterator[Any]:
    """Yield the items of lists within lists, however deep these are."""
    waiting = nested[::-1]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item[::-1]
        else:
            yield item


def _loaded(text: str) -> Any:
    """Return the object that an export wrote as text; None where it is none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return struct(text)


def _items(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def at(fields: Any, *paths: str) -> Any:
    """Return the first value that is not null, path by path."""
    return next((value for path in paths for value in values(fields, path) if value is not None), None)


def object_at(fields: Any, path: str) -> Mapping[str, Any]:
    """Return the object at a path, also where an export wrote it as text; an empty one where there is none."""
    found = at(fields, path)
    loaded = _loaded(found) if isinstance(found, str) else found
    return loaded if isinstance(loaded, dict) else {}


def text(value: Any) -> str | None:
    """Return a scalar as text; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return repr(value) if isinstance(value, int | float) else None


def text_at(fields: Any, *paths: str) -> str | None:
    """Return the first text that is not empty."""
    return next((found for path in paths for value in values(fields, path) if (found := text(value))), None)


def texts_at(fields: Any, *paths: str) -> list[str]:
    """Return every text at the paths that is not empty, each once, in their order."""
    return list(dict.fromkeys(found for path in paths for value in values(fields, path) if (found := text(value))))


def acting(names: Sequence[str]) -> dict[str, Any]:
    """Return the native columns of who acted: the first name is the actor, the others are aliases; an empty text where nobody is named."""
    return {"actor": names[0] if names else "", "actor_aliases": list(names[1:])}


def count(value: Any) -> int | None:
    """Return a whole number that is not negative, also where it is written as text or with a point; None for anything else."""
    found = _WHOLE.fullmatch(text(value) or "")
    return int(found[1]) if found else None


def flag(value: Any) -> bool | None:
    """Return a boolean, also where an export wrote it as text; None for anything else."""
    return {"true": True, "false": False}.get((text(value) or "").lower())


def is_refused(status: str | None) -> bool:
    """Tell whether an HTTP status is 400 to 499, so that nothing was returned."""
    return status is not None and len(status) == len("4xx") and status[0] == "4"


def stamp(value: Any) -> str | None:
    """Return a stamp as text, a number counted from 1970 as ISO 8601."""
    delivered = text(value)
    moment = None if delivered is None or delivered[4:5] == "-" else from_epoch(delivered)
    return delivered if moment is None else moment.isoformat()


def stamp_at(fields: Any, *paths: str) -> str | None:
    """Return the first stamp that can be read, else the first text."""
    told = [found for path in paths for value in values(fields, path) if (found := stamp(value))]
    return next((found for found in told if parsed(found)), told[0] if told else None)


def utc(written: str | None) -> str | None:
    """Return a stamp of a source whose stamps are all in UTC, with the zone added where it is left out."""
    return f"{written}Z" if (read := parsed(written or "")) is not None and read.tzinfo is None else written


def words(text_of_names: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text_of_names.split())


def leaves(fields: Mapping[str, Any], above: str = "", depth: int = 6) -> Iterator[str]:
    """Yield the paths of all values in an entry; a list is one value."""
    for key, value in fields.items():
        if isinstance(value, dict) and value and depth:
            yield from leaves(value, f"{above}{key}.", depth - 1)
        else:
            yield f"{above}{key}"
