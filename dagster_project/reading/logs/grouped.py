"""A layout whose fields only its pattern tells apart, applied to many lines at once.

Columns are matched by automata, which cannot look around and never give a match back, so a looser pattern is looked for that tries the same things in the same order.
What it finds first and the exact pattern allows is what the exact pattern finds; whatever else is found, or is unusual, is left to that, one line at a time.
"""

from functools import reduce

import polars as pl
import pyarrow as pa

from dagster_project.reading.logs.carried import AROUND, DOCKER, Stamps
from dagster_project.reading.logs.distinct import CODED, Part, map_distinct
from dagster_project.reading.logs.layouts import QUOTED_OR, Field, Layout
from dagster_project.reading.logs.lines import Lines
from dagster_project.reading.logs.moments import moments
from dagster_project.reading.logs.promising import Indexes, loosened
from dagster_project.reading.logs.sections import is_glued, is_irregular
from dagster_project.reading.logs.typed import CODED_ROWS, Reading, Typed, spelt_out
from dagster_project.reading.logs.values import duration_ns
from dagster_project.reading.pieces import LONGEST_LINE_BYTES

_UNUSUAL = r"[^\t -~µμ]"
"""What engines of regular expressions may not agree on; the signs of microseconds they do."""
_ADDRESS, _USER = r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+", r'-|[^\s\["\]-][^\s\["\]]*'
"""Of clients and users that have no pattern of their own: no list, no head of one who carried the line, and no name with blanks."""
_LISTED = r"\s,"
"""Where a list of addresses may go on behind a blank."""
_GOES_ON = r"^:|^[+-]\d\d"
"""What an exact pattern may take for more of the field before: another server asked, the zone of a time."""
_QUOTED = '^"[^"]*"$'


class Grouped:
    """What a layout's fields say of lines, as the columns of typed.CODED_ROWS."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._pattern = f"^(?:{loosened(layout.pattern.pattern)})$"
        self._may_list = any(not field.pattern for field in layout.fields if field.name == "client")
        self._is_found = self._checks()
        self._places: dict[str, list[int]] = {}
        for place in layout.order:
            self._places.setdefault(layout.fields[place].name, []).append(place)
        self._names = [name for name in self._places if name not in ("time", "duration")]
        texts = {name: pl.col(name) for name in self._names}
        texts |= {name: pl.when(texts[name] == "").then(pl.lit("-")).otherwise(texts[name]) for name in texts.keys() & {"status", "bytes", "total"}}
        checks = [pl.col("client") != ""] if "forwarded_for" in texts else []
        if "request" in texts:
            checks.append(~pl.col("request").str.contains(" \t", literal=True))
        if "rest" in texts and "duration" in self._places:
            checks.append(pl.col("duration_ns").is_not_null() | (pl.col("rest") == ""))
        columns = [["moment", "duration_ns"], *([name] for name in self._names)]
        self._typed = Typed(columns, Reading(texts, checks, pl.col("moment"), pl.col("duration_ns"), layout.is_absolute))

    @classmethod
    def of(cls, layout: Layout) -> "Grouped | None":
        """Return how a layout is read, null where something of it cannot be told for certain."""
        names = {field.name for field in layout.fields}
        is_told = not {"bytes", "total"} <= names and not ("forwarded_for" in names and "client" not in names) and not is_glued(layout)
        return cls(layout) if is_told and not any(map(is_irregular, _allowed(layout).values())) else None

    def rows(self, lines: Lines, asked_of: Indexes, stamps: Stamps | None = None) -> pa.Table:
        """Return the plainly written ones of some lines, by their indexes from 0, in order; of a layout without a time, those that `stamps` say one of."""
        if not (self._layout.has_time or stamps):
            return CODED_ROWS.empty_table()
        text = pl.col("text")
        is_plain = (text.str.len_bytes() <= LONGEST_LINE_BYTES) & (text.str.len_chars() <= self._layout.longest) & ~text.str.contains(_UNUSUAL)
        is_plain &= pl.lit(value=not self._may_list) | ~text.str.contains(_LISTED)
        is_plain &= ~text.str.starts_with(DOCKER) & (pl.lit(value=self._layout.decode is not None) | ~text.str.contains("\\", literal=True))
        asked = pl.DataFrame({"number": asked_of + 1, "text": lines.texts().gather(asked_of).str.strip_chars(AROUND)})
        names = [str(place) for place in range(len(self._layout.fields))]
        groups = asked.filter(is_plain).select("number", text.str.extract_groups(self._pattern).struct.rename_fields(names).alias("groups")).unnest("groups")
        return self._read(groups.filter(pl.col("0").is_not_null(), *self._is_found), stamps)

    def _checks(self) -> list[pl.Expr]:
        """Return what must hold where the exact pattern allows what the looser one finds."""
        checks = [pl.col(str(place)).str.contains(f"^(?:{pattern})$") for place, pattern in _allowed(self._layout).items()]
        plain = [place for place, field in enumerate(self._layout.fields[:-1]) if field.plain]
        checks += [~pl.col(str(place + 1)).str.contains(_GOES_ON) for place in plain]
        if self._layout.may_be_quoted:
            checks += [~pl.col(str(place)).str.starts_with('"') | pl.col(str(place)).str.contains(_QUOTED) for place in range(len(self._layout.fields))]
        return checks

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
        """Return the texts of a field: of equals the first that says anything."""
        return reduce(lambda said, other: other.zip_with(said == "-", said), self._texts(found, name))

    def _moments(self, found: pl.DataFrame, stamps: Stamps | None) -> pl.Series:
        """Return instants, null where there is none that is read."""
        if stamps and not self._layout.has_time:
            return moments(stamps(found["number"]))
        return moments(reduce(lambda said, other: said + " " + other, self._texts(found, "time")), self._layout.time_pattern)

    def _durations(self, found: pl.DataFrame) -> pl.Series:
        """Return nanoseconds: of equals the first, with the parts that follow it."""
        fields = [self._layout.fields[place] for place in self._places.get("duration", ())]
        lengths = [
            map_distinct(text, lambda text, unit_ns=field.unit_ns: duration_ns(text, unit_ns), pl.Int64())  # type: ignore[misc]
            for at, (text, field) in enumerate(zip(self._texts(found, "duration"), fields, strict=True))
            if not at or field.is_part
        ]
        nothing = pl.repeat(None, found.height, dtype=pl.Int64, eager=True)
        return reduce(lambda length, part: length + part.fill_null(0), lengths) if lengths else nothing


def _allowed(layout: Layout) -> dict[int, str]:
    """Return what is allowed of each field that the looser pattern takes for more, by its place among the fields: what the exact pattern allows, or a plain one."""
    allowed, parts = {}, [*layout.parts, ""]
    for place, (at, exact) in enumerate(layout.patterns.items()):
        pattern = exact.removeprefix(QUOTED_OR)
        if loosened(pattern) != pattern:
            plain = _plain(layout.fields[place], parts[at + 1]) or pattern
            allowed[place] = f'"[^"]*"|{plain}' if layout.may_be_quoted else plain
    return allowed


def _plain(field: Field, after: str | Field) -> str | None:
    """Return what a field may hold for certain, whatever follows what stands `after` it; null where nobody says."""
    if field.pattern or field.plain or isinstance(after, Field):
        return field.plain
    return {"client": _ADDRESS if after.startswith(" ") else None, "user": _USER if after.startswith(" [") else None}.get(field.name)


def _coded(texts: pl.Series) -> pa.DictionaryArray:
    return texts.to_arrow().cast(pa.string()).dictionary_encode().cast(CODED)
