"""Structs and maps as SQL engines print them in a cell, `{type=Role, sessioncontext={attributes={}}}`: not JSON, and without quotes."""

import re
from functools import lru_cache
from typing import Any

_NAME = re.compile(r"([\w.-]+)=", re.ASCII)
_PLAIN = re.compile(r"(?:(?!, [\w.-]+=)[^{}\[\]])*", re.ASCII)
_ITEM = re.compile(r"(?:(?!, )[^{}\[\]])*", re.ASCII)
_NOTHING = ("", "null")
_DEEPEST = 16


@lru_cache(maxsize=256)
def struct(text: str) -> Any:
    """Return what a cell holds as objects, lists and texts; None where it could be read in two ways: a name twice, or a value with braces."""
    try:
        value, end = _value(text, 0, _PLAIN, _DEEPEST)
    except ValueError:
        return None
    return value if end == len(text) and not isinstance(value, str) else None


def _value(text: str, at: int, plain: re.Pattern[str], deepest: int) -> tuple[Any, int]:
    if not deepest:
        raise ValueError
    if text.startswith("{", at):
        return _object(text, at + 1, deepest)
    if text.startswith("[", at):
        return _list(text, at + 1, deepest)
    end = plain.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
    return (None if text[at:end] in _NOTHING else text[at:end]), end


def _object(text: str, at: int, deepest: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    while not text.startswith("}", at):
        name = _NAME.match(text, at)
        if name is None or name[1] in found:
            raise ValueError
        found[name[1]], at = _value(text, name.end(), _PLAIN, deepest - 1)
        at = _next(text, at, "}")
    return found, at + 1


def _list(text: str, at: int, deepest: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    while not text.startswith("]", at):
        item, at = _value(text, at, _ITEM, deepest - 1)
        found.append(item)
        at = _next(text, at, "]")
    return found, at + 1


def _next(text: str, at: int, end: str) -> int:
    """Return where the next item begins, or the end stands."""
    if text.startswith(", ", at):
        return at + len(", ")
    if not text.startswith(end, at):
        raise ValueError
    return at
