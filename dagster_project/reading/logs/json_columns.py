"""JSON Lines as whole columns: every object that is written plainly, at a few hundred thousand lines a second.

Each line is loaded by itself, so none can spoil its neighbour; lines that hold the same keys become columns together.
Whatever is unusual is left to json_lines.py, which decides what it means.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter

import orjson
import polars as pl

from dagster_project.reading.logs.columns import ROW, Reading, read_columns
from dagster_project.reading.logs.instants import instant
from dagster_project.reading.logs.json_lines import DEEPEST, FIRST_EPOCH_S, LAST_EPOCH_S, REQUEST_FIELDS, epoch_us, text_of
from dagster_project.reading.logs.json_names import Names
from dagster_project.reading.logs.lines import LONGEST_LINE_BYTES, Lines
from dagster_project.reading.logs.values import EMPTY_USER, LARGEST, duration_ns

FEWEST_LINES, MOST_LINES = 32, 2048
"""Fewer lines of the same keys are not worth columns; so many become columns at a time."""

MOST_LEVELS = 4096

_FIELDS = (
    "client", "client_port", "forwarded_for", "request", "method", "target", "path", "query", "protocol", "host", "status", "bytes", "referer",
    "user_agent", "user", "account", "client_header",
)  # fmt: skip
_ISO = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$"
_PLAIN_NUMBER = r"^[0-9]{1,12}(?:\.[0-9]{1,12})?$"


@dataclass(frozen=True, eq=False)
class _Level:
    """An object whose keys are known: the paths that may say something, how to take them, and which may hold objects."""

    prefix: str
    paths: tuple[str, ...]
    take: Callable[[dict[str, object]], Iterable[object]]
    inner: tuple[tuple[int, str], ...]
    has_response_headers: bool


_Shape = tuple[_Level | None, ...]


class _Shapes:
    """The lines of a piece by the keys of theirs that may say something, as columns of raw texts.

    Lines become columns a few thousand at a time: Python's collector would walk through all that are kept, again and again.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._levels: dict[str, dict[tuple[str, ...], _Level]] = {}
        self._same: dict[tuple[tuple[str, ...], bool], _Level] = {}
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

    def frames(self) -> list[pl.DataFrame]:
        """Return the columns of all lines whose shape is no rarity, those with a request line apart from the others."""
        for shape, (numbers, values) in self._lines.items():
            if len(numbers) >= FEWEST_LINES:
                self._put(shape, numbers, values)
        return [pl.concat(alike, how="diagonal") for alike in self._frames.values() if alike]

    def _put(self, shape: _Shape, numbers: list[int], values: list[object]) -> None:
        frame = _columns(shape, numbers, values, self._names)
        if frame is not None:
            self._frames["request" in frame.columns].append(frame)

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
        has_response_headers = "resp_headers" in keys
        inner = tuple((at, f"{prefix}{key}.") for at, key in enumerate(taken) if key in entered)
        made = _Level(prefix, paths, _taker(taken, may_be_lists=prefix.endswith("headers.")), inner, has_response_headers)
        level = self._same.setdefault((paths, has_response_headers), made)
        self._levels[prefix][keys] = level
        return level


def _taker(keys: list[str], *, may_be_lists: bool) -> Callable[[dict[str, object]], Iterable[object]]:
    if len(keys) < 2 or may_be_lists:
        return lambda record: [_alone(record[key]) for key in keys]
    return itemgetter(*keys)


def _alone(value: object) -> object:
    """Return the only text of a list, as headers stand in Caddy's logs."""
    return value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) else value


def rows(lines: Lines, names: Names) -> pl.DataFrame:
    """Return `line_number` and the columns of columns.ROW for the plainly written lines, in order."""
    shapes = _Shapes(names)
    for number, record in _records(lines):
        if isinstance(record, dict):
            shapes.add(number, record)
    read = [_read(frame) for frame in shapes.frames()]
    return pl.concat([pl.DataFrame(schema={"line_number": pl.Int64(), **ROW}), *read]).sort("line_number")


def _records(lines: Lines) -> Iterator[tuple[int, object]]:
    """Yield the lines that are JSON and not too long, each with its number from 1."""
    raws = lines.body.split(b"\n")
    is_long = int(lines.lengths().max()) > LONGEST_LINE_BYTES if len(lines) else False
    for number, raw in enumerate(raws, 1):
        try:
            record = orjson.loads(raw)
        except orjson.JSONDecodeError:
            continue
        if not is_long or len(raw.rstrip(b"\r")) <= LONGEST_LINE_BYTES:
            yield number, record


def _columns(shape: _Shape, numbers: list[int], values: list[object], names: Names) -> pl.DataFrame | None:
    """Return the raw texts of lines of one shape by field, and their instants and durations; null where two keys are as good as each other."""
    top = shape[0]
    paths = tuple(chain.from_iterable(level.paths for level in shape if level))
    if top is None or not paths:
        return None
    held = [values[at :: len(paths)] for at in range(len(paths))]
    named: dict[str, list[tuple[int, int]]] = {}
    units: list[tuple[int, int]] = []
    has_request = any(level and level.prefix == "request." for level in shape)
    context: dict[str, object] = {"request": {} if has_request else None, **({"resp_headers": None} if top.has_response_headers else {})}
    for at, path in enumerate(paths):
        if place := names.place(path):
            named.setdefault(place[0], []).append((place[1], at))
        if unit_ns := names.unit_ns(path, context):
            units.append((at, unit_ns))
    if "time" not in named or len(units) > 1 or any(len({rank for rank, _ in ranked}) < len(ranked) for ranked in named.values()):
        return None
    columns = {"line_number": pl.Series(numbers, dtype=pl.Int64), "moment": _moments([held[at] for _, at in sorted(named["time"])])}
    columns["duration_ns"] = _durations(held[units[0][0]], units[0][1]) if units else pl.repeat(None, len(numbers), dtype=pl.Int64, eager=True)
    for name in _FIELDS:
        if name in named:
            columns[name] = _best([_texts(held[at], name) for _, at in sorted(named[name])])
    return _without_spare_request(pl.DataFrame(columns))


def _without_spare_request(frame: pl.DataFrame) -> pl.DataFrame:
    """Drop the request line where method and target stand beside it; lines that have only one of them are not plain."""
    targets = [name for name in ("target", "path") if name in frame.columns]
    if "request" not in frame.columns or "method" not in frame.columns or not targets:
        return frame
    has_both = pl.col("method").is_not_null() & pl.any_horizontal(pl.col(name).is_not_null() for name in targets)
    return frame.filter(pl.col("request").is_null() | has_both).drop("request")


def _texts(values: Sequence[object], name: str = "") -> pl.Series:
    """Return values as texts, null where they say nothing."""
    kinds = set(map(type, values))
    if kinds <= {str, type(None)}:
        texts = pl.Series(values, dtype=pl.String)
    elif kinds == {int} and max(map(abs, values)) <= LARGEST:  # type: ignore[arg-type]
        texts = pl.Series(values, dtype=pl.Int64).cast(pl.String)
    else:
        texts = pl.Series([text_of(value) for value in values], dtype=pl.String)
    nothing = (texts == "") | (texts == "-")
    if name in ("bytes", "status"):
        nothing |= texts.str.starts_with("-")
    return texts.set(nothing.fill_null(value=False), None) if nothing.any() else texts


def _best(candidates: list[pl.Series]) -> pl.Series:
    """Return the first of several texts that says anything."""
    best = candidates[0]
    for other in candidates[1:]:
        best = best.fill_null(other) if best.null_count() else best
    return best


def _moments(candidates: list[Sequence[object]]) -> pl.Series:
    """Return instants, null where there is none or none that is read."""
    if len(candidates) == 1 and set(map(type, candidates[0])) == {float}:
        seconds = pl.Series(candidates[0], dtype=pl.Float64)
        is_epoch = (seconds >= FIRST_EPOCH_S) & (seconds < LAST_EPOCH_S)
        return (seconds.set(~is_epoch, None) * 1e6).round().cast(pl.Int64).cast(ROW["ts"])
    texts = _best([_texts([epoch_us(value) if isinstance(value, float) else value for value in values]) for values in candidates])
    plain = texts.set(~texts.str.contains(_ISO).fill_null(value=False), None)
    moments = plain.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", time_zone="UTC", strict=False)
    others = texts.set(plain.is_not_null(), None)
    return moments if others.null_count() == len(others) else moments.fill_null(_mapped(others, instant, ROW["ts"]))


def _durations(values: Sequence[object], unit_ns: int) -> pl.Series:
    """Return nanoseconds."""
    kinds = set(map(type, values))
    if kinds == {float} or (kinds <= {float, int} and max(map(abs, values)) <= LARGEST):  # type: ignore[arg-type]
        lengths = pl.Series(values if kinds == {float} else list(map(float, values)), dtype=pl.Float64) * unit_ns  # type: ignore[arg-type]
        return lengths.set(~((lengths >= 0) & (lengths < LARGEST)), None).round().cast(pl.Int64)
    texts = _texts(values) if float not in kinds else pl.Series([repr(value) if isinstance(value, float) else text_of(value) for value in values], dtype=pl.String)
    plain = texts.set(~texts.str.contains(_PLAIN_NUMBER).fill_null(value=False), None)
    lengths = (plain.cast(pl.Float64) * unit_ns).round().cast(pl.Int64)
    others = texts.set(plain.is_not_null(), None)
    return lengths if others.null_count() == len(others) else lengths.fill_null(_mapped(others, lambda text: duration_ns(text, unit_ns), pl.Int64()))


def _mapped(texts: pl.Series, value: Callable[[str], object], kind: pl.DataType) -> pl.Series:
    distinct = texts.drop_nulls().unique()
    return texts.replace_strict(distinct, pl.Series([value(text) for text in distinct], dtype=kind), default=None, return_dtype=kind)


def _read(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of lines of which all have a request line, or none."""
    known = set(frame.columns)
    present = {name: pl.col(name).is_not_null() if name in known else pl.lit(value=False) for name in _FIELDS}
    checks = [present["client"] | ~present["forwarded_for"], pl.any_horizontal(present[name] for name in REQUEST_FIELDS)]
    checks += [~pl.col(name).str.slice(0, 12).str.contains("://", literal=True).fill_null(value=False) for name in ("target", "path") if name in known]
    texts = {name: pl.col(name).fill_null("-") if name in ("status", "bytes") else pl.col(name) for name in _FIELDS if name in known}
    if "user" in known:
        texts["user"] = pl.when(pl.col("user") != EMPTY_USER).then(pl.col("user"))
    if "request" in known:
        checks += [present["request"]]
    elif "target" in known:
        checks += [present["target"] | ~present["path"], ~present["path"] | ~present["query"]]
        if "query" in known:
            asks = pl.col("query").is_not_null() & ~pl.col("target").str.contains("?", literal=True)
            texts["target"] = pl.when(asks).then(pl.concat_str("target", pl.col("query").str.strip_prefix("?"), separator="?")).otherwise(pl.col("target"))
    return read_columns(frame.lazy(), Reading(texts, checks, pl.col("moment"), pl.col("duration_ns")))
