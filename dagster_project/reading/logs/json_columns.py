"""JSON Lines as whole columns: every object that is written plainly.

Blocks of lines of one shape are loaded at once (json_blocks.py), the lines of others each by itself, so none can spoil its neighbour;
lines that hold the same keys become columns together. Whatever is unusual is left to json_lines.py, which decides what it means.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import orjson
import polars as pl
import pyarrow as pa

from dagster_project.reading.logs import json_blocks
from dagster_project.reading.logs.carried import Stamps
from dagster_project.reading.logs.distinct import Part, asked_once, joined
from dagster_project.reading.logs.json_lines import ENCODED, EVIDENCE, QUOTED_AGAIN, REQUEST_FIELDS, unencoded
from dagster_project.reading.logs.json_names import EVENT, REMARK, W3C_CLIENT, Names
from dagster_project.reading.logs.json_shapes import Levels, Shape, calls_client_host, context, paths, telling, written
from dagster_project.reading.logs.json_values import Length, Values, best, surest, texts_of, times
from dagster_project.reading.logs.lines import Lines
from dagster_project.reading.logs.moments import moments
from dagster_project.reading.logs.typed import CODED_ROWS, Reading, Typed
from dagster_project.reading.logs.values import origin_form
from dagster_project.reading.pieces import LONGEST_LINE_BYTES

FEWEST_LINES, MOST_LINES = 32, 2048
"""Fewer lines of the same keys are not worth columns; so many become columns at a time."""

BLOCK_LINES = 8192
SAMPLED = 64
"""Of how many lines of a block one says what its shape is."""

_ROUTE = "^[A-Z]{3,20} /"
"""values.ROUTE, and the path behind it."""
_METHOD = r"^[A-Z]{3,20}$"
_NUMBER = r'^"*\d+"*$'
_BROKEN = r"\n| [\s\x1c-\x1f]"
"""What a request line holds that is more than words with a blank between."""

_FIELDS = (
    "client", "client_port", "forwarded_for", "request", "method", "target", "path", "query", "protocol", "host", "status", "bytes", "referer",
    "user_agent", "user", "account", "client_header",
)  # fmt: skip


class _Shapes:
    """The lines of a piece by the keys of theirs that may say something, as columns of raw texts.

    Lines become columns a few thousand at a time: Python's collector would walk through all that are kept, again and again.
    """

    def __init__(self, names: Names, stamps: Stamps | None, *, must_ask: bool) -> None:
        self._names = names
        self._stamps = stamps
        self._must_ask = must_ask
        self._levels = Levels(names)
        self._lines: dict[Shape, tuple[list[int], list[object]]] = {}
        self._frames: dict[bool, list[pl.DataFrame]] = {True: [], False: []}

    def add(self, number: int, record: dict[str, object]) -> None:
        """Take a line."""
        shape, values = self._levels.taken(record)
        if (held := self._lines.get(shape)) is None:
            held = self._lines[shape] = [], []
        held[0].append(number)
        held[1].extend(values)
        if len(held[0]) == MOST_LINES:
            self._put_all(shape, *self._lines.pop(shape))

    def put(self, shape: Shape, numbers: Sequence[int], held: Sequence[Values]) -> None:
        """Take the columns of lines of one shape."""
        frame = _columns(shape, numbers, held, self._names, self._stamps)
        if frame is not None and self._must_ask:
            frame = frame.filter(_asks(frame))
        if frame is not None:
            frame = _without_spare_request(frame)
            self._frames["request" in frame.columns].append(frame)

    def shape(self, records: Iterable[dict[str, object]]) -> Shape | None:
        """Return the shape that objects have in common, null where they have none."""
        found = {self._levels.taken(record)[0] for record in records}
        return found.pop() if len(found) == 1 else None

    def frames(self) -> list[pl.DataFrame]:
        """Return the columns of all lines whose shape is no rarity, those with a request line apart from the others."""
        for shape, (numbers, values) in self._lines.items():
            if len(numbers) >= FEWEST_LINES:
                self._put_all(shape, numbers, values)
        return [pl.concat(alike, how="diagonal") for alike in self._frames.values() if alike]

    def _put_all(self, shape: Shape, numbers: list[int], values: list[object]) -> None:
        width = len(paths(shape))
        self.put(shape, numbers, [values[at::width] for at in range(width)])


def rows(lines: Lines, names: Names, stamps: Stamps | None = None) -> pa.Table:
    """Return the plainly written lines as typed.CODED_ROWS, in order; where they say no time and what was asked for, `stamps` say the time."""
    shapes = _Shapes(names, stamps, must_ask=False)
    together = _Together(lines, names, shapes)
    for start in range(0, len(lines), BLOCK_LINES):
        stop = min(start + BLOCK_LINES, len(lines))
        if together.take(start, stop):
            continue
        for number, record in _records(lines, start, stop):
            if isinstance(record, dict):
                shapes.add(number, record)
    return joined([CODED_ROWS.empty_table(), *map(_read, shapes.frames())])


def rows_of(records: Iterable[tuple[int, dict[str, object]]], names: Names, stamps: Stamps) -> pa.Table:
    """Return rows of lines that hold pairs, by their numbers from 1, as typed.CODED_ROWS, in order: of those that say what was asked for."""
    shapes = _Shapes(names, stamps, must_ask=True)
    for number, record in records:
        shapes.add(number, record)
    return joined([CODED_ROWS.empty_table(), *map(_read, shapes.frames())])


class _Together:
    """Loads blocks whose lines are all of one shape, that of the lines looked at last."""

    def __init__(self, lines: Lines, names: Names, shapes: _Shapes) -> None:
        self._lines = lines
        self._names = names
        self._shapes = shapes
        self._may_be_loaded = json_blocks.are_objects(lines) & lines.is_utf8
        self._learnt: tuple[Shape, json_blocks.Loader] | None = None

    def take(self, start: int, stop: int) -> bool:
        """Take a block; tell whether it was, and its lines need not be loaded each by itself."""
        if not self._may_be_loaded[start:stop].all():
            return False
        found = [record for line in range(start, stop, SAMPLED) for _, record in _records(self._lines, line, line + 1)]
        records = [record for record in found if isinstance(record, dict)]
        return not json_blocks.are_of_own_keys(records) and (self._load(start, stop) or (self._learn(records) and self._load(start, stop)))

    def _load(self, start: int, stop: int) -> bool:
        if self._learnt is None:
            return False
        shape, loader = self._learnt
        columns = loader.load(self._lines, start, stop)
        if columns is None:
            return False
        nothing = pl.repeat(None, stop - start, dtype=pl.String, eager=True)
        self._shapes.put(shape, range(start + 1, stop + 1), [nothing if (column := columns.get(path)) is None else column for path in paths(shape)])
        return True

    def _learn(self, records: list[dict[str, object]]) -> bool:
        """Tell whether some lines of a block have a shape in common that is not the one known."""
        shape = self._shapes.shape(records)
        if shape is None or _needs_lines(shape, self._names):
            return False
        before = self._learnt
        self._learnt = shape, json_blocks.Loader(json_blocks.schema_of(records), frozenset(paths(shape)), telling(shape), self._names)
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


def _placed(shape: Shape, names: Names) -> tuple[dict[str, list[tuple[int, int]]], list[tuple[int, Length]]]:
    """Return which values say each field, with their ranks, the best first, and which say how long it took; of equals the first in a line, or the last."""
    named: dict[str, list[tuple[int, int]]] = {}
    lengths: list[tuple[int, Length]] = []
    told = context(shape)
    for at, path in written(shape, names):
        if place := names.place(path):
            named.setdefault(place[0], []).append((place[1], at))
        if unit_ns := names.unit_ns(path, told):
            lengths.append((at, Length(unit_ns, is_bare=names.is_bare(path))))
    return {name: sorted(ranked, key=lambda each: each[0]) for name, ranked in named.items()}, lengths


def _needs_lines(shape: Shape, names: Names) -> bool:
    """Tell whether it matters in what order a line's keys stand, or whether each is there: a block tells neither."""
    named, lengths = _placed(shape, names)
    has_equals = any(len({rank for rank, _ in ranked}) < len(ranked) for ranked in named.values())
    return has_equals or len(lengths) > 1 or calls_client_host(shape, names)


def _columns(shape: Shape, numbers: Sequence[int], held: Sequence[Values], names: Names, stamps: Stamps | None) -> pl.DataFrame | None:
    """Return the raw texts of lines of one shape by field, and their instants and durations; null where a line alone says more.

    `held`: the values of all lines for each of the shape's paths.
    """
    named, lengths = _placed(shape, names)
    is_dated = "time" in named or (stamps and ("request" in named or ("method" in named and named.keys() & {"target", "path"})))
    if REMARK in named or not is_dated or (shape[0] and W3C_CLIENT in shape[0].telling):
        return None
    columns = {"line_number": pl.Series(numbers, dtype=pl.Int64)}
    columns["moment"] = moments(stamps(columns["line_number"])) if stamps and "time" not in named else times([held[at] for _, at in named["time"]])
    columns["duration_ns"] = surest(len(numbers), [(held[at], length) for at, length in lengths])
    for name in _FIELDS:
        if name in named:
            said = [texts_of(held[at], name) for _, at in named[name]]
            columns[name] = best([*map(_numbers, said), *said] if name == "status" and len(said) > 1 else said)
    if "request" in columns and "method" not in columns and columns["request"].str.contains(_METHOD).all():
        columns["method"] = columns.pop("request")
    columns |= {name: _unencoded(columns[name]) for name in QUOTED_AGAIN if name in columns}
    frame = pl.DataFrame(_with_hosts(columns))
    if EVENT in named:
        frame = frame.filter(_column(frame, "status").is_not_null(), pl.any_horizontal(_column(frame, name).is_not_null() for name in REQUEST_FIELDS))
    return frame if "time" in named else frame.filter(_asks(frame))


def _unencoded(texts: pl.Series) -> pl.Series:
    """Return texts of which those that are percent-encoded as a whole are as they were."""
    encoded = texts.set(~texts.str.contains(ENCODED), None)
    return texts if encoded.null_count() == len(texts) else asked_once(encoded, unencoded, pl.String()).fill_null(texts)


def _numbers(texts: pl.Series) -> pl.Series:
    """Return texts that are whole numbers, in quotes or not: of a status they count before words."""
    return texts.set(~texts.str.contains(_NUMBER), None)


def _with_hosts(columns: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
    """Take the hosts out of targets that are absolute URLs."""
    columns = dict(columns)
    for name in {"target", "path"} & columns.keys():
        urls = columns[name].set(~columns[name].str.slice(0, 12).str.contains("://", literal=True), None)
        if urls.null_count() < len(urls):
            hosts = asked_once(urls, lambda url: origin_form(url)[0] or "", pl.String())
            columns["host"] = columns["host"].fill_null(hosts) if "host" in columns else hosts
            columns[name] = asked_once(urls, lambda url: origin_form(url)[1], pl.String()).fill_null(columns[name])
    return columns


def _without_spare_request(frame: pl.DataFrame) -> pl.DataFrame:
    """Drop what stands under `request` beside a method, or take it for the target, as json_lines.py does; lines in which it is a request line that says more are not plain."""
    if "request" not in frame.columns or "method" not in frame.columns:
        return frame
    request, (target, path, query) = pl.col("request"), (_column(frame, name) for name in ("target", "path", "query"))
    known, is_target, has_query = pl.coalesce(target, path), request.str.starts_with("/"), request.str.contains("?", literal=True)
    is_shorter = known.str.starts_with(pl.concat_str(request, pl.lit("?"))).fill_null(value=False)
    is_longer = query.is_null() & request.str.starts_with(pl.concat_str(known, pl.lit("?"))).fill_null(value=False)
    says_more = query.is_null() & request.str.contains(pl.concat_str(pl.lit(" "), known, pl.lit("?")), literal=True)
    is_plain = pl.when(is_target).then(target.is_null() | query.is_null()).otherwise(known.is_not_null() & ~says_more)
    counts = (is_target & ((target.is_null() & ~is_shorter) | is_longer)).fill_null(value=False)
    taken = {
        "target": pl.when(counts & has_query).then(request).otherwise(target),
        "path": pl.when(counts & ~has_query).then(request).otherwise(path),
    }  # fmt: skip
    return frame.filter(request.is_null() | (pl.col("method").is_not_null() & is_plain), *_are_targets(frame)).with_columns(**taken).drop("request")


def _are_targets(frame: pl.DataFrame) -> list[pl.Expr]:
    """Tell of which lines what stands as target or path is neither a route with its method nor a request line."""
    texts = [pl.col(name) for name in ("target", "path") if name in frame.columns]
    return [~told.fill_null(value=False) for text in texts for told in (text.str.contains(_ROUTE), text.str.contains(" HTTP/", literal=True))]


def _asks(frame: pl.DataFrame) -> pl.Expr:
    """Tell of which lines it is beyond doubt that they are requests."""
    request, method, target, path = (_column(frame, name) for name in ("request", "method", "target", "path"))
    return request.is_not_null() | (method.is_not_null() & (target.is_not_null() | path.is_not_null()))


def _column(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None, pl.String)


def _read(frame: pl.DataFrame) -> pa.Table:
    """Return the rows of lines of which all have a request line, or none."""
    known = set(frame.columns)
    present = {name: pl.col(name).is_not_null() if name in known else pl.lit(value=False) for name in _FIELDS}
    told = pl.sum_horizontal(pl.any_horizontal(present[name] for name in names) for names in EVIDENCE) > 1
    checks = [present["client"] | ~present["forwarded_for"], pl.any_horizontal(told, *(present[name] for name in REQUEST_FIELDS))]
    checks += _are_targets(frame)
    texts = {name: pl.col(name).fill_null("-") if name in ("status", "bytes") else pl.col(name) for name in _FIELDS if name in known}
    texts |= {name: _unquoted(pl.col(name)) for name in QUOTED_AGAIN if name in known}
    if "request" in known:
        checks += [present["request"], ~pl.col("request").str.contains(_BROKEN)]
    elif known & {"target", "path"}:
        texts |= {"target": _target(frame), "path": pl.lit(None, pl.String), "query": pl.lit(None, pl.String)}
    typed = Typed([frame.columns], Reading(texts, checks, pl.col("moment"), pl.col("duration_ns")))
    return typed.read(frame["line_number"].to_arrow(), [Part(frame)])


def _target(frame: pl.DataFrame) -> pl.Expr:
    """Return what was asked for: the query goes on behind a path, and behind a target that has none where no other path stands beside it."""
    target, path, query = (_column(frame, name) for name in ("target", "path", "query"))
    lacks_query = pl.when(target.is_null()).then(path.is_not_null()).otherwise((path.is_null() | (path == target)) & ~target.str.contains("?", literal=True))
    asked = pl.coalesce(target, path)
    return pl.when(lacks_query & query.is_not_null()).then(pl.concat_str(asked, query.str.strip_prefix("?"), separator="?")).otherwise(asked)


def _unquoted(text: pl.Expr) -> pl.Expr:
    """Return a text without the quotes that stood around it in the log."""
    return pl.when(text.str.starts_with('"') & text.str.ends_with('"')).then(text.str.strip_prefix('"').str.strip_suffix('"')).otherwise(text)
