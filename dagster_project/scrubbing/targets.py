"""What a request target may say: a candidate route, and how much was dropped (section 3 of the privacy rules).

Kept of a query is only what `[sites] query` declares; it stands behind the route in the order of its names: `/jobs?page=2–5&sort=new`.
A declared name with a value that is not declared stands alone: `/jobs?sort`.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

from dagster_project.scrubbing.detectors import label
from dagster_project.scrubbing.literals import FIXED, QUERY, fallback
from dagster_project.scrubbing.protocols import OTHER_HOST, bare_host
from dagster_project.scrubbing.readable import decoded
from dagster_project.scrubbing.telling import is_behind_folder, is_scheme, is_telling
from dagster_project.settings import Site

MAX_BYTES = 8192
MAX_DEPTH = 8
MAX_LITERAL = 200

_ABSOLUTE = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]{0,30}://([^/?#]*+)(.*+)", re.DOTALL)
_AUTHORITY = re.compile(r"\A(?:[\w.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\]):\d{1,5}\Z")
_MATRIX = re.compile(r"(?:;|%(?:25)*3[bB]).*+", re.DOTALL)
_UNSHOWABLE = re.compile(r"[\x00-\x20\x7f-\xa0{}\u2028\u2029\ufffd\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Target:
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


class Targets:
    """Reads the targets of one site."""

    def __init__(self, site: Site, customer_record_routes: Collection[str] = (), path_patterns: Iterable[str] = ()) -> None:
        self._own_hosts = frozenset(map(str.lower, site.own_hosts))
        self._declared = Routes((*site.routes, *customer_record_routes))
        self._customer_records = Routes(customer_record_routes)
        self._vocabulary = frozenset(site.vocabulary)
        self._query = site.query
        self._patterns = [tuple(pattern.strip("/").split("/")) for pattern in path_patterns]
        self._part: Callable[[str], str] = lru_cache(50_000)(self._fixed_or_literal)
        self._path: Callable[[str], tuple[str, str | None, bool]] = lru_cache(20_000)(self._read_path)

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
        segments = [_MATRIX.sub("", segment) for segment in path.split("/")[1:]]
        plain = [decoded(segment).replace("/", "%2F") for segment in segments]
        at = self._account_at(plain)
        account = None if at is None else plain[at]
        return self._candidate(segments, plain, at), account, self._customer_records.find("/" + "/".join(plain)) is not None

    def _candidate(self, segments: list[str], plain: list[str], account_at: int | None) -> str:
        if declared := self._declared.find("/" + "/".join(plain)):
            return "/".join(FIXED + part for part in declared.strip("/").split("/"))
        parts = [self._part(segment) for segment in segments[:MAX_DEPTH]]
        url_at = next((at for at, segment in enumerate(plain) if ":" in segment and is_scheme(segment)), MAX_DEPTH)
        for at in range(1, len(parts)):
            if not parts[at].startswith(FIXED) and (at > url_at or is_behind_folder(plain[at - 1], plain[at])):
                parts[at] = FIXED + fallback(plain[at])
        if account_at is not None:
            parts[account_at] = FIXED + "{account}"
        return "/".join([*parts, FIXED + "{…}"] if len(segments) > MAX_DEPTH else parts)

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

    def _account_at(self, plain: list[str]) -> int | None:
        """Return the place of the account id by the first path pattern that fits the path's begin."""
        for pattern in self._patterns:
            if len(plain) >= len(pattern) and all(part == segment or (part == "{account}" and segment) for part, segment in zip(pattern, plain, strict=False)):
                return pattern.index("{account}") if "{account}" in pattern[:MAX_DEPTH] else None
        return None

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


def _shown_value(rule: tuple[str, ...] | str, value: str) -> str:
    """Return `=value` where it is declared, a count as 1, 2–5 or 6+, else nothing."""
    if rule != "count":
        return "=" + value if value in rule else ""
    if not re.fullmatch(r"[0-9]{1,9}", value):
        return ""
    return "=1" if int(value) <= 1 else "=2–5" if int(value) <= 5 else "=6+"
