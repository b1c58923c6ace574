"""Columns of times as instants: what instants.py makes of each alone."""

import re

import polars as pl

from dagster_project.reading.logs.distinct import asked_once
from dagster_project.reading.logs.instants import ENGLISH, expanded, instant, patterned

_ISO, _ISO_WRITTEN = "%Y-%m-%dT%H:%M:%S%.f%#z", r"\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
_WRITTEN = {
    "Y": r"\d{4}", "m": r"\d\d", "d": r"\d\d", "H": r"\d\d", "M": r"\d\d", "S": r"[0-5]\d", "b": "|".join(ENGLISH), "z": r"[+-](?:[01]\d|2[0-3])[0-5]\d",
}  # fmt: skip
"""Directives of strftime that mean the same to everyone, where each is written in full."""


def moments(texts: pl.Series, pattern: str | None = None) -> pl.Series:
    """Return instants of times in a server's own notation, or by a strftime pattern; null where there is none or none that is read."""
    directives, written = (_ISO, _ISO_WRITTEN) if pattern is None else (expanded(pattern), _written(expanded(pattern)))
    found = pl.repeat(None, len(texts), dtype=pl.Datetime("us", "UTC"), eager=True)
    if written:
        plain = texts.set(~texts.str.contains(f"^(?:{written})$").fill_null(value=False), None)
        found = plain.str.to_datetime(directives, time_unit="us", time_zone="UTC", strict=False)
    others = texts.set(found.is_not_null(), None)
    if others.null_count() == len(others):
        return found
    return found.fill_null(asked_once(others, lambda text: patterned(text, pattern) if pattern else instant(text), found.dtype))


def _written(pattern: str) -> str | None:
    """Return what an expanded pattern writes, null where it holds other directives."""
    literals, directives = re.split("%.", pattern, flags=re.DOTALL), re.findall("%(.)", pattern, flags=re.DOTALL)
    if not all(directive in _WRITTEN for directive in directives):
        return None
    return "".join(re.escape(literal) + (f"(?:{_WRITTEN[directive]})" if directive else "") for literal, directive in zip(literals, [*directives, ""], strict=True))
