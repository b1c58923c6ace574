"""Times that have a strftime pattern of their own, as `%{…}t` of Apache and Tomcat and settings give it: what it tells, what it may write, and the instant."""

import re
from datetime import datetime
from functools import partial

from dagster_project.reading.logs.values.instants import ENGLISH, MONTHS, ZONES, instant, letters_of, no_leap, zoned

_ZONE = re.compile(rf"\b({'|'.join(ZONES)})\b")

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
    letters = letters_of(name[0])
    number = next((MONTHS[letters[:end]] for end in range(len(letters), 1 if is_full else len(letters) - 1, -1) if letters[:end] in MONTHS), None)
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
        value, pattern = _ZONE.sub(f"{ZONES[zone[1]]:+03d}00", value), pattern.replace("%Z", "%z")
    try:
        return zoned(datetime.strptime(no_leap(value), pattern))  # noqa: DTZ007 - without a zone it is UTC
    except (ValueError, OverflowError, re.error):
        return None
