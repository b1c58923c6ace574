"""The instants of log lines, in every notation that servers use."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

FIRST_YEAR, LAST_YEAR = 1990, 2099

_MONTHS = {name: number for number, name in enumerate(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)}
_CLF = re.compile(r"\[?(\d{1,2})/(\w{3})/(\d{4})[: ](\d{1,2}):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ?(Z|UTC|GMT|[+-]\d\d:?\d\d))?\]?")
_EPOCH = re.compile(r"\d{9,19}(?:\.\d+)?")


@lru_cache(maxsize=65536)
def instant(value: str) -> datetime | None:
    """Return the instant of a server's own notation, of ISO 8601 or of an epoch (its unit told by its size), in UTC.

    What carries no zone is taken for UTC. The leap second counts as the second before it.
    """
    if _EPOCH.fullmatch(value):
        return _epoch(value)
    try:
        if found := _CLF.fullmatch(value):
            return _clf(found)
        return _zoned(datetime.fromisoformat(_no_leap(value.replace("/", "-").replace(",", "."))))
    except (ValueError, KeyError, OverflowError):
        return None


def _clf(found: re.Match[str]) -> datetime:
    day, month, year, hour, minute, second, fraction, zone = found.groups()
    zone = "Z" if zone in (None, "UTC", "GMT") else zone
    whole = f"{year}-{_MONTHS[month.title()]:02d}-{int(day):02d}T{hour:0>2}:{minute}:{second}.{(fraction or '0')[:6]:0<6}{zone}"
    return _zoned(datetime.fromisoformat(_no_leap(whole)))


def _no_leap(value: str) -> str:
    return re.sub(r"(:\d\d):60", r"\1:59", value)


def _zoned(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _epoch(value: str) -> datetime | None:
    whole, _, fraction = value.partition(".")
    exponent = (len(whole) - 8) // 3 * 3 if len(whole) > 11 else 0
    microseconds = int(whole + fraction[:6].ljust(6, "0")) // 10**exponent
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    except OverflowError:
        return None


def patterned(value: str, pattern: str) -> datetime | None:
    """Return the instant of a time that has a strptime pattern of its own."""
    try:
        return _zoned(datetime.strptime(_no_leap(value), pattern))  # noqa: DTZ007 - without a zone it is UTC
    except (ValueError, OverflowError):
        return None
