"""Replaces the names of staff by numbers, in every row and sentence of a report that does not name them."""

import re
from collections.abc import Mapping
from typing import Any

import duckdb

from dagster_project.engines.catalog import questions

_WORD = re.compile(r"[\w@+-]+(?:\.[\w@+-]+)*")
_NAMED = ("staff_id", "grantee_id", "reviewed_by_staff_id")
_WORDED = ("summary", "sentence")


def staff_numbers(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return a number for each member of staff, in the order in which they first reached a record: it cannot be told from the names."""
    return {row[0]: f"staff-{number}" for number, row in enumerate(connection.execute(questions("report")["staff"]).fetchall(), 1)}


def numbered(found: Any, numbers: Mapping[str, str]) -> Any:
    """Return rows, at any depth, with numbers for ids of staff; also within sentences, as whole words."""
    if isinstance(found, list):
        return [numbered(each, numbers) for each in found]
    if not isinstance(found, dict):
        return found
    return {name: _numbered(name, value, numbers) for name, value in found.items()}


def _numbered(name: str, value: Any, numbers: Mapping[str, str]) -> Any:
    if name in _NAMED and isinstance(value, str):
        return numbers.get(value, value)
    if name in _WORDED and isinstance(value, str):
        for long in (staff for staff in numbers if not _WORD.fullmatch(staff)):
            value = value.replace(long, numbers[long])
        return _WORD.sub(lambda word: numbers.get(word.group(), word.group()), value)
    return numbered(value, numbers)
