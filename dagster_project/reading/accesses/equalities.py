"""Columns that must have the same value as others, and the values that follow for each."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count

Node = tuple[int, str]  # a source and a column of it, or a value


def _both(values: frozenset[str], others: frozenset[str]) -> frozenset[str]:
    """Return the values that are among others, too, also where only the type of a column makes them equal: `042` and `42`, `c1` and `C1`."""
    if values <= others:
        return values
    alike = {_alike(other) for other in others}
    return frozenset(value for value in values if _alike(value) in alike)


def _alike(value: str) -> str:
    return re.sub(r"[^0-9a-z]", "", value.casefold()).lstrip("0")


class Equalities:
    """Gathers what is known of columns, then tells their values."""

    def __init__(self) -> None:
        self._numbers = count()
        self._rules: dict[Node, list[tuple[Node, ...]]] = defaultdict(list)
        self._values: dict[Node, frozenset[str]] = {}
        self._first_bound = 0  # sources before it stand outside of what is read now, and are not bound by it

    def number(self) -> int:
        """Return the number of a new source."""
        return next(self._numbers)

    def equal(self, one: Node | None, other: Node | None, bound: set[int] | None, also: Iterable[int] = ()) -> None:
        """Take that two are the same; `bound` are the sources that this binds, None for all, `also` one more."""
        if one is None or other is None:
            return
        for target, source in ((one, other), (other, one)):
            if target[0] >= self._first_bound and (bound is None or target[0] in bound or target[0] in also):
                self.rule(target, source)

    @contextmanager
    def apart(self, is_binding: bool = False) -> Iterator[None]:
        """Read a query that rows outside of it pass whatever it finds, unless it is binding."""
        before = self._first_bound
        if not is_binding:
            self._first_bound = next(self._numbers)
        yield
        self._first_bound = before

    def rule(self, target: Node, *sources: Node) -> None:
        """Take that a column has no value that none of the sources has."""
        self._rules[target].append(sources)

    def constant(self, values: Iterable[str]) -> Node:
        """Return a node with these values."""
        node = (next(self._numbers), "")
        self._values[node] = frozenset(values)
        return node

    def bounds(self) -> dict[Node, frozenset[str]]:
        """Return the values of every node that has some, each rule followed until nothing changes."""
        found, is_new = dict(self._values), True
        while is_new:
            is_new = False
            for target, each in self._rules.items():
                for sources in each:
                    if all(source in found for source in sources):
                        values = frozenset[str]().union(*(found[source] for source in sources))
                        narrowed = _both(found[target], values) if target in found else values
                        is_new = is_new or narrowed != found.get(target)
                        found[target] = narrowed
        return found
