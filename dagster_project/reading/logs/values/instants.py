"""The instants of log lines, in every notation that servers use; those of a notation of one's own are in strftime.py."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from dagster_project.reading.instants import from_epoch

FIRST_YEAR, LAST_YEAR = 1990, 2099

ZONES = {
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9,
}  # fmt: skip
"""Hours from UTC of zones by name: those of RFC 5322 and the unambiguous ones of Europe and Japan; any other is no time."""
ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan janv ene gen", "feb febr fvr fev fv", "mar mars mr mrz mrt maa", "apr avr avril abr", "may mai mag mei", "jun juin giu",
         "jul juil lug", "aug aot ao ago", "sep sept set", "oct okt ott out", "nov", "dec dez dic dc"), 1
    )
    for name in names.split()
}  # fmt: skip
"""What `%b` writes in English, German, French, Spanish, Italian, Portuguese and Dutch, of which only the letters of ASCII count."""
_CLF = re.compile(rf"\[?(\d{{1,2}})/([^\s\d/:]{{3,5}})/(\d{{4}})[: ](\d{{1,2}}):(\d\d):(\d\d)(?:[.,](\d{{1,9}}))?(?: ?(Z|UTC|GMT|{'|'.join(ZONES)}|[+-]\d\d:?\d\d))?\]?")
_AMERICAN = re.compile(r"\[?(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)(?:,? |:)(\d{1,2}):(\d\d):(\d\d)(?: ([+-]\d{4}))?\]?")
"""The month first: cPanel, and IIS's own format."""
_WORDS = re.compile(
    r"(?:[A-Z][a-z]{2},? )?(?:(\d{1,2})[ -]([^\s\d:-]{3,5})[ -](\d{4})|([A-Z][a-z]{2}) {1,2}(\d{1,2})) (\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?: (Z|UTC|GMT|[+-]\d{4}))?(?: (\d{4}))?"
)
"""HTTP's own dates, with dashes too, and what C's `asctime` writes."""
_BEFORE_OFFSET = re.compile(r" (?=[+-]\d\d:?\d\d$)")
_EPOCH = re.compile(r"\d{9,19}(?:\.\d+)?")
_DAY = re.compile(r"\s*\d{4}[-/]?\d\d[-/]?\d\d\s*")
"""A day alone is no instant: its requests were not all at midnight."""


@lru_cache(maxsize=65536)
def instant(value: str) -> datetime | None:
    """Return the instant of a server's own notation, of ISO 8601 or of an epoch (its unit told by its size), in UTC.

    What carries no zone is taken for UTC. The leap second counts as the second before it.
    """
    if _EPOCH.fullmatch(value):
        return from_epoch(value)
    try:
        if found := _CLF.fullmatch(value):
            return _clf(found)
        if found := _AMERICAN.fullmatch(value):
            return _american(found)
        if found := _WORDS.fullmatch(value):
            return _worded(found)
        return None if _DAY.fullmatch(value) else zoned(datetime.fromisoformat(no_leap(_BEFORE_OFFSET.sub("", value.strip().replace("/", "-").replace(",", ".")))))
    except (ValueError, KeyError, OverflowError):
        return None


def _clf(found: re.Match[str]) -> datetime:
    day, month, year, hour, minute, second, fraction, zone = found.groups()
    zone = "Z" if zone in (None, "UTC", "GMT") else f"{ZONES[zone]:+03d}00" if zone in ZONES else zone
    whole = f"{year}-{_month(month):02d}-{int(day):02d}T{hour:0>2}:{minute}:{second}.{(fraction or '0')[:6]:0<6}{zone}"
    return zoned(datetime.fromisoformat(no_leap(whole)))


def _worded(found: re.Match[str]) -> datetime:
    """Return the instant of a date in words; raises ValueError where it has no year or two."""
    day, month, year, month_before, day_behind, clock, fraction, zone, year_behind = found.groups()
    zone = "Z" if zone in (None, "UTC", "GMT") else zone
    whole = f"{year or ''}{year_behind or ''}-{_month(month or month_before):02d}-{int(day or day_behind):02d}T{clock}.{(fraction or '0')[:6]:0<6}{zone}"
    return zoned(datetime.fromisoformat(no_leap(whole)))


def _month(name: str) -> int:
    """Return the number of a month by its short name; raises KeyError for any other text."""
    return MONTHS[letters_of(name)]


def letters_of(name: str) -> str:
    """Return the letters of ASCII in a name, in lower case."""
    return re.sub("[^a-z]", "", name.lower())


def _american(found: re.Match[str]) -> datetime:
    month, day, year, hour, minute, second, zone = found.groups()
    whole = f"{f'20{year}'[-4:]}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute}:{second}{zone or 'Z'}"
    return zoned(datetime.fromisoformat(no_leap(whole)))


def no_leap(value: str) -> str:
    """Return a time with the second before it in place of a leap second."""
    return re.sub(r"(:\d\d):60", r"\1:59", value)


def zoned(moment: datetime) -> datetime:
    """Return a moment in UTC; what carries no zone is taken for it."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
