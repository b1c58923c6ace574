"""Decides, at the end of a run, which path segments are shown as they are: those that enough visitors and accounts asked for.

A prefix is shown if enough asked for anything below it; a path with no segment fallen back, only if enough asked for just that path.
A candidate is a path whose segments are either fixed (declared, or the label of a detector) or literal. Only how many different
visitors and accounts asked for it is counted, up to the threshold, so that unions stay exact and memory bounded. The result
depends on the set of (candidate, visitor, account) alone, not on its order or cuts, as long as there are fewer than 400,000 candidates.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from dagster_project.scrubbing.codes import REDACTED
from dagster_project.scrubbing.contracts import ROUTES
from dagster_project.scrubbing.detectors import kinds

MAX_CANDIDATES = 400_000  # with two or three literals of their own each, about 1 M literals
SETTLE_ROWS = 250_000
_CANDIDATE_BITS, _WHO_BITS = np.uint64(24), np.uint64(40)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # spreads numbers that follow each other over all bits (Fibonacci hashing)
FIXED = "\x00"  # stands before a segment that is shown whoever asked for it
QUERY = "\x01"  # stands between the path and the query of a candidate
WHOLE = "?"  # stands behind a learnt prefix that was asked for as a whole path, too

_FILE = re.compile(
    r"\A.+\.(7z|atom|avi|avif|bmp|bz2|css|csv|doc|docx|eot|flv|gif|gz|html?|ico|iso|jar|jpe?g|js|json|jsp|map|md|mjs|mov|mp3|mp4|mpe?g|odt|ogg|otf|pdf|php|png|ppt|pptx|rar|rpm|rss|svg|swf|tar|tgz|tiff?|ttf|"
    r"txt|wasm|wav|webm|webmanifest|webp|woff2?|xls|xlsx|xml|xz|ya?ml|zip|aspx?|cgi|do)",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:19|20)\d\d-(?:0?[1-9]|1[0-2])(?:-(?:0?[1-9]|[12]\d|3[01]))?(?:[T_ ].*)?|(?:0?[1-9]|[12]\d|3[01])[.-](?:0?[1-9]|1[0-2])[.-](?:19|20)\d\d")


def fallback(segment: str) -> str:
    """Return what stands for a literal that is not shown: {int}, {hex}, {date}, {token}, {file}.ext or {s}."""
    if segment.isdecimal():
        return "{int}"
    if len(segment) >= 8 and re.fullmatch(r"[0-9a-fA-F]+", segment):
        return "{hex}"
    if _DATE.fullmatch(segment):
        return "{date}"
    if found := _FILE.fullmatch(segment):
        return "{file}." + found[1].lower()
    return "{token}" if len(segment) >= 16 and re.fullmatch(r"[\w.~=+-]+", segment) and _entropy(segment) >= 3.5 else "{s}"


def _entropy(text: str) -> float:
    """Bits for each character."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


class Contributors:
    """Who asked for which candidate: at most `cap` different ones for each, in memory only.

    A pair is one number of 64 bits, 24 of the candidate before 40 of a hash of who it was: of 20 visitors two are taken for one, and a literal
    is hidden that might be shown, once in five billion candidates.
    """

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._pairs = [np.zeros(0, np.uint64)]  # those settled, then those taken since
        self._is_full = np.zeros(0, np.bool_)

    def add(self, candidates: npt.NDArray[np.int64], who: npt.NDArray[np.int64]) -> None:
        """Take a candidate and who asked for it, for each request; what is full already needs no more."""
        self._is_full.resize(max(len(self._is_full), candidates.max(initial=-1) + 1), refcheck=False)
        is_open = ~self._is_full[candidates]
        hashed = who[is_open].view(np.uint64) * _FACTOR >> _CANDIDATE_BITS
        self._pairs.append(candidates[is_open].view(np.uint64) << _WHO_BITS | hashed)
        settled, *pending = map(len, self._pairs)
        if sum(pending) > max(SETTLE_ROWS, settled):
            self._settle()

    def settled(self) -> pl.DataFrame:
        """Return the pairs, at most `cap` for each candidate: enough for any union to be told from a smaller one."""
        if len(self._pairs) > 1:
            self._settle()
        [pairs] = self._pairs
        return pl.DataFrame({"candidate": pairs >> _WHO_BITS, "who": pairs << _CANDIDATE_BITS}, schema={"candidate": pl.UInt32, "who": pl.UInt64})

    def _settle(self) -> None:
        """Sort the pairs and keep the first `cap` different ones of each candidate."""
        pairs = np.concatenate(self._pairs)
        pairs.sort()
        pairs = pairs[_differs(pairs)]
        candidates = (pairs >> _WHO_BITS).view(np.int64)
        starts = np.flatnonzero(_differs(candidates))
        counts = np.diff(starts, append=len(candidates))
        is_kept = np.arange(len(candidates)) - np.repeat(starts, counts) < self._cap
        self._is_full[candidates[starts[counts >= self._cap]]] = True
        self._pairs = [pairs[is_kept]]


def _differs(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Tell which values are not those before them."""
    return np.concatenate((np.ones(min(1, len(values)), np.bool_), values[1:] != values[:-1]))


class Literals:
    """The candidates of a run, each with its number, and who asked for them."""

    def __init__(self, visitors: int, accounts: int, first_route_id: int = 1, learnt: Collection[tuple[str, str]] = (), room: int = MAX_CANDIDATES) -> None:
        self._needed = {"visitor": visitors, "account": accounts}
        self._asked = {"visitor": Contributors(visitors), "account": Contributors(accounts)}
        self._first_route_id = first_route_id
        self._room = room
        self._learnt = frozenset(learnt)
        self._numbers: dict[tuple[str, str], int] = {}
        self._sites_with_accounts: set[str] = set()
        self._passed: set[tuple[str, str]] = set()
        self._decided: pl.DataFrame | None = None

    def route_id(self, site: str, candidate: str) -> int:
        """Return the number of a candidate, a new one on first sight; beyond 400,000 candidates its literals fall back."""
        number = self._numbers.get((site, candidate))
        return (self._new(site, candidate) if number is None else number) + self._first_route_id

    def _new(self, site: str, candidate: str) -> int:
        for key in self._keys(site, candidate):
            if (known := self._numbers.get(key)) is not None:
                return known
        self._decided = None
        return self._numbers.setdefault(key, len(self._numbers))

    def _keys(self, site: str, candidate: str) -> Iterator[tuple[str, str]]:
        """Yield the candidate; where there is no room for a new one, its coarser forms too: the last one yielded is to be taken."""
        yield site, candidate
        if len(self._numbers) >= self._room:
            yield site, _coarse(candidate, 1)
            if len(self._numbers) >= self._room * 1.1:
                yield site, _coarse(candidate, 0)

    def count(self, site: str, asked: pa.Table) -> None:
        """Take one row for each request: route_id, visitor and account (64 bits of a hash, null where there is none)."""
        if asked.column("account").null_count < len(asked):
            self._sites_with_accounts.add(site)
        for name, contributors in self._asked.items():
            counted = asked.select(["route_id", name]).drop_null()
            contributors.add(counted.column(0).to_numpy() - self._first_route_id, counted.column(1).to_numpy())
        self._decided = None

    def routes(self) -> pa.Table:
        """Return scrubbed.routes for every number given; a route in which a detector still finds something is `{redacted}`."""
        decided = self._decide()
        shown = {route: REDACTED if kinds(route) else route for route in decided["route"].unique()}
        routes = [shown[route] for route in decided["route"]]
        return pa.table([pa.array(range(self._first_route_id, self._first_route_id + len(routes)), pa.int64()), decided["site"].to_arrow(), routes], schema=ROUTES)

    def learnt(self) -> list[tuple[str, str]]:
        """Return the prefixes (site, route) that passed, now or in earlier runs, in order; none in which a detector still finds something."""
        self._decide()
        return sorted(learnt for learnt in self._learnt | self._passed if not kinds(learnt[1]))

    def _decide(self) -> pl.DataFrame:
        """Walk all candidates one segment deeper at a time, deciding each literal below what stands above it."""
        if self._decided is not None:
            return self._decided
        self._passed = set()
        keys = pl.DataFrame(list(self._numbers), schema={"site": pl.String, "key": pl.String}, orient="row")
        path = pl.col("key").str.split(QUERY)
        frame = keys.with_row_index("candidate").select(
            "candidate", "site", parts=path.list.get(0).str.split("/"), query=path.list.get(1), prefix=pl.lit(""), fallen=pl.lit(None, pl.String), is_shown=pl.lit(value=True)
        )  # fmt: skip
        for depth in range(frame["parts"].list.len().max() or 0):  # type: ignore[arg-type]
            frame = self._one_deeper(frame, depth)
        frame = self._whole(frame)
        route = pl.when(pl.col("prefix") == "/*").then(pl.lit("*")).otherwise("prefix") + pl.col("query")
        self._decided = frame.sort("candidate").select("site", route=route)
        return self._decided

    def _one_deeper(self, frame: pl.DataFrame, depth: int) -> pl.DataFrame:
        """Add a segment to `prefix`; `fallen` is the same path but for its last literal, `is_shown` says that all so far stand as they were asked for."""
        part = pl.col("parts").list.get(depth, null_on_oob=True)
        frame = frame.with_columns(part=part.str.strip_prefix(FIXED), is_fixed=part.str.starts_with(FIXED))
        frame = frame.with_columns(child=pl.col("prefix") + "/" + pl.col("part"))
        literals = frame.filter(~pl.col("is_fixed"))
        passed = self._passing(frame.filter(pl.col("part").is_not_null()), literals)
        texts = literals["part"].unique()
        labels = pl.DataFrame({"part": texts, "label": [fallback(text) for text in texts]}, schema={"part": pl.String, "label": pl.String})
        frame = frame.join(passed, on=["site", "child"], how="left").join(labels, on="part", how="left")
        is_over, is_kept = pl.col("part").is_null(), pl.col("is_fixed") | pl.col("has_passed").fill_null(value=False)
        without = pl.col("prefix") + "/" + pl.col("label")
        return frame.select(
            "candidate",
            "site",
            "parts",
            "query",
            prefix=pl.when(is_over).then("prefix").when(is_kept).then("child").otherwise(without),
            fallen=pl.when(is_over).then("fallen").when("is_fixed").then(pl.col("fallen") + "/" + pl.col("part")).otherwise(without),
            is_shown=pl.col("is_shown") & (is_over | is_kept & ~pl.col("part").str.starts_with("{")),
        )

    def _whole(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Let the last literal fall back where a path is shown whole that too few asked for, though many asked for what lies below it."""
        whole = frame.filter(pl.col("is_shown") & pl.col("fallen").is_not_null()).with_columns(child=pl.col("prefix") + WHOLE)
        kept = whole.join(self._passing(whole, whole), on=["site", "child"], how="semi")["candidate"]
        is_few = pl.col("candidate").is_in(whole["candidate"].implode()) & ~pl.col("candidate").is_in(kept.implode())
        return frame.with_columns(prefix=pl.when(is_few).then("fallen").otherwise("prefix"))

    def _passing(self, frame: pl.DataFrame, literals: pl.DataFrame) -> pl.DataFrame:
        """Return the (site, child) of literals that enough visitors, and on a site with accounts enough accounts, asked for, or that were learnt."""
        children = frame.select("site", "child").unique().with_row_index("place")
        places = frame.join(children, on=["site", "child"]).select("candidate", "place")
        enough = {}
        for name, asked in self._asked.items():
            each = asked.settled().join(places, on="candidate").select("place", "who").unique()
            many = each.group_by("place").len().filter(pl.col("len") >= self._needed[name])
            enough[name] = children.join(many, on="place", how="semi").select("site", "child")
        without_accounts = enough["visitor"].filter(~pl.col("site").is_in(list(self._sites_with_accounts)))
        with_accounts = enough["visitor"].join(enough["account"], on=["site", "child"], how="semi")
        learnt = pl.DataFrame(sorted(self._learnt), schema={"site": pl.String, "child": pl.String}, orient="row")
        passed = pl.concat([without_accounts, with_accounts, learnt]).unique().join(literals, on=["site", "child"], how="semi")
        self._passed |= set(passed.iter_rows())
        return passed.with_columns(has_passed=pl.lit(value=True))


def _coarse(candidate: str, kept: int) -> str:
    """Return a candidate with every literal but those of its first `kept` segments fallen back."""
    path, query = candidate.split(QUERY)
    parts = [part if at < kept or part.startswith(FIXED) else FIXED + fallback(part) for at, part in enumerate(path.split("/"))]
    return "/".join(parts) + QUERY + query
