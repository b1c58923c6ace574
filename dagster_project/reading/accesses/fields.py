"""Fields of an entry by their paths, `target[type=User].id`; whatever an entry looks like, a field that is not there is None."""

import re
from collections.abc import Iterator, Mapping
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
    """Return what stands at a path, of lists what stands in each item; a key that is the whole path goes before its steps.

    Tables of logs write keys in lower case, and objects as text: both are followed.
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
    """Return what stands at the first of the paths where something does: of lists the first item."""
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


def count(value: Any) -> int | None:
    """Return a whole number that is not negative, also where it is written as text or with a point; None for anything else."""
    found = _WHOLE.fullmatch(text(value) or "")
    return int(found[1]) if found else None


def flag(value: Any) -> bool | None:
    """Return whether something is so, also where an export wrote it as text; None for anything else."""
    return {"true": True, "false": False}.get((text(value) or "").lower())


def is_refused(status: str | None) -> bool:
    """Tell whether a status of HTTP says that nothing was given because of the request: 400 to 499."""
    return status is not None and len(status) == len("4xx") and status[0] == "4"


def stamp(value: Any) -> str | None:
    """Return a stamp as text; a number that counts from 1970 as the instant it stands for."""
    delivered = text(value)
    moment = None if delivered is None or delivered[4:5] == "-" else from_epoch(delivered)
    return delivered if moment is None else moment.isoformat()


def stamp_at(fields: Any, *paths: str) -> str | None:
    """Return the first stamp that can be read, else the first text."""
    told = [found for path in paths for value in values(fields, path) if (found := stamp(value))]
    return next((found for found in told if parsed(found)), told[0] if told else None)


def utc(written: str | None) -> str | None:
    """Return a stamp of a source that writes all of them in UTC, with its zone where it has left that out."""
    return f"{written}Z" if (read := parsed(written or "")) is not None and read.tzinfo is None else written


def words(text_of_names: str) -> frozenset[str]:
    """Return names that stand in a text, as a set."""
    return frozenset(text_of_names.split())


def leaves(fields: Mapping[str, Any], above: str = "", depth: int = 6) -> Iterator[str]:
    """Yield the paths of all that stands in an entry; a list is one leaf."""
    for key, value in fields.items():
        if isinstance(value, dict) and value and depth:
            yield from leaves(value, f"{above}{key}.", depth - 1)
        else:
            yield f"{above}{key}"
