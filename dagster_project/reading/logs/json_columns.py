"""JSON Lines as whole columns: every object that is written plainly.

Blocks of lines of one shape are loaded at once (json_blocks.py), the lines of others each by itself, so none can spoil its neighbour;
lines that hold the same keys become columns together. Whatever is unusual is left to json_lines.py, which decides what it means.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter

import orjson
import polars as pl
import pyarrow as pa

from dagster_project.reading.logs import json_blocks
from dagster_project.reading.logs.distinct import Part, joined
from dagster_project.reading.logs.json_lines import DEEPEST, EVIDENCE, QUOTED_AGAIN, REQUEST_FIELDS
from dagster_project.reading.logs.json_names import ARCHIVED, REMARK, TELLING, Names, has_client_as_host
from dagster_project.reading.logs.json_values import Values, best, durations, moments, texts_of
from dagster_project.reading.logs.lines import Lines
from dagster_project.reading.logs.typed import CODED_ROWS, Reading, Typed
from dagster_project.reading.pieces import LONGEST_LINE_BYTES

FEWEST_LINES, MOST_LINES = 32, 2048
"""Fewer lines of the same keys are not worth columns; so many become columns at a time."""

MOST_LEVELS = 4096
BLOCK_LINES = 8192
SAMPLED = 64
"""Of how many lines of a block one says what its shape is."""

_BROKEN = r"\n| [\s\x1c-\x1f]"
"""What a request line holds that is more than words with a blank between."""

_ROUTE = "^[A-Z]{3,20} /"
"""values.ROUTE, and the path behind it."""

_FIELDS = (
    "client", "client_port", "forwarded_for", "request", "method", "target", "path", "query", "protocol", "host", "status", "bytes", "referer",
    "user_agent", "user", "account", "client_header",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Level:
    """An object whose keys are known: the paths that may say something, how to take them, and which may hold objects."""

    prefix: str
    paths: tuple[str, ...]
    take: Callable[[dict[str, object]], Iterable[object]]
    inner: tuple[tuple[int, str], ...]
    telling: frozenset[str]


_Shape = tuple[_Level | None, ...]


class _Shapes:
    """The lines of a piece by the keys of theirs that may say something, as columns of raw texts.

    Lines become columns a few thousand at a time: Python's collector would walk through all that are kept, again and again.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._levels: dict[str, dict[tuple[str, ...], _Level]] = {}
        self._same: dict[tuple[tuple[str, ...], frozenset[str]], _Level] = {}
        self._lines: dict[_Shape, tuple[list[int], list[object]]] = {}
        self._frames: dict[bool, list[pl.DataFrame]] = {True: [], False: []}

    def add(self, number: int, record: dict[str, object]) -> None:
        """Take a line; one with a list of objects in it is left out."""
        found = self._taken(record, "")
        if found is None:
            return
        if (held := self._lines.get(found[0])) is None:
            held = self._lines[found[0]] = [], []
        held[0].append(number)
        held[1].extend(found[1])
        if len(held[0]) == MOST_LINES:
            self._put(found[0], *self._lines.pop(found[0]))

    def put(self, frame: pl.DataFrame) -> None:
        """Take the columns of lines of one shape."""
        self._frames["request" in frame.columns].append(frame)

    def shape(self, records: Iterable[dict[str, object]]) -> _Shape | None:
        """Return the shape that objects have in common, null where they have none."""
        found = {taken and taken[0] for taken in (self._taken(record, "") for record in records)}
        return found.pop() if len(found) == 1 else None

    def frames(self) -> list[pl.DataFrame]:
        """Return the columns of all lines whose shape is no rarity, those with a request line apart from the others."""
        for shape, (numbers, values) in self._lines.items():
            if len(numbers) >= FEWEST_LINES:
                self._put(shape, numbers, values)
        return [pl.concat(alike, how="diagonal") for alike in self._frames.values() if alike]

    def _put(self, shape: _Shape, numbers: list[int], values: list[object]) -> None:
        paths = _paths(shape)
        frame = _columns(shape, numbers, [values[at :: len(paths)] for at in range(len(paths))], self._names)
        if frame is not None:
            self.put(frame)

    def _taken(self, record: dict[str, object], prefix: str) -> tuple[_Shape, list[object]] | None:
        keys = tuple(record)
        level = self._levels.setdefault(prefix, {}).get(keys) or self._level(prefix, keys)
        values = [*level.take(record)]
        shape: _Shape = (level,)
        for at, path in level.inner:
            held = values[at]
            if isinstance(held, dict):
                inner = self._taken(held, path)
                if inner is None:
                    return None
                values[at] = None
                values += inner[1]
                shape += inner[0]
            elif isinstance(held, list) and held and isinstance(held[0], dict):
                return None
            else:
                shape += (None,)
        return shape, values

    def _level(self, prefix: str, keys: tuple[str, ...]) -> _Level:
        """Return what to take of an object; objects that differ only in other keys share it."""
        if len(self._levels[prefix]) > MOST_LEVELS:
            self._levels[prefix].clear()
        entered = [key for key in keys if (prefix + key).count(".") < DEEPEST and self._names.is_entered(prefix + key)]
        taken = [key for key in keys if key in entered or self._names.is_read(prefix + key)]
        paths = tuple(prefix + key for key in taken)
        telling = TELLING.intersection(keys)
        inner = tuple((at, f"{prefix}{key}.") for at, key in enumerate(taken) if key in entered)
        made = _Level(prefix, paths, _taker(taken, may_be_lists=prefix.endswith("headers.")), inner, telling)
        level = self._same.setdefault((paths, telling), made)
        self._levels[prefix][keys] = level
        return level


def _taker(keys: list[str], *, may_be_lists: bool) -> Callable[[dict[str, object]], Iterable[object]]:
    if len(keys) < 2 or may_be_lists:
        return lambda record: [_alone(record[key]) for key in keys]
    return itemgetter(*keys)


def _alone(value: object) -> object:
    """Return the only text of a list, as headers stand in Caddy's logs."""
    return value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) else value


def rows(lines: Lines, names: Names) -> pa.Table:
    """Return the plainly written lines as typed.CODED_ROWS, in order."""
    shapes = _Shapes(names)
    together = _Together(lines, names, shapes)
    for start in range(0, len(lines), BLOCK_LINES):
        stop = min(start + BLOCK_LINES, len(lines))
        if (frame := together.frame(start, stop)) is not None:
            shapes.put(frame)
            continue
        for number, record in _records(lines, start, stop):
            if isinstance(record, dict):
                shapes.add(number, record)
    return joined([CODED_ROWS.empty_table(), *map(_read, shapes.frames())])


class _Together:
    """Loads blocks whose lines are all of one shape, that of the lines looked at last."""

    def __init__(self, lines: Lines, names: Names, shapes: _Shapes) -> None:
        self._lines = lines
        self._names = names
        self._shapes = shapes
        self._may_be_loaded = json_blocks.are_objects(lines) & lines.is_utf8
        self._learnt: tuple[_Shape, json_blocks.Loader] | None = None

    def frame(self, start: int, stop: int) -> pl.DataFrame | None:
        """Return the raw texts of a block by field, null where its lines have to be loaded each by itself."""
        if not self._may_be_loaded[start:stop].all():
            return None
        frame = self._loaded(start, stop) if self._learnt else None
        if frame is None and self._learn(start, stop):
            frame = self._loaded(start, stop)
        return frame

    def _loaded(self, start: int, stop: int) -> pl.DataFrame | None:
        if self._learnt is None:
            return None
        shape, loader = self._learnt
        columns = loader.load(self._lines, start, stop)
        if columns is None:
            return None
        nothing = pl.repeat(None, stop - start, dtype=pl.String, eager=True)
        held = [nothing if (column := columns.get(path)) is None else column for path in _paths(shape)]
        return _columns(shape, range(start + 1, stop + 1), held, self._names)

    def _learn(self, start: int, stop: int) -> bool:
        """Look at some lines of a block; tell whether they have a shape in common that is not the one known."""
        records = [record for line in range(start, stop, SAMPLED) for _, record in _records(self._lines, line, line + 1)]
        shape = self._shapes.shape(record for record in records if isinstance(record, dict))
        if shape is None:
            return False
        before = self._learnt
        self._learnt = shape, json_blocks.Loader(json_blocks.schema_of(records), frozenset(_paths(shape)), self._names)  # type: ignore[arg-type]
        return self._learnt != before


def _records(lines: Lines, start: int, stop: int) -> Iterator[tuple[int, object]]:
    """Yield the lines from `start` up to `stop`, from 0, that are JSON and not too long, each with its number from 1."""
    raws = lines.body[lines.bounds[start] : lines.bounds[stop]].split(b"\n")
    is_long = int(lines.lengths()[start:stop].max(initial=0)) > LONGEST_LINE_BYTES
    for number, raw in enumerate(raws, start + 1):
        try:
            record = orjson.loads(raw)
        except orjson.JSONDecodeError:
            continue
        if not is_long or len(raw.rstrip(b"\r")) <= LONGEST_LINE_BYTES:
            yield number, record


def _paths(shape: _Shape) -> tuple[str, ...]:
    """Return the path of each value of a line."""
    return tuple(chain.from_iterable(level.paths for level in shape if level))


def _columns(shape: _Shape, numbers: Sequence[int], held: Sequence[Values], names: Names) -> pl.DataFrame | None:
    """Return the raw texts of lines of one shape by field, and their instants and durations; null where two keys are as good as each other.

    `held`: the values of all lines for each of the shape's paths.
    """
    top, paths = shape[0], _paths(shape)
    if top is None or not paths:
        return None
    named: dict[str, list[tuple[int, int]]] = {}
    units: list[tuple[int, int]] = []
    has_request = any(level and level.prefix == "request." for level in shape)
    archived = next((dict.fromkeys(level.telling) for level in shape if level and level.prefix == f"{ARCHIVED}."), None)
    context: dict[str, object] = {"request": {} if has_request else None, ARCHIVED: archived, **dict.fromkeys(top.telling)}
    for at, path in enumerate(paths):
        if place := names.place(path):
            named.setdefault(place[0], []).append((place[1], at))
        if unit_ns := names.unit_ns(path, context):
            units.append((at, unit_ns))
    if REMARK in named or any(map(names.is_told_by_others, paths)) or ("client" not in named and has_client_as_host(paths)):
        return None
    if "time" not in named or len(units) > 1 or any(len({rank for rank, _ in ranked}) < len(ranked) for ranked in named.values()):
        return None
    columns = {"line_number": pl.Series(numbers, dtype=pl.Int64), "moment": moments([held[at] for _, at in sorted(named["time"])])}
    columns["duration_ns"] = durations(held[units[0][0]], units[0][1]) if units else pl.repeat(None, len(numbers), dtype=pl.Int64, eager=True)
    for name in _FIELDS:
        if name in named:
            columns[name] = best([texts_of(held[at], name) for _, at in sorted(named[name])])
    return _without_spare_request(pl.DataFrame(columns))


def _without_spare_request(frame: pl.DataFrame) -> pl.DataFrame:
    """Drop the request line where method and target stand beside it; lines that have only one of them, a target there, or a query there alone, are not plain."""
    targets = [name for name in ("target", "path") if name in frame.columns]
    if "request" not in frame.columns or "method" not in frame.columns or not targets:
        return frame
    has_both = pl.col("method").is_not_null() & pl.any_horizontal(pl.col(name).is_not_null() for name in targets)
    has_both &= ~pl.col("request").str.starts_with("/")
    if "query" not in frame.columns:
        has_both &= ~pl.col("request").str.contains("?", literal=True) | pl.any_horizontal(pl.col(name).str.contains("?", literal=True) for name in targets)
    return frame.filter(pl.col("request").is_null() | has_both).drop("request")


def _read(frame: pl.DataFrame) -> pa.Table:
    """Return the rows of lines of which all have a request line, or none."""
    known = set(frame.columns)
    present = {name: pl.col(name).is_not_null() if name in known else pl.lit(value=False) for name in _FIELDS}
    told = pl.sum_horizontal(pl.any_horizontal(present[name] for name in names) for names in EVIDENCE) > 1
    checks = [present["client"] | ~present["forwarded_for"], pl.any_horizontal(told, *(present[name] for name in REQUEST_FIELDS))]
    checks += [~pl.col(name).str.slice(0, 12).str.contains("://", literal=True).fill_null(value=False) for name in ("target", "path") if name in known]
    checks += [~pl.col(name).str.contains(_ROUTE).fill_null(value=False) for name in ("target", "path") if name in known]
    checks += [~pl.col(name).str.contains(" HTTP/", literal=True).fill_null(value=False) for name in ("target", "path") if name in known]
    checks += [~pl.col(name).str.starts_with('"').fill_null(value=False) for name in QUOTED_AGAIN if name in known]
    texts = {name: pl.col(name).fill_null("-") if name in ("status", "bytes") else pl.col(name) for name in _FIELDS if name in known}
    if "request" in known:
        checks += [present["request"], ~pl.col("request").str.contains(_BROKEN)]
    elif "target" in known:
        checks += [present["target"] | ~present["path"], ~present["path"] | ~present["query"]]
        if "query" in known:
            asks = pl.col("query").is_not_null() & ~pl.col("target").str.contains("?", literal=True)
            texts["target"] = pl.when(asks).then(pl.concat_str("target", pl.col("query").str.strip_prefix("?"), separator="?")).otherwise(pl.col("target"))
    typed = Typed([frame.columns], Reading(texts, checks, pl.col("moment"), pl.col("duration_ns")))
    return typed.read(frame["line_number"].to_arrow(), [Part(frame)])
