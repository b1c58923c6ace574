"""The shapes of JSON lines: which of their keys may name a field, object by object."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count
from operator import itemgetter

from dagster_project.reading.logs.records.json_lines import DEEPEST, WRITTEN, attributes, held_in
from dagster_project.reading.logs.records.json_names import TELLING, Names

MOST_LEVELS = 4096


@dataclass(frozen=True, eq=False)
class Level:
    """What is known of objects with certain keys, within the object of a `prefix` (`request.`).

    `paths` are those of the keys that may name a field, `take` gets their values; `inner` are the places among them that may hold objects, each with its
    prefix; `telling` are the keys that decide what others mean.
    """

    prefix: str
    paths: tuple[str, ...]
    take: Callable[[dict[str, object]], Iterable[object]]
    inner: tuple[tuple[int, str], ...]
    telling: frozenset[str]


Shape = tuple[Level, ...]
"""An object, and behind it the shape of the object at each place that may hold one, NOTHING where there is none."""

NOTHING = Level("", (), lambda _: (), (), frozenset())


class Levels:
    """The levels of the objects seen so far; objects that differ only in keys that name no field share one."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._by_keys: dict[str, dict[tuple[str, ...], Level]] = {}
        self._same: dict[tuple[str, tuple[str, ...], frozenset[str]], Level] = {}

    def taken(self, record: dict[str, object], prefix: str = "") -> tuple[Shape, list[object]]:
        """Return the shape of an object, and its values in the order of `paths`."""
        keys = tuple(record)
        level = self._by_keys.setdefault(prefix, {}).get(keys) or self._level(prefix, keys)
        values = [*level.take(record)]
        shape: Shape = (level,)
        for at, path in level.inner:
            held = values[at]
            if isinstance(held, list) and held and isinstance(held[0], dict):
                held = attributes(held)
            elif path == f"{WRITTEN}." and isinstance(held, str) and held.startswith("{"):
                held = held_in(held)
            if isinstance(held, dict):
                inner = self.taken(held, path)
                values[at] = None
                values += inner[1]
                shape += inner[0]
            else:
                shape += (NOTHING,)
        return shape, values

    def _level(self, prefix: str, keys: tuple[str, ...]) -> Level:
        """Return what to take of an object; objects that differ only in other keys share it."""
        if len(self._by_keys[prefix]) > MOST_LEVELS:
            self._by_keys[prefix].clear()
        entered = [key for key in keys if (prefix + key).count(".") < DEEPEST and self._names.is_entered(prefix + key)]
        taken = [key for key in keys if key in entered or self._names.is_read(prefix + key)]
        paths = tuple(prefix + key for key in taken)
        telling = TELLING.intersection(keys)
        inner = tuple((at, f"{prefix}{key}.") for at, key in enumerate(taken) if key in entered)
        made = Level(prefix, paths, _taker(taken, may_be_lists=prefix.endswith("headers.")), inner, telling)
        level = self._same.setdefault((prefix, paths, telling), made)
        self._by_keys[prefix][keys] = level
        return level


def _taker(keys: list[str], *, may_be_lists: bool) -> Callable[[dict[str, object]], Iterable[object]]:
    if len(keys) < 2 or may_be_lists:
        return lambda record: [_alone(record[key]) for key in keys]
    return itemgetter(*keys)


def _alone(value: object) -> object:
    """Return the only text of a list, as headers stand in Caddy's logs."""
    return value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) else value


def paths(shape: Shape) -> tuple[str, ...]:
    """Return the path of each value of a line."""
    return tuple(chain.from_iterable(level.paths for level in shape))


def written(shape: Shape, names: Names) -> list[tuple[int, str]]:
    """Return the place of each value among `paths`, and its path, in the order of the line; a host that is the client is the remote host."""
    is_client = names.calls_client_host(shape[0].paths)
    return [(at, "remote_host" if is_client and path.lower() == "host" else path) for at, path in _in_order(iter(shape), count())]


def _in_order(levels: Iterator[Level], numbers: Iterator[int]) -> Iterator[tuple[int, str]]:
    level = next(levels)
    own = [next(numbers) for _ in level.paths]
    inner = {at: [*_in_order(levels, numbers)] for at, _ in level.inner}
    for at, path in enumerate(level.paths):
        yield own[at], path
        yield from inner.get(at, ())


def context(shape: Shape) -> Mapping[str, object]:
    """Return a stand-in for the record of a line that has just its telling keys, those of objects within it too: Names.unit_ns asks for no more."""
    top, *inner = shape
    return dict.fromkeys(top.telling) | {level.prefix.removesuffix("."): dict.fromkeys(level.telling) for level in inner if level is not NOTHING}


def telling(shape: Shape) -> frozenset[str]:
    """Return the paths of keys that decide what others mean."""
    return frozenset(level.prefix + key for level in shape for key in level.telling)
