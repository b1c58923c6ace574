"""A layout applied to many lines at once: every line that is written plainly.

A line is left to the exact pattern of layouts.py wherever anything is unusual: a backslash, a NUL, a tab or line end within, a byte-order
mark, another number of quotes or blanks, and what typed.py leaves. No line can spoil its neighbour.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import polars as pl
import pyarrow as pa

from dagster_project.reading.logs.distinct import Part, joined, mapped
from dagster_project.reading.logs.layouts import DECODED, IDENTITY, Field, Layout
from dagster_project.reading.logs.layouts import Part as Stated
from dagster_project.reading.logs.lines import Lines
from dagster_project.reading.logs.plans import Item, plan
from dagster_project.reading.logs.typed import CODED_ROWS, WORDS, Reading, Texts, Typed
from dagster_project.reading.logs.values import LONGEST_NS

Sections = tuple[tuple[Stated, ...], ...]
"""The items between one quote and the next: a literal that must stand there, or a field."""

_CLF, _W3C, _ISO = "[%d/%b/%Y:%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%.fZ"
_BATCH_LINES = 1 << 18
_LENGTH = r"^[0-9]+(?:\.[0-9]+)?$"
_EXACT_ONLY = {"total"}
_TARGETS = {"target", "path"}
_REST = {"rest", "more"}
_TIMES = {"zone", "time_of_day"}  # what goes on with a time
_NAMELESS = "nameless_"
_DAY_MINUTES = 24 * 60
_ODD_CLIENT = r"^(?:\[|<|\d{4}-\d\d-\d\d|[A-Z][a-z][a-z]$)"
"""Addresses in brackets, or the begin of the head of one who carried the line (carried.NO_HEAD)."""
_BRACKETED = r"^\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?$"
_LIST = r"^[^ ,]+(?: *, *[^ ,]+){0,64}$"


def sections(layout: Layout) -> Sections | None:
    """Return a layout's items by section, null where only its pattern can tell them apart."""
    names = [field.name for field in layout.fields if field.name]
    times = names.count("time")
    if ("forwarded_for" in names and "client" not in names) or layout.time_pattern:
        return None
    if len(set(names)) + times - 1 != len(names) or times > 2 or _EXACT_ONLY & set(names):
        return None
    if layout.is_absolute and not _TARGETS & set(names):
        return None
    marked = "".join(part if isinstance(part, str) else f"\0{at}\0" for at, part in enumerate(layout.parts))
    cut: list[list[Stated]] = []
    for index, section in enumerate(marked.split('"')):
        items: list[Stated] = []
        for text in [section] if index % 2 else section.split(layout.separator):
            items += _items(text, layout)
        cut.append(items)
    if any(isinstance(section[0], str) for section in cut[1::2]) or any("\0" in item for section in cut for item in section if isinstance(item, str)):
        return None
    return tuple(map(tuple, cut))


def _items(text: str, layout: Layout) -> list[Stated]:
    found = re.fullmatch("(\\[?)\0(\\d+)\0(]?)", text)
    field = layout.parts[int(found[2])] if found else None
    if found is None or not isinstance(field, Field):
        return [text]
    if found[1] and found[3] and field.name == "time":
        return [field, Field("zone")]
    return [field] if not found[1] + found[3] else [text]


def rows(lines: Lines, layout: Layout, start: int, stop: int) -> pa.Table:
    """Return the plainly written lines from `start` up to `stop` as typed.CODED_ROWS, in order."""
    stated = _stated(layout)
    if stated is None or start >= stop:
        return CODED_ROWS.empty_table()
    ends = [*range(start + _BATCH_LINES, stop, _BATCH_LINES), stop]
    return joined([stated.rows(lines, first, end) for first, end in zip([start, *ends], ends, strict=False)])


@lru_cache(maxsize=1024)
def _stated(layout: Layout) -> "_Stated | None":
    how = sections(layout)
    return _Stated(how, layout) if how else None


class _Stated:
    """What a layout states of its plain lines: their items, the columns that texts are kept in, and what must hold for these.

    A column has two names where two items stand in it, as a time and its zone do.
    """

    def __init__(self, how: Sections, layout: Layout) -> None:
        self._items: list[Item] = []
        self._columns: list[list[str]] = []
        self._checks: list[pl.Expr] = []
        self._separator, self._decode = layout.separator, layout.decode
        self._state_all(how, layout.separator)
        self._plan = plan(self._items, layout.separator.encode())
        texts = {name: pl.col(name) for names in self._columns for name in names}
        reading = Reading(texts, [*self._checks, *_checks(texts, layout)], _instant(texts), _duration(texts, layout))
        self._typed = Typed(self._columns, reading)

    def rows(self, lines: Lines, start: int, stop: int) -> pa.Table:
        """Return the plain ones of some lines, in order."""
        from dagster_project.reading.logs.cutting import cut

        kept, columns = cut(lines, start, stop, self._plan)
        if not len(kept):
            return CODED_ROWS.empty_table()
        parts = [_part(column, names, self._separator) for column, names in zip(columns, self._columns, strict=True)]
        read = self._typed.read(pa.array(kept + 1), parts)
        return _decoded(read, self._decode) if self._decode else read

    def _state_all(self, how: Sections, separator: str) -> None:
        for at, section in enumerate(how):
            is_last, is_quoted = at == len(how) - 1, at % 2 == 1
            is_open = is_last and not is_quoted and isinstance(section[0], Field) and section[0].name in _REST
            parts = tuple(map(Field, WORDS)) if is_quoted and section == (Field("request"),) else section[:1] if is_open else section
            between = " " if is_quoted else separator
            holds = '"' + separator if is_open else separator if is_quoted and len(parts) == 1 else ""
            for place, part in enumerate(parts):
                end = between if place < len(parts) - 1 else "" if is_last else '"'
                self._state(part, Item(end.encode(), may_hold=holds.encode()), is_first=not place, is_free=not is_quoted and not is_open)
                if place and not is_quoted:
                    self._check_lists(parts[place - 1], part)

    def _state(self, part: Stated, item: Item, *, is_first: bool, is_free: bool) -> None:
        """Add an item; one that stands free, not in quotes, is whole where it is no part of a list with blanks in it, as lists of addresses may have."""
        if isinstance(part, str):
            self._items.append(replace(item, literal=part.encode()))
            return
        known = {name for names in self._columns for name in names}
        name = "time_of_day" if part.name == "time" and "time" in known else part.name
        extends = name in _TIMES and not is_first and self._items[-1].column == len(self._columns) - 1 and self._columns[-1] == ["time"]
        if part.pattern and not name:
            name = f"{_NAMELESS}{len(self._items)}"
        if extends:
            self._columns[-1].append(name)
        elif name:
            self._columns.append([name])
        self._items.append(replace(item, column=len(self._columns) - 1 if name else None, extends=extends, is_whole=is_free and not part.pattern))
        text = pl.col(name)
        if part.name in _REST:
            self._checks.append((text == "") | text.str.starts_with(" "))
        elif part.pattern:
            self._checks += [text.str.contains(f"^(?:{part.plain or part.pattern})$"), *([~text.str.starts_with(",")] if is_free else [])]
        elif part.name == "client" and is_free:
            self._checks.append(~text.str.contains(_ODD_CLIENT) | text.str.contains(_BRACKETED))
        elif part.name == "client":
            self._checks.append(text != "")
        elif part.name == "forwarded_for" and is_free:
            self._checks.append(text.str.contains(_LIST))

    def _check_lists(self, part: Stated, after: Stated) -> None:
        """Leave a list of addresses to the exact pattern where a field follows that may be taken for the last of them, as any but an identity may."""
        if isinstance(part, Field) and part.name == "client" and isinstance(after, Field) and after != IDENTITY:
            self._checks.append(~pl.col("client").str.contains(",", literal=True))


def _part(column: pa.DictionaryArray, names: list[str], separator: str) -> Part:
    """Return a column as the texts that its names stand for."""
    part = Part.of(column, names[0])
    if len(names) == 1:
        return part
    between = " " if names[1] == "zone" else separator
    return Part(part.told.select(pl.col(names[0]).str.splitn(between, 2).struct.rename_fields(names).alias("pair")).unnest("pair"), part.places)


def _checks(texts: Texts, layout: Layout) -> list[pl.Expr]:
    """Return what must hold for the times and lengths of a plain line; where all targets are absolute, a path is none."""
    checks = [_is_moment(texts)]
    if "duration" in texts:
        length = _duration(texts, layout).is_between(0, LONGEST_NS) & texts["duration"].str.contains(_LENGTH)
        checks.append(length | (texts["duration"] == "-"))
    return checks + [texts[name].str.starts_with("/") for name in _TARGETS & texts.keys() if layout.is_absolute]


def _is_moment(texts: Texts) -> pl.Expr:
    """Tell whether a time is written plainly, all its numbers in full; leap seconds are left to the exact pattern."""
    time, length = texts["time"], texts["time"].str.len_bytes()
    if "time_of_day" in texts:
        clock = texts["time_of_day"]
        is_day, is_clock = length == len("2026-03-02"), (clock.str.len_bytes() == len("11:15:00")) & ~clock.str.contains(":60", literal=True)
        return is_day & is_clock
    is_whole = length == len("[02/Mar/2026:11:15:00") if "zone" in texts else (length == len("2026-03-02T11:15:00Z")) | (time.str.slice(19, 1) == ".")
    return is_whole & ~time.str.contains(":60", literal=True)


def _instant(texts: Texts) -> pl.Expr:
    if "time_of_day" in texts:
        local = pl.concat_str(texts["time"], texts["time_of_day"], separator=" ").str.to_datetime(_W3C, time_unit="us", strict=False)
    elif "zone" in texts:
        local = texts["time"].str.to_datetime(_CLF, time_unit="us", strict=False) - _offset(texts["zone"])
    else:
        local = texts["time"].str.to_datetime(_ISO, time_unit="us", strict=False)
    return local.dt.replace_time_zone("UTC")


def _offset(zone: pl.Expr) -> pl.Expr:
    """Return the offset of `+0100]`, null where it is none, as one of a day."""
    is_offset = zone.str.contains(r"^[+-]\d{4}\]$")
    minutes = zone.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + zone.str.slice(3, 2).cast(pl.Int64, strict=False)
    signed = pl.when(zone.str.starts_with("-")).then(-minutes).otherwise(minutes)
    return pl.duration(minutes=pl.when(is_offset & (minutes < _DAY_MINUTES)).then(signed))


def _duration(texts: Texts, layout: Layout) -> pl.Expr:
    if "duration" not in texts:
        return pl.lit(None, pl.Int64)
    unit_ns = next(field.unit_ns for field in layout.fields if field.name == "duration")
    return (texts["duration"].cast(pl.Float64, strict=False) * unit_ns).round().cast(pl.Int64, strict=False)


def _decoded(rows: pa.Table, decode: Callable[[str], str]) -> pa.Table:
    """Undo how agents and users are written where there are no quotes."""
    for name in DECODED:
        column = rows.column(name).combine_chunks()
        texts = pa.array([decode(text) for text in column.dictionary.to_pylist()], pa.string())
        rows = rows.set_column(rows.schema.get_field_index(name), name, mapped(texts, column.indices))
    return rows
