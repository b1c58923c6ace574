"""A layout as the items between its quotes and separators, which its lines are cut into."""

import re
from dataclasses import replace
from itertools import pairwise

import polars as pl

from dagster_project.reading.logs.layouts import GOES_ON, Field, Layout

Joint = tuple[str | Field, ...]
"""Literals and fields without a blank between them, each field with a pattern."""
Content = str | Field | Joint
"""What an item holds."""
Sections = tuple[tuple[Content, ...], ...]
"""The items between one quote and the next: a literal that must stand there, a field, or a joint of them."""

RANKED = {"client", "client_port", "client_header", "forwarded_for", "host", "user", "user_agent", "referer", "status", "bytes", "total"}
"""Fields that may stand at several places of a line."""
_REST = {"rest", "more"}
_IRREGULAR = re.compile(r"\(\?<?[=!]|\(\?>|[*+?}]\+")
"""What automata cannot do: look around, never give a match back."""


def sections(layout: Layout) -> Sections | None:
    """Return a layout's items by section, null where only its pattern can tell them apart."""
    names = [field.name for field in layout.fields if field.name and not field.is_part]
    times = names.count("time")
    if ("forwarded_for" in names and "client" not in names) or layout.time_pattern or is_glued(layout):
        return None
    if times not in (1, 2) or {"bytes", "total"} <= set(names) or any(names.count(name) > 1 for name in {*names} - RANKED - {"time"}):
        return None
    marked = "".join(part if isinstance(part, str) else f"\0{at}\0" for at, part in enumerate(layout.parts))
    cut: list[list[Content]] = []
    for index, section in enumerate(marked.split('"')):
        items: list[Content] = []
        for text in [section] if index % 2 else section.split(layout.separator):
            items += _items(text, layout)
        cut.append(items)
    fields = [part for section in cut for item in section for part in (item if isinstance(item, tuple) else [item]) if isinstance(part, Field)]
    if len(cut) % 2 == 0 or any(not isinstance(section[0], Field) for section in cut[1::2]) or any(is_irregular(field.plain or field.pattern or "") for field in fields):
        return None
    if any(not _can_be_made(joint_pattern(item)) for section in cut for item in section if isinstance(item, tuple)):
        return None
    return tuple(map(tuple, cut))


def _items(text: str, layout: Layout) -> list[Content]:
    """Return the items between two separators or quotes; a field that goes on to the end of the line is an item of its own."""
    literals, places = re.split("\0\\d+\0", text), [int(place) for place in re.findall("\0(\\d+)\0", text)]
    fields: list[Field] = [field for place in places if isinstance(field := layout.parts[place], Field)]
    if fields and is_rest(fields[-1]) and text.endswith("\0") and len(literals) > 2:
        return [*_items(text[: text.rindex("\0", 0, -1)], layout), fields[-1]]
    if literals == ["[", "]"] and fields[0].name == "time" and not (fields[0].pattern or fields[0].plain):
        return [fields[0], Field("zone")]
    if literals == ["", ""]:
        return list[Content](fields)
    if not fields:
        return [text]
    parts: list[str | Field] = [literals[0]]
    for field, place, literal in zip(fields, places, literals[1:], strict=True):
        parts += [replace(field, pattern=layout.patterns[place]), literal]
    return [tuple(part for part in parts if part)]


def joint_pattern(joint: Joint) -> str:
    """Return the pattern of a joint, with a group for each field."""
    return "".join(re.escape(part) if isinstance(part, str) else f"({part.plain or part.pattern})" for part in joint)


def _can_be_made(pattern: str) -> bool:
    """Tell whether the automaton of a pattern is not too large, as counts within counts make it."""
    try:
        pl.Series([""]).str.extract_groups(f"^{pattern}$")
    except pl.exceptions.ComputeError:
        return False
    return True


def is_irregular(pattern: str) -> bool:
    """Tell whether a pattern asks for what automata cannot do."""
    return bool(_IRREGULAR.search(pattern))


def is_glued(layout: Layout) -> bool:
    """Tell whether a field's plain pattern is not certain to find where it ends, or begins: what stands beside it may go on with it."""
    return any(
        isinstance(field, Field) and field.plain and (not beside.pattern if isinstance(beside, Field) else at and GOES_ON.match(beside))
        for pair in pairwise(layout.parts)
        for at, (field, beside) in enumerate((pair[::-1], pair))
    )


def is_rest(part: Content) -> bool:
    """Tell whether a part is what stands behind all else, from the blank before it."""
    return isinstance(part, Field) and part.name in _REST
