"""The instants of log lines, in every notation that servers use."""

import re
from datetime import UTC, datetime
from functools import lru_cache, partial

from dagster_project.reading.instants import from_epoch

FIRST_YEAR, LAST_YEAR = 1990, 2099

_ZONES = {
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9,
}  # fmt: skip
"""Hours from UTC of zones by name: those of RFC 5322 and the unambiguous ones of Europe and Japan; any other is no time."""
ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan janv ene gen", "feb febr fvr fev fv", "mar mars mr mrz mrt maa", "apr avr avril abr", "may mai mag mei", "jun juin giu",
         "jul juil lug", "aug aot ao ago", "sep sept set", "oct okt ott out", "nov", "dec dez dic dc"), 1
    )
    for name in names.split()
}  # fmt: skip
"""What `%b` writes in English, German, French, Spanish, Italian, Portuguese and Dutch, of which only the letters of ASCII count."""
_CLF = re.compile(rf"\[?(\d{{1,2}})/([^\s\d/:]{{3,5}})/(\d{{4}})[: ](\d{{1,2}}):(\d\d):(\d\d)(?:[.,](\d{{1,9}}))?(?: ?(Z|UTC|GMT|{'|'.join(_ZONES)}|[+-]\d\d:?\d\d))?\]?")
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
        return None if _DAY.fullmatch(value) else _zoned(datetime.fromisoformat(_no_leap(_BEFORE_OFFSET.sub("", value.strip().replace("/", "-").replace(",", ".")))))
    except (ValueError, KeyError, OverflowError):
        return None


def _clf(found: re.Match[str]) -> datetime:
    day, month, year, hour, minute, second, fraction, zone = found.groups()
    zone = "Z" if zone in (None, "UTC", "GMT") else f"{_ZONES[zone]:+03d}00" if zone in _ZONES else zone
    whole = f"{year}-{_month(month):02d}-{int(day):02d}T{hour:0>2}:{minute}:{second}.{(fraction or '0')[:6]:0<6}{zone}"
    return _zoned(datetime.fromisoformat(_no_leap(whole)))


def _worded(found: re.Match[str]) -> datetime:
    """Return the instant of a date in words; raises ValueError where it has no year or two."""
    day, month, year, month_before, day_behind, clock, fraction, zone, year_behind = found.groups()
    zone = "Z" if zone in (None, "UTC", "GMT") else zone
    whole = f"{year or ''}{year_behind or ''}-{_month(month or month_before):02d}-{int(day or day_behind):02d}T{clock}.{(fraction or '0')[:6]:0<6}{zone}"
    return _zoned(datetime.fromisoformat(_no_leap(whole)))


def _month(name: str) -> int:
    """Return the number of a month by its short name; raises KeyError for any other text."""
    return _MONTHS[_letters(name)]


def _letters(name: str) -> str:
    return re.sub("[^a-z]", "", name.lower())


def _american(found: re.Match[str]) -> datetime:
    month, day, year, hour, minute, second, zone = found.groups()
    whole = f"{f'20{year}'[-4:]}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute}:{second}{zone or 'Z'}"
    return _zoned(datetime.fromisoformat(_no_leap(whole)))


def _no_leap(value: str) -> str:
    return re.sub(r"(:\d\d):60", r"\1:59", value)


def _zoned(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_ZONE = re.compile(rf"\b({'|'.join(_ZONES)})\b")

_COMPOSED = {
    "%D": "%m/%d/%y", "%F": "%Y-%m-%d", "%T": "%H:%M:%S", "%R": "%H:%M", "%r": "%I:%M:%S %p", "%c": "%a %b %d %H:%M:%S %Y", "%x": "%m/%d/%y",
    "%X": "%H:%M:%S", "%C%y": "%Y", "%e": "%d", "%h": "%b", "%k": "%H", "%l": "%I", "%P": "%p", "%n": "\t", "%t": "\t",
}  # fmt: skip
_DIRECTIVE = re.compile("%C%y|%[EO]?.", re.DOTALL)
_TOLD = {
    "Y": {"year"}, "y": {"year"}, "G": {"year"}, "m": {"month"}, "b": {"month"}, "B": {"month"}, "d": {"day"}, "j": {"month", "day"}, "V": {"month"},
    "u": {"day"}, "H": {"hour"}, "I": {"hour"}, "M": {"minute"}, "S": {"second"}, "f": {"fraction"}, "z": {"zone"}, "Z": {"zone"}, "p": {"half"},
}  # fmt: skip
_WHOLE = {"year", "month", "day", "hour", "minute", "second", "zone", "half"}
_WIDTHS = {
    "Y": r"\d{4}", "G": r"\d{4}", "j": r"\d{1,3}", "f": r"\d{1,9}", "z": r"[+-]\d\d:?\d\d(?::?\d\d)?|Z", "Z": r"[A-Za-z]{0,8}", "s": r"\d{1,12}",
    "u": r"\d", "w": r"\d", "a": r"[^\W\d_]{1,16}\.?", "A": r"[^\W\d_]{1,16}", "b": r"[^\W\d_]{1,16}\.?", "B": r"[^\W\d_]{1,16}", "p": r"[^\W\d_]{0,4}", "%": "%",
}  # fmt: skip
"""What each directive of strftime may write, never without bound."""


def expanded(pattern: str) -> str:
    """Return a strftime pattern in the directives that strptime knows, and `%s`."""
    return _DIRECTIVE.sub(lambda found: _COMPOSED.get(found[0], found[0].replace("E", "").replace("O", "")), pattern)


def directives(pattern: str | None) -> set[str]:
    """Return what a strftime pattern tells of a moment; null stands for a server's own notation, which tells all but a fraction."""
    if pattern is None or "%s" in pattern:
        return _WHOLE | ({"fraction"} if pattern and "%f" in pattern else set())
    return set[str]().union(*(_TOLD.get(found[0][-1], set()) for found in _DIRECTIVE.finditer(expanded(pattern))))


def expression(pattern: str) -> str:
    """Return a regular expression of what a strftime pattern writes; numbers may be padded with a blank."""
    texts = re.split("(%.)", expanded(pattern), flags=re.DOTALL)
    widths = [_WIDTHS.get(text[1], r" ?\d{1,2}") if len(text) == 2 and text[0] == "%" else None for text in texts]
    return "".join(re.escape(text).replace("\\\t", r"\s") if width is None else f"(?:{width})" for text, width in zip(texts, widths, strict=True))


_NAME = re.compile(r"[^\W\d_]{3,16}(?:\.(?!\w))?")


def _english(name: re.Match[str], *, is_full: bool) -> str:
    """Return the short name of a month as strptime knows it, and any other word as it is; a full name begins with a short one."""
    letters = _letters(name[0])
    number = next((_MONTHS[letters[:end]] for end in range(len(letters), 1 if is_full else len(letters) - 1, -1) if letters[:end] in _MONTHS), None)
    return ENGLISH[number - 1] if number else name[0]


def patterned(value: str, pattern: str) -> datetime | None:
    """Return the instant of a time that has a strftime pattern of its own."""
    pattern = expanded(pattern)
    if "%s" in pattern:
        numbers = re.findall(r"\d+", value)
        return instant(".".join(numbers[:: len(numbers) - 1]) if "%f" in pattern and len(numbers) > 1 else "".join(numbers[:1]))
    if "%b" in pattern or "%B" in pattern:
        value, pattern = _NAME.sub(partial(_english, is_full="%B" in pattern), value), pattern.replace("%B", "%b")
    if "%Z" in pattern and (zone := _ZONE.search(value)):
        value, pattern = _ZONE.sub(f"{_ZONES[zone[1]]:+03d}00", value), pattern.replace("%Z", "%z")
    try:
        return _zoned(datetime.strptime(_no_leap(value), pattern))  # noqa: DTZ007 - without a zone it is UTC
    except (ValueError, OverflowError, re.error):
        return None
