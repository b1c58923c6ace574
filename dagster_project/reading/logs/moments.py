"""Columns of times as instants: what instants.py makes of each alone."""

import re
from functools import lru_cache

import polars as pl

from dagster_project.reading.logs.distinct import map_distinct
from dagster_project.reading.logs.instants import ENGLISH, expanded, instant, patterned

_MOMENT = pl.Datetime("us", "UTC")
_NOTATIONS = (
    "%Y-%m-%dT%H:%M:%S%.f%#z", "%d/%b/%Y:%H:%M:%S%.f %z", "%d/%b/%Y:%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y/%m/%d %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f %z",
    "%Y-%m-%dT%H:%M:%S%.f",
)  # fmt: skip
"""How most servers write times."""
_WRITTEN = {
    "%Y": r"\d{4}", "%m": r"\d\d", "%d": r"\d\d", "%H": r"\d\d", "%M": r"\d\d", "%S": r"[0-5]\d", "%b": "|".join(ENGLISH), "%z": r"[+-](?:[01]\d|2[0-3])[0-5]\d",
    "%.f": r"(?:[.,]\d{1,9})?", "%#z": r"Z|[+-]\d\d:?\d\d",
}  # fmt: skip
"""Directives that mean the same to everyone, where each is written in full."""
_DIRECTIVE = re.compile("(%[.#]?.)", re.DOTALL)
_SECONDS, _MILLISECONDS = r"^(\d{10})(?:\.(\d{1,6}))?$", r"^(\d{10})(\d{3})$"
"""Epochs of today: the seconds, and the digits behind."""


def moments(texts: pl.Series, pattern: str | None = None) -> pl.Series:
    """Return instants of times in a server's own notation, or by a strftime pattern; null where there is none or none that is read."""
    found = pl.repeat(None, len(texts), dtype=_MOMENT, eager=True)
    others = texts
    for directives in _NOTATIONS if pattern is None else (expanded(pattern),):
        if (written := _written(directives)) and len(others) > others.null_count():
            plain = others.set(~others.str.contains(written).fill_null(value=False), None).str.replace(",", ".", literal=True)
            found = found.fill_null(plain.str.to_datetime(directives, time_unit="us", time_zone="UTC", strict=False))
            others = texts.set(found.is_not_null(), None)
    for written in (_SECONDS, _MILLISECONDS) if pattern is None and len(others) > others.null_count() else ():
        behind = others.str.extract(written, 2).fill_null("").str.pad_end(6, "0")
        found = found.fill_null((others.str.extract(written, 1).cast(pl.Int64) * 1_000_000 + behind.cast(pl.Int64)).cast(_MOMENT))
        others = texts.set(found.is_not_null(), None)
    if len(others) == others.null_count():
        return found
    return found.fill_null(map_distinct(others, lambda text: patterned(text, pattern) if pattern else instant(text), _MOMENT))


@lru_cache(maxsize=1024)
def _written(directives: str) -> str | None:
    """Return a pattern of what some directives write, null where there are others among them."""
    parts = _DIRECTIVE.split(directives)
    if not all(directive in _WRITTEN for directive in parts[1::2]):
        return None
    return f"^{''.join(f'(?:{_WRITTEN[part]})' if part in _WRITTEN else re.escape(part) for part in parts)}$"
