"""A layout whose fields only its pattern tells apart, matched by the groups of a regular expression over whole columns.

Polars' expressions are automata, without look-around and atomic groups. So a looser pattern is matched (automata.py), which tries the same alternatives
in the same order: where the exact pattern allows what each group holds, it would have found the same. Every other line, and every unusual one, is left to the
exact pattern.
"""

from functools import reduce

import polars as pl
import pyarrow as pa

from dagster_project.reading.logs.automata import is_irregular, loosened
from dagster_project.reading.logs.carried import AROUND, DOCKER, Stamps
from dagster_project.reading.logs.layouts.layout import QUOTED_OR, Field, Layout
from dagster_project.reading.logs.lines import Lines
from dagster_project.reading.logs.promising import Indexes
from dagster_project.reading.logs.values.distinct import CODED, Part, map_distinct
from dagster_project.reading.logs.values.moments import moments
from dagster_project.reading.logs.values.row import duration_ns
from dagster_project.reading.logs.values.typed import CODED_ROWS, Reading, Typed, spelt_out
from dagster_project.reading.pieces import LONGEST_LINE_BYTES

_UNUSUAL = r"[^\t -~µμ]"
"""Characters that engines of regular expressions may treat differently; those of microseconds they do not."""
_ADDRESS, _USER = r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+", r'-|[^\s\["\]-][^\s\["\]]*'
"""Clients and users for which the layout gives no pattern: no list of addresses, nothing that begins as a shipper's header does, no name with blanks."""
_LISTED = r"\s,"
"""Where a list of addresses may go on behind a blank."""
_GOES_ON = r"^:|^[+-]\d\d"
"""Beginnings that an exact pattern may take for more of the field before: another upstream server, the zone of a time."""
_QUOTED = '^"[^"]*"$'


class Grouped:
    """How the fields of a layout are read from the groups of its looser pattern."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._line_checks, self._group_checks = _line_checks(layout), _group_checks(layout)
        self._places: dict[str, list[int]] = {}
        for place in layout.order:
            self._places.setdefault(layout.fields[place].name, []).append(place)
        self._names = [name for name in self._places if name not in ("time", "duration")]
        columns = [["moment", "duration_ns"], *([name] for name in self._names)]
        self._typed = Typed(columns, self._reading())

    @classmethod
    def of(cls, layout: Layout) -> "Grouped | None":
        """Return how a layout is read, null where something of it cannot be told for certain."""
        return cls(layout) if layout.suits_columns and not any(map(is_irregular, _allowed(layout).values())) else None

    def rows(self, lines: Lines, indexes: Indexes, stamps: Stamps | None = None) -> pa.Table:
        """Return the plainly written ones of some lines, by their indexes from 0, as typed.CODED_ROWS, in order.

        Of a layout without a time, only lines whose time `stamps` give.
        """
        if not (self._layout.has_time or stamps):
            return CODED_ROWS.empty_table()
        texts = pl.DataFrame({"number": indexes + 1, "text": lines.texts().gather(indexes).str.strip_chars(AROUND)}).filter(*self._line_checks)
        names = [str(place) for place in range(len(self._layout.fields))]
        groups = texts.select("number", pl.col("text").str.extract_groups(self._layout.loose_pattern).struct.rename_fields(names).alias("groups")).unnest("groups")
        return self._read(groups.filter(pl.col("0").is_not_null(), *self._group_checks), stamps)

    def _reading(self) -> Reading:
        """Return how typed.py reads the raw texts of the fields."""
        texts = {name: pl.col(name) for name in self._names}
        texts |= {name: pl.when(texts[name] == "").then(pl.lit("-")).otherwise(texts[name]) for name in texts.keys() & {"status", "bytes", "total"}}
        checks = [pl.col("client") != ""] if "forwarded_for" in texts else []
        if "request" in texts:
            checks.append(~pl.col("request").str.contains(" \t", literal=True))
        if "rest" in texts and "duration" in self._places:
            checks.append(pl.col("duration_ns").is_not_null() | (pl.col("rest") == ""))
        return Reading(texts, checks, pl.col("moment"), pl.col("duration_ns"), self._layout.is_absolute)

    def _read(self, found: pl.DataFrame, stamps: Stamps | None) -> pa.Table:
        if found.is_empty():
            return CODED_ROWS.empty_table()
        told = pl.DataFrame({"moment": self._moments(found, stamps), "duration_ns": self._durations(found)})
        parts = [Part(told), *(Part.of(_coded(self._said(found, name)), name) for name in self._names)]
        read = self._typed.read(found["number"].to_arrow(), parts)
        return spelt_out(read, self._layout.decode) if self._layout.decode else read

    def _texts(self, found: pl.DataFrame, name: str) -> list[pl.Series]:
        """Return what stands in the fields of a name, in their order."""
        texts = [found[str(place)] for place in self._places.get(name, ())]
        return [text.str.strip_chars('"').zip_with(text.str.starts_with('"'), text) for text in texts] if self._layout.may_be_quoted else texts

    def _said(self, found: pl.DataFrame, name: str) -> pl.Series:
        """Return the texts of a field; where several fields have its name, the first of them that says anything."""
        return reduce(lambda said, other: other.zip_with(said == "-", said), self._texts(found, name))

    def _moments(self, found: pl.DataFrame, stamps: Stamps | None) -> pl.Series:
        """Return the instants of lines, null where none is read."""
        if stamps and not self._layout.has_time:
            return moments(stamps(found["number"]))
        said = reduce(lambda said, other: said + " " + other, self._texts(found, "time"))
        return moments(f"{self._layout.day} " + said if self._layout.day else said, self._layout.time_pattern)

    def _durations(self, found: pl.DataFrame) -> pl.Series:
        """Return nanoseconds: those of the first field, and of the others that are parts."""
        fields = [self._layout.fields[place] for place in self._places.get("duration", ())]
        lengths = [
            map_distinct(text, lambda text, unit_ns=field.unit_ns: duration_ns(text, unit_ns), pl.Int64())  # type: ignore[misc]
            for at, (text, field) in enumerate(zip(self._texts(found, "duration"), fields, strict=True))
            if not at or field.is_part
        ]
        nothing = pl.repeat(None, found.height, dtype=pl.Int64, eager=True)
        return reduce(lambda length, part: length + part.fill_null(0), lengths) if lengths else nothing


def _line_checks(layout: Layout) -> list[pl.Expr]:
    """Return what must hold for the text of a line."""
    text = pl.col("text")
    checks = [text.str.len_bytes() <= LONGEST_LINE_BYTES, text.str.len_chars() <= layout.longest, ~text.str.contains(_UNUSUAL), ~text.str.starts_with(DOCKER)]
    if any(not field.pattern for field in layout.fields if field.name == "client"):
        checks.append(~text.str.contains(_LISTED))
    if layout.decode is None:
        checks.append(~text.str.contains("\\", literal=True))
    return checks


def _group_checks(layout: Layout) -> list[pl.Expr]:
    """Return what must hold for the groups, so that the exact pattern allows what the looser one found."""
    groups = [pl.col(str(place)) for place in range(len(layout.fields))]
    checks = [groups[place].str.contains(f"^(?:{pattern})$") for place, pattern in _allowed(layout).items()]
    checks += [~after.str.contains(_GOES_ON) for field, after in zip(layout.fields, groups[1:], strict=False) if field.plain]
    if layout.may_be_quoted:
        checks += [~group.str.starts_with('"') | group.str.contains(_QUOTED) for group in groups]
    return checks


def _allowed(layout: Layout) -> dict[int, str]:
    """Return the pattern that each field must match which the looser pattern lets hold more, by its place among the fields: a plain one, or its exact one."""
    allowed, parts = {}, [*layout.parts, ""]
    for place, (at, exact) in enumerate(layout.patterns.items()):
        pattern = exact.removeprefix(QUOTED_OR)
        if loosened(pattern) != pattern:
            plain = _plain(layout.fields[place], parts[at + 1]) or pattern
            allowed[place] = f'"[^"]*"|{plain}' if layout.may_be_quoted else plain
    return allowed


def _plain(field: Field, after: str | Field) -> str | None:
    """Return a pattern of what a field may hold whatever stands beside it, null where there is none; `after` is the part behind it."""
    if field.pattern or field.plain or isinstance(after, Field):
        return field.plain
    return {"client": _ADDRESS if after.startswith(" ") else None, "user": _USER if after.startswith(" [") else None}.get(field.name)


def _coded(texts: pl.Series) -> pa.DictionaryArray:
    return texts.to_arrow().cast(pa.string()).dictionary_encode().cast(CODED)
