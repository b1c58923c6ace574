"""Solves equalities: given which columns must be equal and which values are known, the values that each column can have."""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from itertools import count

Node = tuple[int, str]  # a source and a column of it, or a value


def _both(values: frozenset[str], others: frozenset[str]) -> frozenset[str]:
    """Return the values that others contain as well, or could equal by a column's type: `042` and `42`, `c1` and `C1`."""
    if values <= others:
        return values
    possible = {alike(other) for other in others}
    return frozenset(value for value in values if alike(value) in possible)


def alike(value: str) -> str:
    """Return the key under which values that some column type may treat as equal coincide."""
    return re.sub(r"[^0-9a-z]", "", value.casefold()).lstrip("0")


class Equalities:
    """Collects equalities of columns and values, then solves them (`bounds`)."""

    def __init__(self) -> None:
        self._numbers = count()
        self._rules: dict[Node, list[tuple[Node, ...]]] = defaultdict(list)
        self._values: dict[Node, frozenset[str]] = {}
        self._excluded: dict[Node, frozenset[str]] = {}
        self._first_bound = 0  # sources before it stand outside of what is read now, and are not bound by it

    def number(self) -> int:
        """Return the number of a new source."""
        return next(self._numbers)

    def equal(self, one: Node | None, other: Node | None, bound: Container[int] | None, also: Iterable[int] = ()) -> None:
        """Add that two nodes have the same value; `bound` are the sources that this binds, None for all, and `also` binds further ones."""
        if one is None or other is None:
            return
        for target, source in ((one, other), (other, one)):
            if self._binds(target, bound, also):
                self.rule(target, source)

    def exclude(self, one: Node | None, values: frozenset[str], bound: Container[int] | None) -> None:
        """Add that a column has none of these values, compared as text."""
        if one is not None and self._binds(one, bound):
            self._excluded[one] = self._excluded.get(one, frozenset()) | values

    def _binds(self, target: Node, bound: Container[int] | None, also: Iterable[int] = ()) -> bool:
        return target[0] >= self._first_bound and (bound is None or target[0] in bound or target[0] in also)

    @contextmanager
    def apart(self, is_binding: bool = False) -> Iterator[None]:
        """While open, let what is added bind no source from outside, unless `is_binding`: outer rows pass whatever the query inside returns."""
        before = self._first_bound
        if not is_binding:
            self._first_bound = next(self._numbers)
        yield
        self._first_bound = before

    def rule(self, target: Node, *sources: Node) -> None:
        """Add that each value of a column is a value of one of the sources."""
        self._rules[target].append(sources)

    def constant(self, values: Iterable[str]) -> Node:
        """Return a new node with these values."""
        node = (next(self._numbers), "")
        self._values[node] = frozenset(values)
        return node

    def bounds(self) -> dict[Node, frozenset[str]]:
        """Return the possible values of every node that is bound: the rules are applied in order until nothing changes, each again only where its sources did."""
        found = dict(self._values)
        targets = {target: place for place, target in enumerate(self._rules)}
        order = list(targets)
        after: dict[Node, set[int]] = defaultdict(set)
        for target, each in self._rules.items():
            for source in {source for sources in each for source in sources}:
                after[source].add(targets[target])
        due = [(0, place) for place in range(len(order))]
        is_due = set(due)
        while due:
            turn, place = heappop(due)
            is_due.discard((turn, place))
            target = order[place]
            before = found.get(target)
            for sources in self._rules[target]:
                if all(source in found for source in sources):
                    values = frozenset[str]().union(*(found[source] for source in sources)) - self._excluded.get(target, frozenset())
                    found[target] = _both(found[target], values) if target in found else values
            if found.get(target) != before:
                for later in {(turn + (other <= place), other) for other in after[target]} - is_due:
                    heappush(due, later)
                    is_due.add(later)
        return found
