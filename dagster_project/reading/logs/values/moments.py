"""Columns of times as columns of instants; instants.py reads a time alone, and both say the same."""

import re
from collections.abc import Callable
from functools import lru_cache, partial

import polars as pl

from dagster_project.reading.logs.values.distinct import map_distinct
from dagster_project.reading.logs.values.instants import ENGLISH, instant
from dagster_project.reading.logs.values.strftime import expanded, patterned

_MOMENT = pl.Datetime("us", "UTC")
_NOTATIONS = (
    "%Y-%m-%dT%H:%M:%S%.f%#z", "%d/%b/%Y:%H:%M:%S%.f %z", "%d/%b/%Y:%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y/%m/%d %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f %z",
    "%Y-%m-%dT%H:%M:%S%.f",
)  # fmt: skip
"""How most servers write times, as strftime patterns."""
_WRITTEN = {
    "%Y": r"\d{4}", "%m": r"\d\d", "%d": r"\d\d", "%H": r"\d\d", "%M": r"\d\d", "%S": r"[0-5]\d", "%b": "|".join(ENGLISH), "%z": r"[+-](?:[01]\d|2[0-3])[0-5]\d",
    "%.f": r"(?:[.,]\d{1,9})?", "%#z": r"Z|[+-]\d\d:?\d\d",
}  # fmt: skip
"""What the directives write that mean the same to strptime and to Polars, each written in full."""
_DIRECTIVE = re.compile("(%[.#]?.)", re.DOTALL)
_SECONDS, _MILLISECONDS = r"^(\d{10})(?:\.(\d{1,6}))?$", r"^(\d{10})(\d{3})$"
"""Epochs of ten digits: the seconds, and the fraction behind them."""


def moments(texts: pl.Series, pattern: str | None = None) -> pl.Series:
    """Return the instants (UTC, microseconds) of times in a server's own notation, or by a strftime pattern; null where there is none or none that is read."""
    found, left = pl.repeat(None, len(texts), dtype=_MOMENT, eager=True), texts
    for read in _ways(pattern):
        if left.null_count() == len(left):
            break
        found = found.fill_null(read(left))
        left = texts.set(found.is_not_null(), None)
    return found


@lru_cache(maxsize=1024)
def _ways(pattern: str | None) -> tuple[Callable[[pl.Series], pl.Series], ...]:
    """Return the ways to read times: whole columns by one notation after the other, then each distinct time by itself. What one does not read is null."""
    notations = [(written, directives) for directives in (_NOTATIONS if pattern is None else (expanded(pattern),)) if (written := _written(directives))]
    by_notation = [partial(_by_directives, *notation) for notation in notations]
    by_epoch = [partial(_by_epoch, written) for written in (_SECONDS, _MILLISECONDS)] if pattern is None else []
    alone = instant if pattern is None else partial(patterned, pattern=pattern)
    return (*by_notation, *by_epoch, lambda texts: map_distinct(texts, alone, _MOMENT))


def _by_directives(written: str, directives: str, texts: pl.Series) -> pl.Series:
    plain = texts.set(~texts.str.contains(written).fill_null(value=False), None).str.replace(",", ".", literal=True)
    return plain.str.to_datetime(directives, time_unit="us", time_zone="UTC", strict=False)


def _by_epoch(written: str, texts: pl.Series) -> pl.Series:
    fraction = texts.str.extract(written, 2).fill_null("").str.pad_end(6, "0")
    return (texts.str.extract(written, 1).cast(pl.Int64) * 1_000_000 + fraction.cast(pl.Int64)).cast(_MOMENT)


def _written(directives: str) -> str | None:
    """Return a regular expression of what strftime directives write, null where some of them are not among _WRITTEN."""
    parts = _DIRECTIVE.split(directives)
    if not all(directive in _WRITTEN for directive in parts[1::2]):
        return None
    return f"^{''.join(f'(?:{_WRITTEN[part]})' if part in _WRITTEN else re.escape(part) for part in parts)}$"
