"""Columns of JSON values as texts, instants and durations; json_lines.py reads a value alone, and both say the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType

import polars as pl

from dagster_project.reading.logs.records.json_lines import FIRST_EPOCH_S, LAST_EPOCH_S, SAYS_ITSELF, epoch_us, text_of
from dagster_project.reading.logs.values.distinct import map_distinct
from dagster_project.reading.logs.values.moments import moments
from dagster_project.reading.logs.values.row import LARGEST, LONGEST_NS, duration_ns

Values = Sequence[object] | pl.Series
"""Values as JSON has them."""

_PLAIN_NUMBER = r"^[0-9]{1,12}(?:\.[0-9]{1,12})?$"
_NAMES_UNIT = r"\p{L}$"
_KINDS = {pl.String(): str, pl.Int64(): int, pl.Float64(): float}


def _kinds(values: Values) -> set[type]:
    if isinstance(values, pl.Series):
        return {_KINDS[values.dtype]} | ({NoneType} if values.null_count() else set())
    return set(map(type, values))


def _largest(values: Values) -> object:
    return values.abs().max() if isinstance(values, pl.Series) else max(map(abs, values))  # type: ignore[arg-type]


def texts_of(values: Values, name: str = "") -> pl.Series:
    """Return values as texts, null where they say nothing."""
    kinds = _kinds(values)
    if kinds <= {str, NoneType}:
        texts = pl.Series(values, dtype=pl.String)
    elif kinds == {int} and _largest(values) <= LARGEST:  # type: ignore[operator]
        texts = pl.Series(values, dtype=pl.Int64).cast(pl.String)
    else:
        texts = pl.Series([text_of(value) for value in values], dtype=pl.String)
    nothing = (texts == "") | (texts == "-")
    if name in ("bytes", "status"):
        nothing |= texts.str.starts_with("-")
    return texts.set(nothing.fill_null(value=False), None) if nothing.any() else texts


def best(candidates: list[pl.Series]) -> pl.Series:
    """Return the first of several texts that says anything."""
    best = candidates[0]
    for other in candidates[1:]:
        best = best.fill_null(other) if best.null_count() else best
    return best


def times(candidates: list[Values]) -> pl.Series:
    """Return instants, null where there is none or none that is read."""
    if len(candidates) == 1 and _kinds(candidates[0]) == {float}:
        seconds = pl.Series(candidates[0], dtype=pl.Float64)
        is_epoch = (seconds >= FIRST_EPOCH_S) & (seconds < LAST_EPOCH_S)
        return (seconds.set(~is_epoch, None) * 1e6).round().cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
    return moments(
        best([texts_of(values if float not in _kinds(values) else [epoch_us(value) if isinstance(value, float) else value for value in values]) for values in candidates])
    )


@dataclass(frozen=True)
class Length:
    """What the key of a duration says: its unit in nanoseconds, and whether it is a bare name, which may be in any unit."""

    unit_ns: int
    is_bare: bool


def surest(height: int, lengths: Sequence[tuple[Values, Length]]) -> pl.Series:
    """Return nanoseconds, of several durations the surest, of equals the last: one whose value names its unit, then one whose key does, then a bare one."""
    if len(lengths) == 1:
        return durations(lengths[0][0], lengths[0][1].unit_ns)
    found, sure = pl.repeat(None, height, dtype=pl.Int64, eager=True), pl.repeat(0, height, dtype=pl.Int64, eager=True)
    for values, length in lengths:
        told = texts_of(values).str.contains(_NAMES_UNIT).fill_null(value=False).cast(pl.Int64)
        how_sure = told * SAYS_ITSELF + (1 - told) * (not length.is_bare)
        took = durations(values, length.unit_ns)
        counts = took.is_not_null() & (how_sure >= sure)
        found, sure = took.zip_with(counts, found), how_sure.zip_with(counts, sure)
    return found


def durations(values: Values, unit_ns: int) -> pl.Series:
    """Return nanoseconds, null where a value is no duration or more than a day."""
    kinds = _kinds(values)
    if kinds == {float} or (kinds <= {float, int} and _largest(values) <= LARGEST):  # type: ignore[operator]
        lengths = pl.Series(values if kinds == {float} else list(map(float, values)), dtype=pl.Float64) * unit_ns
        return _whole(lengths)
    texts = texts_of(values) if float not in kinds else pl.Series([repr(value + 0.0) if isinstance(value, float) else text_of(value) for value in values], dtype=pl.String)
    plain = texts.set(~texts.str.contains(_PLAIN_NUMBER).fill_null(value=False), None)
    whole = _whole(plain.cast(pl.Float64) * unit_ns)
    others = texts.set(plain.is_not_null(), None)
    return whole if others.null_count() == len(others) else whole.fill_null(map_distinct(others, lambda text: duration_ns(text, unit_ns), pl.Int64()))


def _whole(lengths: pl.Series) -> pl.Series:
    return lengths.set(~((lengths >= 0) & (lengths <= LONGEST_NS)), None).round().cast(pl.Int64)
