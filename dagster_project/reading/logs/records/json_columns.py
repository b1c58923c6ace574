"""JSON Lines, and other records of keys and values, as whole columns: every one that is written plainly.

Blocks of lines of one shape are loaded at once (json_blocks.py), the lines of others each by itself, so none can spoil its neighbour;
lines that hold the same keys become columns together. Whatever is unusual is left to json_lines.py, which decides what it means.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import orjson
import polars as pl
import pyarrow as pa

from dagster_project.reading.logs.carried import Stamps
from dagster_project.reading.logs.lines import Lines
from dagster_project.reading.logs.records import json_blocks, json_requests
from dagster_project.reading.logs.records.json_lines import ENCODED, LIKE_METHOD, QUOTED_AGAIN, has_request, unencoded
from dagster_project.reading.logs.records.json_names import EVENT, REMARK, W3C_CLIENT, Names
from dagster_project.reading.logs.records.json_shapes import Levels, Shape, context, paths, telling, written
from dagster_project.reading.logs.records.json_values import Length, Values, best, surest, texts_of, times
from dagster_project.reading.logs.values.distinct import joined, map_distinct
from dagster_project.reading.logs.values.moments import moments
from dagster_project.reading.logs.values.row import origin_form
from dagster_project.reading.logs.values.typed import CODED_ROWS
from dagster_project.reading.pieces import LONGEST_LINE_BYTES

FEWEST_ALIKE, MOST_ALIKE = 32, 2048
"""Fewer lines of one shape are not worth columns; so many become columns at a time."""
BLOCK_LINES, SAMPLED = 8192, 64
"""Lines of a block; of so many of them, one is looked at for the shape of the block."""

_NUMBER = r'^"*\d+"*$'


class _LinesByShape:
    """The lines of a piece, grouped by those of their keys that may say something, as frames of raw texts (json_requests.py).

    Lines become columns a few thousand at a time: Python's collector would walk through all that are kept, again and again.
    """

    def __init__(self, names: Names, stamps: Stamps | None, *, must_have_request: bool) -> None:
        self._names = names
        self._stamps = stamps
        self._must_have_request = must_have_request
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
        if len(held[0]) == MOST_ALIKE:
            self._put_all(shape, *self._lines.pop(shape))

    def put(self, shape: Shape, numbers: Sequence[int], held: Sequence[Values]) -> None:
        """Take the columns of lines of one shape."""
        frame = _columns(shape, numbers, held, self._names, self._stamps)
        if frame is not None and self._must_have_request:
            frame = frame.filter(json_requests.has_request(frame))
        if frame is not None:
            frame = json_requests.without_spare_request(frame)
            self._frames["request" in frame.columns].append(frame)

    def shape(self, records: Iterable[dict[str, object]]) -> Shape | None:
        """Return the shape that objects have in common, null where they have none."""
        found = {self._levels.taken(record)[0] for record in records}
        return found.pop() if len(found) == 1 else None

    def rows(self) -> pa.Table:
        """Return the plain ones of all lines whose shape is no rarity as typed.CODED_ROWS, in order."""
        for shape, (numbers, values) in self._lines.items():
            if len(numbers) >= FEWEST_ALIKE:
                self._put_all(shape, numbers, values)
        frames = [pl.concat(alike, how="diagonal") for alike in self._frames.values() if alike]
        return joined([CODED_ROWS.empty_table(), *map(json_requests.rows, frames)])

    def _put_all(self, shape: Shape, numbers: list[int], values: list[object]) -> None:
        width = len(paths(shape))
        self.put(shape, numbers, [values[at::width] for at in range(width)])


def rows(lines: Lines, names: Names, stamps: Stamps | None = None) -> pa.Table:
    """Return the plainly written lines of JSON as typed.CODED_ROWS, in order.

    `stamps` give the times of lines that have none of their own; such a line counts where it says what was asked for.
    """
    by_shape = _LinesByShape(names, stamps, must_have_request=False)
    blocks = _Blocks(lines, names, by_shape)
    for start in range(0, len(lines), BLOCK_LINES):
        stop = min(start + BLOCK_LINES, len(lines))
        if not blocks.take(start, stop):
            for number, record in _records(lines, start, stop):
                by_shape.add(number, record)
    return by_shape.rows()


def rows_of_pairs(records: Iterable[tuple[int, dict[str, object]]], names: Names, stamps: Stamps) -> pa.Table:
    """Return rows of lines that hold pairs, given by their numbers from 1, as typed.CODED_ROWS, in order: of those that say what was asked for."""
    by_shape = _LinesByShape(names, stamps, must_have_request=True)
    for number, record in records:
        by_shape.add(number, record)
    return by_shape.rows()


class _Blocks:
    """Loads whole blocks of lines that are all of one shape, the one last learnt from some lines of a block."""

    def __init__(self, lines: Lines, names: Names, by_shape: _LinesByShape) -> None:
        self._lines = lines
        self._names = names
        self._by_shape = by_shape
        self._may_be_loaded = json_blocks.are_objects(lines) & lines.is_utf8
        self._learnt: tuple[Shape, json_blocks.Loader] | None = None

    def take(self, start: int, stop: int) -> bool:
        """Take a block where all its lines are of one shape; tell whether it was taken."""
        if not self._may_be_loaded[start:stop].all():
            return False
        records = [record for line in range(start, stop, SAMPLED) for _, record in _records(self._lines, line, line + 1)]
        return not json_blocks.are_of_own_keys(records) and (self._load(start, stop) or (self._learn(records) and self._load(start, stop)))

    def _load(self, start: int, stop: int) -> bool:
        if self._learnt is None:
            return False
        shape, loader = self._learnt
        columns = loader.load(self._lines, start, stop)
        if columns is None:
            return False
        nothing = pl.repeat(None, stop - start, dtype=pl.String, eager=True)
        self._by_shape.put(shape, range(start + 1, stop + 1), [nothing if (column := columns.get(path)) is None else column for path in paths(shape)])
        return True

    def _learn(self, records: list[dict[str, object]]) -> bool:
        """Tell whether some lines of a block have a shape in common that is not the one known."""
        shape = self._by_shape.shape(records)
        if shape is None or _needs_lines(shape, self._names):
            return False
        before = self._learnt
        self._learnt = shape, json_blocks.Loader(json_blocks.schema_of(records), frozenset(paths(shape)), telling(shape), self._names)
        return self._learnt != before


def _records(lines: Lines, start: int, stop: int) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the objects on the lines from `start` up to `stop` (from 0) that are not too long, each with the number of its line from 1."""
    raws = lines.body[lines.bounds[start] : lines.bounds[stop]].split(b"\n")
    is_long = int(lines.lengths()[start:stop].max(initial=0)) > LONGEST_LINE_BYTES
    for number, raw in enumerate(raws, start + 1):
        try:
            record = orjson.loads(raw)
        except orjson.JSONDecodeError:
            continue
        if isinstance(record, dict) and (not is_long or len(raw.rstrip(b"\r")) <= LONGEST_LINE_BYTES):
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
    return has_equals or len(lengths) > 1 or names.may_call_client_host(shape[0].paths)


def _columns(shape: Shape, numbers: Sequence[int], held: Sequence[Values], names: Names, stamps: Stamps | None) -> pl.DataFrame | None:
    """Return the raw texts of lines of one shape by field, and their instants and durations; null where a line alone says more.

    `held`: the values of all lines for each of the shape's paths.
    """
    named, lengths = _placed(shape, names)
    is_dated = "time" in named or (stamps and has_request(named.keys()))
    if REMARK in named or not is_dated or W3C_CLIENT in shape[0].telling:
        return None
    columns = {"line_number": pl.Series(numbers, dtype=pl.Int64)}
    columns["moment"] = moments(stamps(columns["line_number"])) if stamps and "time" not in named else times([held[at] for _, at in named["time"]])
    columns["duration_ns"] = surest(len(numbers), [(held[at], length) for at, length in lengths])
    for name in json_requests.FIELDS:
        if name in named:
            said = [texts_of(held[at], name) for _, at in named[name]]
            columns[name] = best([*map(_numbers, said), *said] if name == "status" and len(said) > 1 else said)
    if "request" in columns and "method" not in columns and columns["request"].str.contains(LIKE_METHOD).all():
        columns["method"] = columns.pop("request")
    columns |= {name: _unencoded(columns[name]) for name in QUOTED_AGAIN if name in columns}
    frame = pl.DataFrame(_with_hosts(columns))
    if EVENT in named:
        frame = frame.filter(json_requests.is_answered(frame))
    return frame if "time" in named else frame.filter(json_requests.has_request(frame))


def _unencoded(texts: pl.Series) -> pl.Series:
    """Return texts of which those that are percent-encoded as a whole are as they were."""
    if not texts.str.contains("%", literal=True).any():  # few are, and a pattern that counts is slow
        return texts
    encoded = texts.set(~texts.str.contains(ENCODED), None)
    return texts if encoded.null_count() == len(texts) else map_distinct(encoded, unencoded, pl.String()).fill_null(texts)


def _numbers(texts: pl.Series) -> pl.Series:
    """Return texts that are whole numbers, in quotes or not: of a status they count before words."""
    return texts.set(~texts.str.contains(_NUMBER), None)


def _with_hosts(columns: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
    """Return columns in which targets that are absolute URLs are parted into host and target."""
    columns = dict(columns)
    for name in [name for name in ("target", "path") if name in columns]:  # in this order: the first that names a host counts
        urls = columns[name].set(~columns[name].str.slice(0, 12).str.contains("://", literal=True), None)
        if urls.null_count() < len(urls):
            hosts = map_distinct(urls, lambda url: origin_form(url)[0] or "", pl.String())
            columns["host"] = columns["host"].fill_null(hosts) if "host" in columns else hosts
            columns[name] = map_distinct(urls, lambda url: origin_form(url)[1], pl.String()).fill_null(columns[name])
    return columns
