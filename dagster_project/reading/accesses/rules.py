"""What settings declare for a source: which field fills a column, where account and record are named, which entries are accesses."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.fields import text, values
from dagster_project.reading.accesses.native import EVENTS
from dagster_project.settings import RecordRule, Source

_KINDS = {column.name: column.kind for column in EVENTS}
_PART = re.compile(r"\{([a-z_]+)\}|(\*)")


@cache
def pattern(written: str) -> re.Pattern[str]:
    """Return a pattern of settings as a regular expression: `{name}` matches text without `/`, `*` any text."""
    parts, at = [], 0
    for found in _PART.finditer(written):
        parts += [re.escape(written[at : found.start()]), f"(?P<{found[1]}>[^/]+)" if found[1] else ".*"]
        at = found.end()
    return re.compile("".join([*parts, re.escape(written[at:])]), re.DOTALL)


def fits(fields: Fields, where: Mapping[str, str]) -> list[dict[str, str]] | None:
    """Return the named groups of every match of the patterns `where` (by path), in the order of the entry; None where a pattern matches nowhere."""
    every: list[dict[str, str]] = []
    for path, written in where.items():
        found = [fitting.groupdict() for value in values(fields, path) if (told := text(value)) is not None and (fitting := pattern(written).fullmatch(told))]
        if not found:
            return None
        every += found
    return every


def is_access(fields: Fields, declared: Source) -> bool | None:
    """Tell whether settings call an entry an access; None where they declare nothing."""
    return any(fits(fields, where) is not None for where in declared.accesses) if declared.accesses else None


def taken(declared: Source) -> set[str]:
    """Return the paths of all fields that settings take from the entries of a source."""
    paths = [path for each in declared.fields.values() for path in ([each] if isinstance(each, str) else each)]
    paths += [path for where in (*(rule.where for rule in declared.records), *declared.accesses) for path in where]
    return {path.split("[")[0] for path in paths}


def declared_columns(fields: Fields, declared: Source) -> dict[str, Any]:
    """Return the columns that settings take from an entry."""
    columns = {name: _value(name, fields, (paths,) if isinstance(paths, str) else paths) for name, paths in declared.fields.items()}
    if (outcome := columns.get("outcome")) is not None and declared.denied:
        columns["outcome"] = "denied" if outcome in declared.denied else "ok"
    for rule in declared.records:
        if (found := fits(fields, rule.where)) is not None:
            return columns | _told(found, rule)
    return columns


def _value(name: str, fields: Fields, paths: tuple[str, ...]) -> Any:
    found = next((here for path in paths if (here := list(values(fields, path)))), [])
    if _KINDS[name] == "list":
        return [told for value in found if (told := text(value)) is not None] or None
    first = found[0] if found else None
    return first if isinstance(first, dict) else text(first)


def _told(found: list[dict[str, str]], rule: RecordRule) -> dict[str, Any]:
    """Return the columns that a rule yields; an account only where the entry names just one, several records as a list."""
    several: dict[str, dict[str, None]] = {}
    for groups in found:
        for name, value in groups.items():
            several.setdefault(name, {})[value] = None
    told: dict[str, Any] = {name: next(iter(each)) if len(each) == 1 else None for name, each in several.items()}
    if len(records := several.get("record_id", {})) > 1:
        told["record_ids"] = list(records)
    return told | rule.gives
