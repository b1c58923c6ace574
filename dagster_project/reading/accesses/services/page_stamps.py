"""Stamps as a web page formats them, `3/25/2026, 12:00:00 PM PST`; whether the day comes first is inferred from all stamps of a download together."""

import re
from collections.abc import Iterable

from dagster_project.reading.accesses.postgres.server_stamps import iso
from dagster_project.zones import is_zone

_DATE = r"(?P<one>\d{1,2})(?P<between>[./-])(?P<two>\d{1,2})(?P=between)(?P<year>\d{4})"
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?:\s?(?P<half>[ap])\.?\s?m\.?)?"
_WRITTEN = re.compile(rf"{_DATE},?\s{_TIME}(?:\s(?P<zone>\S+))?", re.IGNORECASE | re.ASCII)
_FIRST_CELL = re.compile(rf'^"?{_DATE},?\s'.encode(), re.MULTILINE | re.ASCII)
_MONTHS = 12


def is_day_first(bodies: Iterable[bytes]) -> bool | None:
    """Tell whether the first cells of a CSV have the day before the month; None where they do not show it, or contradict each other."""
    found = {(int(each["one"]), int(each["two"]), each["between"]) for body in bodies for each in _FIRST_CELL.finditer(body)}
    told = {first > _MONTHS for first, second, _ in found if (first > _MONTHS) != (second > _MONTHS)} | {True for *_, between in found if between == b"."}
    return told.pop() if len(told) == 1 else None


def page_stamp(written: str, zone: str | None, *, day_first: bool | None) -> str | None:
    """Return a stamp as ISO 8601; None where it is none or is ambiguous. A zone's abbreviation counts only if the declared zone uses it at that time."""
    found = _WRITTEN.fullmatch(written)
    if found is None or day_first is None:
        return None
    day, month = (found["one"], found["two"]) if day_first else (found["two"], found["one"])
    hour = int(found["hour"]) if not found["half"] else int(found["hour"]) % 12 + (12 if found["half"] in "pP" else 0)
    local = f"{found['year']}-{int(month):02}-{int(day):02} {hour:02}:{found['minute']}:{found['second'] or '00'}"
    told = iso(f"{local} {found['zone']}" if found["zone"] else local, zone)
    is_foreign = found["zone"] is not None and zone is not None and is_zone(zone) and not _is_zoned(told)
    return None if is_foreign else told


def _is_zoned(stamp: str | None) -> bool:
    return stamp is not None and re.search(r"(?:Z|[+-]\d\d:?\d\d)$", stamp) is not None
