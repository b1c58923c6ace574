"""One blocking check for each suite in expectations/, judged in the step that makes the table: nothing is built on a table that is not what it must be."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from graphlib import TopologicalSorter
from pathlib import Path

import dagster as dg

from dagster_project import expect
from dagster_project.engines.catalog import Table
from dagster_project.engines.judging import prerequisites
from dagster_project.errors import GlasshouseError

NAME = "suite"
Results = Iterator[dg.MaterializeResult | dg.AssetCheckResult]  # type: ignore[type-arg]
Made = Callable[[Table], Iterable[dg.MaterializeResult]]  # type: ignore[type-arg]


def specs(tables: Iterable[Table], folder: Path) -> list[dg.AssetCheckSpec]:
    """Return the check of each table that has a suite below `folder`."""
    return [
        dg.AssetCheckSpec(
            NAME,
            asset=key(table.name),
            blocking=True,
            description=f"The {len(expect.expectations(path))} expectations of expectations/{path.parent.name}/{path.name}.",
        )
        for table in tables
        if (path := expect.suite_path(folder, table)).is_file()
    ]


def results(made: Iterable[dg.MaterializeResult], suites: expect.Suites, checked: Iterable[dg.AssetCheckSpec]) -> Results:  # type: ignore[type-arg]
    """Yield what was made and what became of each check; all suites are begun before anything is told."""
    names = [_table(spec) for spec in checked]
    for name in names:
        suites.begin(name)
    yield from made
    for name in names:
        started = time.perf_counter()
        yield reported(name, suites.outcomes(name), started)


def in_order(tables: Iterable[Table], made: Made, accept: Callable[[Table], None], suites: expect.Suites, checked: Iterable[dg.AssetCheckSpec]) -> Results:
    """Make tables of one step, those first that others read, and yield what became of each and of its check.

    A table is made once the suites of those it reads are met, and not at all where one is broken; meanwhile others are made. `accept` is called of each whose suite is met.
    """
    by_name = {table.name: table for table in tables}
    have_suites = {_table(spec) for spec in checked}
    order = TopologicalSorter({name: by_name.keys() & prerequisites(table) for name, table in by_name.items()})
    order.prepare()
    begun: deque[str] = deque()
    while True:
        for name in order.get_ready():
            made_of = made(by_name[name])
            suites.begin(name)
            begun.append(name)
            yield from made_of
        if not begun:
            return
        name, started = begun.popleft(), time.perf_counter()
        outcome = reported(name, suites.outcomes(name), started)
        if name in have_suites:
            yield outcome
        if outcome.passed:
            accept(by_name[name])
            order.done(name)


def reported(name: str, found: list[expect.Outcome], started: float) -> dg.AssetCheckResult:
    """Return a check's result: how many expectations, and of those that are not met what they ask and their counts."""
    broken = [outcome for outcome in found if not outcome.is_met]
    said = "; ".join(map(in_words, broken)) or None
    counts = {"expectations": len(found), "broken": len(broken), "seconds": round(time.perf_counter() - started, 3)}
    faults = dg.MetadataValue.json([asdict(outcome) for outcome in broken])
    return dg.AssetCheckResult(passed=not broken, asset_key=key(name), check_name=NAME, metadata={**counts, "faults": faults}, description=said)


def in_words(broken: expect.Outcome) -> str:
    """Return what an expectation asks that is not met, its place in its suite, and how many rows fail it."""
    rows = "could not be evaluated" if broken.is_error else f"fails for {broken.unexpected:,} rows" if broken.unexpected else "is not met"
    return f"expectation {broken.index} ({(broken.rule or broken.type).removesuffix('.')}) {rows}"


def _table(spec: dg.AssetCheckSpec) -> str:
    return ".".join(spec.asset_key.path)


def refuse_strays(tables: Iterable[Table], folder: Path) -> None:
    """Raise GlasshouseError for a suite that belongs to no table: nobody would ever judge it."""
    known = {expect.suite_path(folder, table) for table in tables}
    if strays := [path for path in sorted(folder.rglob("*.json")) if path not in known]:
        raise GlasshouseError(f"expectations/{strays[0].parent.name}/{strays[0].name}: no file of sql/ has this path")


def key(name: str) -> dg.AssetKey:
    """Return the asset key of a table: `["measured", "site_pages_daily"]`."""
    return dg.AssetKey(name.split("."))
