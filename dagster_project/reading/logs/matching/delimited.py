"""A layout whose fields delimiters tell apart: lines are cut at blanks and quotes by compiled code (cutting.py), and each different text is looked at once (typed.py).

What is unusual in a line (a backslash, a NUL, a tab or line end within, a byte-order mark, another number of quotes or blanks) and what typed.py does not
take for plain is left: for groups (grouped.py), or for the exact pattern of layout.py.
"""

from dataclasses import replace
from functools import reduce
from itertools import count
from operator import add

import polars as pl
import pyarrow as pa

from dagster_project.reading.logs.layouts.layout import IDENTITY, Field, Layout
from dagster_project.reading.logs.lines import Lines
from dagster_project.reading.logs.matching.plans import Item, plan
from dagster_project.reading.logs.matching.sections import RANKED, Content, Joint, Sections, is_rest, joint_pattern, sections
from dagster_project.reading.logs.values.distinct import Part
from dagster_project.reading.logs.values.row import LONGEST_NS, UNIT_NS
from dagster_project.reading.logs.values.typed import CODED_ROWS, WORDS, Reading, Texts, Typed, spelt_out

_CLF, _W3C, _ISO = "[%d/%b/%Y:%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%.fZ"
_WHOLE_ISO = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$"
_LENGTH = r"^([0-9]+(?:\.[0-9]+)?)(us|ms|s)?$"
_TIMES = {"zone", "time_of_day"}  # what goes on with a time
_NAMELESS = "nameless"
_DAY_MINUTES = 24 * 60
_ODD_CLIENT = r"^(?:[\[<{]|\d{4}-\d\d-\d\d|[A-Z][a-z][a-z]$)"
"""Addresses in brackets, the begin of an object, or of the head of one who carried the line (carried.NO_HEAD)."""
_BRACKETED = r"^\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?$"
_LIST = r"^[^ ,]+(?: *, *[^ ,]+){0,64}$"


class Delimited:
    """How the plain lines of a layout are cut: their items, the columns that their texts are kept in, and what must hold for these.

    A column has two names where two items stand in it, as a time and its zone do.
    """

    def __init__(self, contents: Sections, layout: Layout) -> None:
        self._items: list[Item] = []
        self._columns: list[list[str]] = []
        self._joints: dict[int, str] = {}
        self._numbers = count()
        self._ranked: dict[str, list[tuple[int, str]]] = {}
        self._checks: list[pl.Expr] = []
        self._separator, self._decode = layout.separator, layout.decode
        self._add_sections(contents)
        self._plan = plan(self._items, layout.separator.encode())
        texts = self._texts()
        reading = Reading(texts, [*self._checks, *_checks(texts, layout)], _instant(texts), _duration(texts, layout), layout.is_absolute)
        self._typed = Typed(self._columns, reading)

    @classmethod
    def of(cls, layout: Layout) -> "Delimited | None":
        """Return how the lines of a layout are cut, null where delimiters do not tell its fields apart."""
        contents = sections(layout)
        return cls(contents, layout) if contents else None

    def rows(self, lines: Lines, start: int, stop: int) -> pa.Table:
        """Return the plain ones of some lines, in order."""
        from dagster_project.reading.logs.matching.cutting import cut

        kept, columns = cut(lines, start, stop, self._plan)
        if not len(kept):
            return CODED_ROWS.empty_table()
        parts = [_part(column, names, self._separator, self._joints.get(at)) for at, (column, names) in enumerate(zip(columns, self._columns, strict=True))]
        read = self._typed.read(pa.array(kept + 1), parts)
        return spelt_out(read, self._decode) if self._decode else read

    def _add_sections(self, contents: Sections) -> None:
        """Add the items of all sections; every other one stands in quotes."""
        for at, section in enumerate(contents):
            is_last, is_quoted = at == len(contents) - 1, at % 2 == 1
            parts = tuple(map(Field, WORDS)) if is_quoted and section == (Field("request"),) else section
            between = " " if is_quoted else self._separator
            for place, part in enumerate(parts):
                is_open = is_last and not is_quoted and is_rest(part)
                is_glued = place < len(parts) - 1 and not is_quoted and is_rest(parts[place + 1])
                end = between if place < len(parts) - 1 else "" if is_last else '"'
                holds = '"' + self._separator if is_open else self._separator if is_quoted and len(parts) == 1 else ""
                self._add(part, Item(end.encode(), is_glued=is_glued, may_hold=holds.encode()), is_first=not place, is_free=not is_quoted and not is_open)
                if place and not is_quoted:
                    self._check_lists(parts[place - 1], part)

    def _add(self, part: Content, item: Item, *, is_first: bool, is_free: bool) -> None:
        """Add an item; one that is free stands in no quotes, and does not go on to the end of the line."""
        if isinstance(part, str):
            self._items.append(replace(item, literal=part.encode()))
        elif isinstance(part, tuple):
            self._add_joint(part, item, is_free=is_free)
        else:
            self._add_field(part, item, is_first=is_first, is_free=is_free)

    def _add_field(self, part: Field, item: Item, *, is_first: bool, is_free: bool) -> None:
        """Add an item of one field; a free one is whole unless it may be part of a list with blanks in it, as lists of addresses are."""
        known = {name for names in self._columns for name in names}
        name = "time_of_day" if part.name == "time" and "time" in known else self._name(part)
        extends = name in _TIMES and not is_first and self._items[-1].column == len(self._columns) - 1 and self._columns[-1] == ["time"]
        if extends:
            self._columns[-1].append(name)
        elif name:
            self._columns.append([name])
        self._items.append(replace(item, column=len(self._columns) - 1 if name else None, extends=extends, is_whole=is_free and not part.pattern))
        self._checks += _field_checks(part, pl.col(name), is_free=is_free)

    def _add_joint(self, joint: Joint, item: Item, *, is_free: bool) -> None:
        """Add an item that several fields share: one pattern tells them apart in each different text."""
        names = [self._name(part) for part in joint if isinstance(part, Field)]
        self._joints[len(self._columns)] = joint_pattern(joint)
        self._columns.append(names)
        self._items.append(replace(item, column=len(self._columns) - 1, is_whole=is_free))
        self._checks.append(pl.col(names[0]).is_not_null())

    def _name(self, part: Field) -> str:
        """Return the name of the texts of a field: its own, with a number where parts of a duration or fields with no name stand at several places."""
        number = next(self._numbers)
        if part.is_part or (not part.name and part.pattern):
            return f"{part.name or _NAMELESS}_{number}"
        if not part.name or part.name == "time" or part.name not in RANKED:
            return part.name
        ranked = self._ranked.setdefault(part.name, [])
        ranked.append((part.rank, f"{part.name}_{number}" if ranked else part.name))
        return ranked[-1][1]

    def _texts(self) -> dict[str, pl.Expr]:
        """Return the texts by name; of equal fields the one of the lowest rank that says anything counts."""
        texts = {name: pl.col(name) for names in self._columns for name in names}
        for name, ranked in self._ranked.items():
            [first, *others] = [pl.col(column) for _, column in sorted(ranked, key=lambda each: each[0])]
            texts[name] = reduce(lambda found, other: pl.when(found == "-").then(other).otherwise(found), others, first)
        return texts

    def _check_lists(self, part: Content, after: Content) -> None:
        """Leave a list of addresses to the exact pattern where a field follows that may be taken for the last of them, as any but an identity may."""
        if isinstance(part, Field) and part.name == "client" and isinstance(after, Field) and after != IDENTITY:
            self._checks.append(~pl.col("client").str.contains(",", literal=True))


def _field_checks(part: Field, text: pl.Expr, *, is_free: bool) -> list[pl.Expr]:
    """Return what must hold for the text of a field of a plain line."""
    checks = [(text == "") | text.str.starts_with(" ")] if is_rest(part) else []
    if part.pattern:
        checks += [text.str.contains(f"^(?:{part.plain or part.pattern})$"), *([~text.str.starts_with(",")] if is_free else [])]
    elif part.name == "client":
        checks.append(~text.str.contains(_ODD_CLIENT) | text.str.contains(_BRACKETED) if is_free else text != "")
    elif part.name == "forwarded_for" and is_free:
        checks.append(text.str.contains(_LIST))
    return checks


def _part(column: pa.DictionaryArray, names: list[str], separator: str, joint: str | None) -> Part:
    """Return a column as the texts that its names stand for."""
    part = Part.of(column, names[0])
    if joint is not None:
        return Part(part.values.select(pl.col(names[0]).str.extract_groups(f"^{joint}$").struct.rename_fields(names).alias("joint")).unnest("joint"), part.indices)
    if len(names) == 1:
        return part
    between = " " if names[1] == "zone" else separator
    return Part(part.values.select(pl.col(names[0]).str.splitn(between, 2).struct.rename_fields(names).alias("pair")).unnest("pair"), part.indices)


def _checks(texts: Texts, layout: Layout) -> list[pl.Expr]:
    """Return what must hold for the times and lengths of a plain line; one that is the sum of several is plain where all of them are known."""
    lengths = _lengths(texts)
    plain = [_length(text, layout).is_between(0, LONGEST_NS) & text.str.contains(_LENGTH) for text in lengths]
    return [_is_moment(texts), *([plain[0] | (lengths[0] == "-")] if len(plain) == 1 else plain)]


def _is_moment(texts: Texts) -> pl.Expr:
    """Tell whether a time is written plainly, all its numbers in full; leap seconds are left to the exact pattern."""
    time, length = texts["time"], texts["time"].str.len_bytes()
    if "time_of_day" in texts:
        clock = texts["time_of_day"]
        is_day, is_clock = length == len("2026-03-02"), (clock.str.len_bytes() == len("11:15:00")) & ~clock.str.contains(":60", literal=True)
        return is_day & is_clock
    is_whole = length == len("[02/Mar/2026:11:15:00") if "zone" in texts else time.str.contains(_WHOLE_ISO)
    return is_whole & ~time.str.contains(":60", literal=True)


def _instant(texts: Texts) -> pl.Expr:
    if "time_of_day" in texts:
        local = pl.concat_str(texts["time"], texts["time_of_day"], separator=" ").str.to_datetime(_W3C, time_unit="us", strict=False)
    elif "zone" in texts:
        local = texts["time"].str.to_datetime(_CLF, time_unit="us", strict=False) - _offset(texts["zone"].str.extract(r"^(.*)\]$", 1))
    else:
        zone = texts["time"].str.extract(r"([+-]\d\d:\d\d)$", 1)
        here = texts["time"].str.replace(r"[+-]\d\d:\d\d$", "Z").str.to_datetime(_ISO, time_unit="us", strict=False)
        local = pl.when(zone.is_null()).then(here).otherwise(here - _offset(zone.str.replace(":", "", literal=True)))
    return local.dt.replace_time_zone("UTC")


def _offset(zone: pl.Expr) -> pl.Expr:
    """Return the offset of `+0100`, null where it is none, as one of a day."""
    is_offset = zone.str.contains(r"^[+-]\d{4}$")
    minutes = zone.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + zone.str.slice(3, 2).cast(pl.Int64, strict=False)
    signed = pl.when(zone.str.starts_with("-")).then(-minutes).otherwise(minutes)
    return pl.duration(minutes=pl.when(is_offset & (minutes < _DAY_MINUTES)).then(signed))


def _lengths(texts: Texts) -> list[pl.Expr]:
    return [text for name, text in texts.items() if name.startswith("duration")]


def _duration(texts: Texts, layout: Layout) -> pl.Expr:
    lengths = [_length(text, layout) for text in _lengths(texts)]
    return reduce(add, lengths) if lengths else pl.lit(None, pl.Int64)


def _length(text: pl.Expr, layout: Layout) -> pl.Expr:
    """Return the nanoseconds of a number, which may name its unit."""
    unit_ns = next(field.unit_ns for field in layout.fields if field.name == "duration")
    factor = text.str.extract(_LENGTH, 2).replace_strict(UNIT_NS, default=unit_ns, return_dtype=pl.Int64)
    return (text.str.extract(_LENGTH, 1).cast(pl.Float64, strict=False) * factor).round().cast(pl.Int64, strict=False)
