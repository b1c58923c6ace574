"""A layout as the items between its quotes and separators, which its lines are cut into."""

import re
from dataclasses import replace

from dagster_project.reading.logs.automata import can_be_compiled, is_irregular
from dagster_project.reading.logs.layouts.layout import Field, Layout

Joint = tuple[str | Field, ...]
"""Literals and fields without a blank between them, each field with a pattern."""
Content = str | Field | Joint
"""What an item holds."""
Sections = tuple[tuple[Content, ...], ...]
"""The items between one quote and the next: a literal that must stand there, a field, or a joint of them."""

RANKED = {"client", "client_port", "client_header", "forwarded_for", "host", "user", "user_agent", "referer", "status", "bytes", "total"}
"""Fields that may stand at several places of a line."""
_REST = {"rest", "more"}


def sections(layout: Layout) -> Sections | None:
    """Return a layout's items by section, null where only its pattern can tell them apart."""
    if layout.time_pattern or layout.day or not layout.suits_columns or not _has_known_names(layout):
        return None
    found = _sections(layout)
    items = [item for section in found for item in section]
    fields = [part for item in items for part in (item if isinstance(item, tuple) else [item]) if isinstance(part, Field)]
    is_told = len(found) % 2 == 1 and all(isinstance(section[0], Field) for section in found[1::2])
    is_told = is_told and not any(is_irregular(field.plain or field.pattern or "") for field in fields)
    return found if is_told and all(can_be_compiled(f"^{joint_pattern(item)}$") for item in items if isinstance(item, tuple)) else None


def _has_known_names(layout: Layout) -> bool:
    """Tell whether a line has a time, in one field or two, and no name stands twice but those in RANKED."""
    names = [field.name for field in layout.fields if field.name and not field.is_part]
    return names.count("time") in (1, 2) and all(names.count(name) == 1 for name in {*names} - RANKED - {"time"})


def _sections(layout: Layout) -> Sections:
    """Cut a layout at its quotes, and at its separators outside quotes."""
    marked = "".join(part if isinstance(part, str) else f"\0{at}\0" for at, part in enumerate(layout.parts))
    found: list[tuple[Content, ...]] = []
    for index, section in enumerate(marked.split('"')):
        texts = [section] if index % 2 else section.split(layout.separator)
        found.append(tuple(item for text in texts for item in _items(text, layout)))
    return tuple(found)


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


def is_rest(part: Content) -> bool:
    """Tell whether a part is what stands behind all else, from the blank before it."""
    return isinstance(part, Field) and part.name in _REST
