"""What a request target may say: a candidate route, and how much was dropped (docs/privacy.md#routes).

Kept of a query is only what `[sites] query` declares; it stands behind the route in the order of its names: `/jobs?page=2–5&sort=new`.
A declared name with a value that is not declared stands alone: `/jobs?sort`.
"""

import re
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import polars as pl

from dagster_project.scrubbing.detectors import label
from dagster_project.scrubbing.literals import FIXED, QUERY, fallback
from dagster_project.scrubbing.protocols import OTHER_HOST, bare_host
from dagster_project.scrubbing.readable import decoded
from dagster_project.scrubbing.telling import begins_url, is_behind_folder, is_telling
from dagster_project.settings import Site

MAX_BYTES = 8192
MAX_DEPTH = 8
MAX_LITERAL = 200

_ABSOLUTE = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]{0,30}://([^/?#]*+)(.*+)", re.DOTALL)
_AUTHORITY = re.compile(r"\A(?:[\w.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\]):\d{1,5}\Z")
_MATRIX = re.compile(r"(?:;|%(?:25)*3[bB]).*+", re.DOTALL)
_READ_AS_WRITTEN = re.compile(r"[!-$'-:<-\[\]-~]*+")  # neither encoded nor followed by parameters
_UNSHOWABLE = re.compile(r"[\x00-\x20\x7f-\xa0{}\u2028\u2029\ufffd\ud800-\udfff]")


class Target(NamedTuple):
    """A target without what it named: `candidate` is for Literals, `account` what a path pattern found, unchecked."""

    is_http: bool = True
    is_authority: bool = False
    host: str | None = None
    candidate: str | None = None
    account: str | None = None
    is_customer_record: bool = False
    other_query_names: int = 0


class Routes:
    """Templates with `{name}` for a part that varies (OpenTelemetry's url.template); the most literal one that fits decides."""

    def __init__(self, templates: Iterable[str]) -> None:
        self._templates = sorted(set(templates), key=lambda template: (-len(re.sub(r"\{[^}]*\}", "", template)), template))
        self._pattern = re.compile("|".join(f"({_pattern(template)}/?)" for template in self._templates) or r"(?!)")

    def find(self, path: str) -> str | None:
        """Return the template that a path has, with or without a slash at its end."""
        found = self._pattern.fullmatch(path)
        return self._templates[found.lastindex - 1] if found and found.lastindex else None


def _pattern(template: str) -> str:
    """Return the pattern of a template; no part that varies is tried twice, so that a hostile path is read once."""
    return "".join("/" + _segment_pattern(segment) for segment in template.strip("/").split("/")).removesuffix("/")


def _segment_pattern(segment: str) -> str:
    first, *rest = re.split(r"\{[^}]*\}", segment)
    if not rest:
        return re.escape(first)
    between = "".join(rf"(?>[^/]+?{re.escape(literal)})" for literal in rest[:-1])
    return re.escape(first) + between + "[^/]+" + re.escape(rest[-1])


class _Segment(NamedTuple):
    """What may be known of a path segment wherever it stands: `plain` is decoded, `part` marked as shown or a literal."""

    plain: str
    part: str
    begins_url: bool


class Targets:
    """Reads the targets of one site."""

    def __init__(self, site: Site, customer_record_routes: Collection[str] = (), path_patterns: Iterable[str] = ()) -> None:
        self._own_hosts = frozenset(map(str.lower, site.own_hosts))
        self._declared = Routes((*site.routes, *customer_record_routes))
        self._customer_records = Routes(customer_record_routes)
        self._vocabulary = frozenset(site.vocabulary)
        self._query = site.query
        self._accounts = _Accounts(path_patterns)
        self._segment: Callable[[str], _Segment] = lru_cache(50_000)(self._read_segment)
        self._path: Callable[[str], tuple[str, str | None, bool]] = lru_cache(20_000)(self._read_path)

    def alike(self, texts: pl.Series) -> pl.Series:
        """Return targets that are read as these are, fewer of them: of a query that declares nothing the number of its names is all that is asked for."""
        text = pl.col("text")
        path, query = (text.str.splitn("?", 2).struct.field(f"field_{at}") for at in range(2))
        is_alike = path.str.starts_with("/") & (text.str.len_bytes() <= MAX_BYTES) & ~text.str.contains("#", literal=True) & ~text.str.ends_with(" ")
        if self._query:
            is_alike &= query.str.contains(r"^[!-\[\]-~&&[^%]]*$") & ~query.str.contains_any(list(self._query))
        reduced = pl.concat_str(path, query.str.replace_all("[^&]+", "="), separator="?")
        return texts.to_frame("text").select(pl.when(is_alike).then(reduced).fill_null(text)).to_series()

    def read(self, raw: str | None) -> Target:
        """Return what may be known of a target; origin, absolute, authority and asterisk form are HTTP, all else is not."""
        if raw is None or raw in {"", "-"}:
            return Target()
        raw, is_cut = raw[:MAX_BYTES].rstrip(" "), len(raw) > MAX_BYTES
        if raw == "*":
            return Target(candidate=FIXED + "*" + QUERY)
        if raw.startswith("/"):
            return self._origin(raw, None, is_cut)
        if absolute := _ABSOLUTE.fullmatch(raw):
            host = bare_host(absolute[1].rpartition("@")[2])
            return self._origin("/" + absolute[2].removeprefix("/"), host, is_cut) if host in self._own_hosts else Target(host=OTHER_HOST)
        if _AUTHORITY.fullmatch(raw):
            host = bare_host(raw)
            return Target(is_authority=True, host=host if host in self._own_hosts else OTHER_HOST)
        return Target(is_http=False)

    def _origin(self, raw: str, host: str | None, is_cut: bool) -> Target:
        """Read path and query; a tail that was cut off counts as one query name that was dropped."""
        path, _, query = raw.partition("#")[0].partition("?")
        candidate, account, is_customer_record = self._path(path)
        shown, dropped = self._kept_query(query) if query else ("", 0)
        return Target(host=host, candidate=candidate + QUERY + shown, account=account, is_customer_record=is_customer_record, other_query_names=dropped + is_cut)

    def _read_path(self, path: str) -> tuple[str, str | None, bool]:
        """Return the path of a candidate, the account in it, and whether it shows a customer's record."""
        raw = path.split("/")[1:]
        segments = [self._segment(segment) for segment in raw[:MAX_DEPTH]]
        plain = [segment.plain for segment in segments] + [_plain(segment) for segment in raw[MAX_DEPTH:]]
        whole = "/" + "/".join(plain)
        at = self._accounts.place(whole)
        account = None if at is None else plain[at]
        is_customer_record = self._customer_records.find(whole) is not None
        if declared := self._declared.find(whole):
            return "/".join(FIXED + part for part in declared.strip("/").split("/")), account, is_customer_record
        parts = _candidate(segments, at)
        return "/".join([*parts, FIXED + "{…}"] if len(raw) > MAX_DEPTH else parts), account, is_customer_record

    def _read_segment(self, raw: str) -> _Segment:
        plain = _plain(raw)
        return _Segment(plain, self._fixed_or_literal(_MATRIX.sub("", raw)), begins_url(decoded(raw)))

    def _fixed_or_literal(self, segment: str) -> str:
        """Return a segment marked as shown (nothing, vocabulary, a detector's label, what could not be shown anyway) or as it is."""
        if not segment or segment in self._vocabulary:
            return FIXED + segment
        if len(segment) <= 9 and segment.isascii() and segment.isdecimal() and segment[0] != "0":
            return segment  # too short for whatever else a number may be
        if found := label(segment):
            # A number that would do as an address is never shown, but stays a number: so may an id be.
            return FIXED + ("{int}" if segment.isdecimal() else found)
        plain = decoded(segment)
        is_shut = len(segment) > MAX_LITERAL or _UNSHOWABLE.search(segment) or is_telling(plain)
        return FIXED + fallback(plain) if is_shut else segment

    def _kept_query(self, query: str) -> tuple[str, int]:
        """Return the declared part of a query, and how many other names it holds; a bare value counts as a name."""
        kept: dict[str, str] = {}
        dropped = 0
        pairs = [pair for pair in query.split("&") if pair]
        if not self._query:
            return "", len(pairs)
        for pair in pairs:
            name, _, value = pair.partition("=")
            name = decoded(name)
            if name in self._query:
                kept.setdefault(name, _shown_value(self._query[name], decoded(value.replace("+", " "))))
            else:
                dropped += 1
        return "?" * bool(kept) + "&".join(name + kept[name] for name in sorted(kept)), dropped


class _Accounts:
    """Path patterns with `{account}` for the account id; the first that fits the path's begin decides, whether it names one or not."""

    def __init__(self, patterns: Iterable[str]) -> None:
        parts = [pattern.strip("/").split("/") for pattern in patterns]
        self._pattern = re.compile("|".join(_begin(pattern) for pattern in parts) or "(?!)")
        self._places = [pattern.index("{account}") for pattern in parts if "{account}" in pattern[:MAX_DEPTH]]

    def place(self, path: str) -> int | None:
        """Return which segment of a decoded path is an account id, from 0."""
        found = self._pattern.match(path)
        return self._places[found.lastindex - 1] if found and found.lastindex else None


def _begin(pattern: list[str]) -> str:
    """Return the pattern of paths that begin so, with a group for the account."""
    parts = ["[^/]+" if part == "{account}" else re.escape(part) for part in pattern]
    if "{account}" in pattern[:MAX_DEPTH]:
        parts[pattern.index("{account}")] = "([^/]+)"
    return "/" + "/".join(parts) + "(?![^/])"


def _candidate(segments: list[_Segment], account_at: int | None) -> list[str]:
    """Return the parts of a candidate: a literal falls back behind a folder of persons, and within the URL of another."""
    parts = [segment.part for segment in segments]
    is_foreign = False
    for at, (before, segment) in enumerate(pairwise(segments), 1):
        is_foreign = is_foreign or before.begins_url
        if not segment.part.startswith(FIXED) and (is_foreign or is_behind_folder(before.plain, segment.plain)):
            parts[at] = FIXED + fallback(segment.plain)
    if account_at is not None:
        parts[account_at] = FIXED + "{account}"
    return parts


def _plain(segment: str) -> str:
    """Return a segment decoded, without its parameters."""
    return segment if _READ_AS_WRITTEN.fullmatch(segment) else decoded(_MATRIX.sub("", segment)).replace("/", "%2F")


def _shown_value(rule: tuple[str, ...] | str, value: str) -> str:
    """Return `=value` where it is declared, a count as 1, 2–5 or 6+, else nothing."""
    if rule != "count":
        return "=" + value if value in rule else ""
    if not re.fullmatch(r"[0-9]{1,9}", value):
        return ""
    return "=1" if int(value) <= 1 else "=2–5" if int(value) <= 5 else "=6+"
