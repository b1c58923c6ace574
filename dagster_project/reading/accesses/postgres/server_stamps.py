"""Stamps of PostgreSQL's server log, whose zone is an offset, UTC, or an abbreviation that many zones use."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dagster_project.reading.accesses.fields import stamp
from dagster_project.zones import is_zone

_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:[.,]\d+)?)(?: (?:(UTC|GMT|UCT|Z)|([+-]\d\d(?::?\d\d)?)|(\S+)))?", re.ASCII)


def iso(written: str | None, zone: str | None) -> str | None:
    """Return a stamp of the log as ISO 8601: with its offset, in UTC, or by an abbreviation that the declared zone uses then; else without a zone."""
    found = _WRITTEN.fullmatch(written or "")
    if found is None:
        return stamp(written)
    local = f"{found[1]}T{found[2].replace(',', '.')}"
    if found[3]:
        return f"{local}Z"
    if found[4]:
        return local + found[4]
    return local + _offset(local, found[5], zone)


def _offset(local: str, abbreviation: str | None, zone: str | None) -> str:
    if zone is None or abbreviation is None or not is_zone(zone):
        return ""
    try:
        at = datetime.fromisoformat(local)
    except ValueError:
        return ""
    each = [at.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1)]
    offsets = {moment.utcoffset() for moment in each if moment.tzname() == abbreviation}
    offset = offsets.pop() if len(offsets) == 1 else None
    if offset is None:
        return ""
    minutes = offset // timedelta(minutes=1)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
