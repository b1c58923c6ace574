"""ISO 8601 stamps as instants: microseconds in UTC where they carry a zone, local time where they don't; and numbers that count from 1970."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

INSTANT = pa.timestamp("us", tz="UTC")
LOCAL = pa.timestamp("us")

_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d|\d{8})[T ](\d\d|\d\d:?\d\d|\d\d:?\d\d:?\d\d([.,]\d+)?)(?P<zone>Z| (UTC|GMT)|[+-]\d\d(:?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_UTC = re.compile(" (UTC|GMT)$")
_NUMBER = re.compile(r"\d{1,20}(\.\d{0,18})?(e\+?\d\d?)?", re.ASCII | re.IGNORECASE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_S, _END_S = 631_152_000, 4_102_444_800  # the years 1990 to 2099
_FIRST_US = -62_135_596_800_000_000  # 0001-01-01, the first day datetime knows
_LAST_US = 253_402_300_799_999_999  # 9999-12-31, its last
_TICKS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


@dataclass(frozen=True)
class Stamps:
    """Stamps that were read: where both `instants` and `local` are null, there was no stamp or it cannot be read."""

    instants: pa.Array  # timestamp[us, UTC]; null where the stamp has no zone
    local: pa.Array  # timestamp[us]; null where it has one


def parsed(text: str) -> datetime | None:
    """Read one stamp, aware or naive; None where it is no date and time of ISO 8601. Digits beyond microseconds are cut."""
    if not (found := _ISO.fullmatch(text)):
        return None
    try:
        stamp = datetime.fromisoformat(_UTC.sub("Z", text.upper()))
        return stamp.astimezone(UTC) if found["zone"] else stamp
    except (ValueError, OverflowError):
        return None


def from_epoch(number: str) -> datetime | None:
    """Return the instant of a number that counts from 1970; None where it is none.

    It counts seconds, or milli-, micro- or nanoseconds: in one of these alone it can lie in the years 1990 to 2099, and elsewhere it is no stamp.
    """
    if not _NUMBER.fullmatch(number):
        return None
    counted = Decimal(number)
    per_second = next((ticks for ticks in _TICKS.values() if _FIRST_S * ticks <= counted < _END_S * ticks), None)
    return None if per_second is None else _EPOCH + timedelta(microseconds=int(counted * 1_000_000 / per_second))


def stamps(texts: pa.Array) -> Stamps:
    """Read a column of text; each row counts for itself, and none is lost for a neighbour that cannot be read."""
    if (zoned := _whole(texts, INSTANT)) is not None:
        return Stamps(zoned, pa.nulls(len(texts), LOCAL))
    if (local := _whole(texts, LOCAL)) is not None:
        return Stamps(pa.nulls(len(texts), INSTANT), local)
    encoded = texts.dictionary_encode()
    distinct = [parsed(text) if text is not None else None for text in encoded.dictionary.to_pylist()]
    zoned = pa.array([stamp if stamp and stamp.tzinfo else None for stamp in distinct], INSTANT)
    local = pa.array([stamp if stamp and not stamp.tzinfo else None for stamp in distinct], LOCAL)
    return Stamps(zoned.take(encoded.indices), local.take(encoded.indices))


def from_timestamps(stamps_read: pa.Array) -> Stamps:
    """Take Arrow timestamps of any unit; those outside the years 1 to 9999 become null, as if they could not be read."""
    unit, zone = stamps_read.type.unit, stamps_read.type.tz
    ticks = stamps_read.cast(pa.int64())
    first, last = _FIRST_US * _TICKS[unit] // 1_000_000, _LAST_US * _TICKS[unit] // 1_000_000
    if unit != "ns":
        in_range = pc.and_(pc.greater_equal(ticks, first), pc.less_equal(ticks, last))
        ticks = pc.if_else(in_range, ticks, pa.scalar(None, pa.int64()))
        micros = pc.multiply(ticks, 1_000_000 // _TICKS[unit])
    else:
        below = pc.less(pc.subtract(ticks, pc.multiply(pc.divide(ticks, 1000), 1000)), 0)
        micros = pc.subtract(pc.divide(ticks, 1000), below.cast(pa.int64()))  # cut towards the past, as digits are
    empty = pa.nulls(len(ticks))
    return Stamps(micros.cast(INSTANT), empty.cast(LOCAL)) if zone else Stamps(empty.cast(INSTANT), micros.cast(LOCAL))


def placed(local: pa.Array, zone: str) -> tuple[pa.Array, pa.Array]:
    """Return the instants of local times in an IANA zone, and whether each is ambiguous (in a fold or a gap of it).

    An ambiguous time stands for the earlier of its two instants; in a gap, for the instant by the clock before it.
    """
    naive = pl.Series(pl.from_arrow(local))
    sure = naive.dt.replace_time_zone(zone, ambiguous="null", non_existent="null").dt.convert_time_zone("UTC")
    ambiguous = sure.is_null() & naive.is_not_null()
    for place in ambiguous.arg_true():
        sure[int(place)] = naive[int(place)].replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    return sure.to_arrow().cast(INSTANT), ambiguous.to_arrow()


def _whole(texts: pa.Array, kind: pa.DataType) -> pa.Array | None:
    """Read the column at once; None where any row of it needs a look of its own."""
    for prepare in _PREPARATIONS:
        try:
            found = prepare(texts).cast(kind)
        except pa.ArrowInvalid:
            continue
        bounds = pc.min_max(found.cast(pa.int64())).as_py()
        # Arrow takes a date alone for its midnight, and knows the year 0.
        has_dates = kind.tz is None and (pc.min(pc.utf8_length(texts)).as_py() or 13) < 13
        if not has_dates and (bounds["min"] is None or (bounds["min"] >= _FIRST_US and bounds["max"] <= _LAST_US)):
            return found
        return None
    return None


def _as_delivered(texts: pa.Array) -> pa.Array:
    return texts


def _cut_to_microseconds(texts: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(texts, r"(:\d\d\.\d{6})\d+", r"\1")


_PREPARATIONS: tuple[Callable[[pa.Array], pa.Array], ...] = (_as_delivered, _cut_to_microseconds)
