"""PostgreSQL's server log in its three forms, stderr, csvlog and jsonlog, as the same entries; what an entry means is not looked at."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import orjson

from dagster_project.reading.accesses.fields import stamp
from dagster_project.reading.instants import is_zone
from dagster_project.reading.rows import Place

MOST_LINES_OF_A_RECORD = 100_000
CSV_FIELDS = range(23, 27)  # PostgreSQL 9.0 to 17
_CSV_START = re.compile(rb'"?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [^ ,"]+"?,')
_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
# PostgreSQL's manual, "log_line_prefix".
_ESCAPES = {
    "a": r"(?P<application>.*?)", "u": r"(?P<user>.*?)", "d": r"(?P<database>.*?)", "r": r"\S*?", "h": r"\S*?", "b": r".*?", "p": r"(?P<pid>\d+)", "P": r"\d*",
    "t": rf"(?P<stamp>{_TIME} \S+)", "m": rf"(?P<stamp>{_TIME}[.,]\d+ \S+)", "n": r"(?P<stamp>\d+\.\d+)", "i": r".*?", "e": r"(?P<state>[0-9A-Z]{5})",
    "c": r"(?P<session>[0-9a-f]+\.[0-9a-f]+)", "l": r"\d+", "s": rf"{_TIME} \S+", "v": r"(?:\d+/\d+)?", "x": r"\d+", "Q": r"-?\d+", "%": "%",
}  # fmt: skip
# PostgreSQL's default and Debian's, those of hosted servers and of pgBadger's manual.
USUAL_PREFIXES = (
    "%m [%p] %c %q%u@%d ", "%m [%p] %q%u@%d/%a ", "%m [%p] %q%u@%d ", "%t:%r:%u@%d:[%p]:",
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ", "%t [%p]: user=%u,db=%d,app=%a,client=%h ", "%t [%p]: db=%d,user=%u,app=%a,client=%h ", "%m [%p] user=%u,db=%d ",
    "%m [%p]: [%l-1] user=%u,db=%d ", "%t [%p]: [%l-1] user=%u,db=%d ", "%m [%p]: [%l-1] db=%d,user=%u ", "%t-%c-", "< %m > ", "%t ",
)  # fmt: skip
_LINES_LOOKED_AT = 200
_ESCAPE = re.compile(r"%(-?\d*)([a-zA-Z%])")
_SEVERITY = r"(?P<severity>[^\W\d_]+\d?):  (?P<message>.*)"
_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:[.,]\d+)?)(?: (?:(UTC|GMT|UCT|Z)|([+-]\d\d(?::?\d\d)?)|(\S+)))?", re.ASCII)
_BELONGS = frozenset({"DETAIL", "HINT", "QUERY", "CONTEXT", "LOCATION", "STATEMENT", "BACKTRACE"})


@dataclass(frozen=True)
class Entry:
    """One message of the server log.

    `stamp`: ISO 8601, without a zone where that is not known. `session`: the session's id, or that of its process. `statement`: what it was about.
    `is_raised`: a statement made it up, by `raise`.
    """

    place: Place
    lines: int
    stamp: str | None
    session: str
    user: str | None
    database: str | None
    application: str | None
    severity: str
    state: str | None
    message: str
    statement: str | None = None
    is_raised: bool = False


Found = Entry | tuple[Place, str]  # an entry, or a line that is refused and why


def form(first: bytes) -> str:
    """Return which of the three forms a log has, by its first bytes."""
    start = first.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        return "jsonlog"
    return "csvlog" if any(_CSV_START.match(line) for line in start.split(b"\n", 50)[:50]) else "stderr"


def usual_prefix(first: bytes) -> str:
    """Return the usual log_line_prefix that most of the first lines fit, of several the one that says more."""
    lines = [line.decode("utf-8", "replace") for line in first.removeprefix(b"\xef\xbb\xbf").split(b"\n")[:_LINES_LOOKED_AT] if not line.startswith(b"\t")]
    return max(USUAL_PREFIXES, key=lambda prefix: sum(pattern(prefix).match(line) is not None for line in lines))


def entries(body: bytes, prefix: str, zone: str | None) -> Iterator[Found | None]:
    """Yield the entries of a log and the lines that are refused, in their order; None for a blank line. `zone` is that of abbreviations."""
    kind = form(body[: 1 << 16])
    lines = [Place(number, offset, raw) for number, offset, raw in _lines(body)]
    found = {"jsonlog": _json, "csvlog": _csv}[kind](lines) if kind != "stderr" else _text(lines, prefix)
    for each in found:
        yield replace(each, stamp=iso(each.stamp, zone)) if isinstance(each, Entry) else each


def _lines(body: bytes) -> Iterator[tuple[int, int, bytes]]:
    offset = len(body) - len(body.removeprefix(b"\xef\xbb\xbf"))
    raws = body[offset:].split(b"\n")
    for number, raw in enumerate(raws[:-1] if not raws[-1] else raws, 1):
        yield number, offset, raw.removesuffix(b"\r")
        offset += len(raw) + 1


def _refused(place: Place, reason: str) -> Found | None:
    if place.raw is None or not place.raw.strip(b"\0 \t\r"):
        return None
    return place, reason


# jsonlog


def _json(lines: list[Place]) -> Iterator[Found | None]:
    for place in lines:
        try:
            fields = orjson.loads(place.raw or b"")
        except orjson.JSONDecodeError:
            yield _refused(place, "json_error")
            continue
        if not isinstance(fields, dict):
            yield place, "json_not_object"
        elif not isinstance(fields.get("message"), str) or "timestamp" not in fields:
            yield place, "field_missing"
        else:
            told = {name: value if isinstance(value, str) else None for name, value in fields.items()}
            yield Entry(
                place, 1, told["timestamp"], told.get("session_id") or str(fields.get("pid", "")), told.get("user"), told.get("dbname"), told.get("application_name"),
                told.get("error_severity") or "", told.get("state_code"), fields["message"], told.get("statement"), "context" in fields,
            )  # fmt: skip


# csvlog


def _csv(lines: list[Place]) -> Iterator[Found | None]:
    at = 0
    while at < len(lines):
        end = _record_end(lines, at)
        if not _CSV_START.match(lines[at].raw or b""):
            yield _refused(lines[at], "no_match")
            at += 1
        elif end is None:
            yield lines[at], "truncated_last"
            at += 1
        else:
            raw = b"\n".join(line.raw or b"" for line in lines[at:end])
            cells = cells_of(raw.decode("utf-8", "replace"))
            if len(cells) in CSV_FIELDS:
                yield _of_csv(Place(lines[at].line_number, lines[at].byte_offset, raw), end - at, cells)
                at = end
            else:  # where it ends cannot be told: each of its lines is refused on its own
                yield lines[at], "field_count"
                at += 1


def _record_end(lines: list[Place], start: int) -> int | None:
    """Return the line behind a record: the first one on which all quotes are closed."""
    quotes = 0
    for at in range(start, min(len(lines), start + MOST_LINES_OF_A_RECORD)):
        quotes += (lines[at].raw or b"").count(b'"')
        if quotes % 2 == 0:
            return at + 1
    return None


def cells_of(text: str) -> list[str]:
    """Return the cells of a line of CSV, none where it is no CSV."""
    csv.field_size_limit(1 << 30)
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error:
        return []


def _of_csv(place: Place, lines: int, cells: list[str]) -> Entry:
    user, database, pid, session = cells[1], cells[2], cells[3], cells[5]
    return Entry(
        place, lines, cells[0], session or pid, user or None, database or None, cells[22] or None, cells[11], cells[12] or None, cells[13], cells[19] or None, bool(cells[18]),
    )  # fmt: skip


# stderr


@cache
def pattern(prefix: str) -> re.Pattern[str]:
    """Return a log_line_prefix as an expression of whole lines, the message behind it."""
    parts, at, optional, met = ["^"], 0, 0, set[str]()
    for found in _ESCAPE.finditer(prefix):
        parts.append(re.escape(prefix[at : found.start()]))
        at = found.end()
        if found[2] == "q":
            parts.append("(?:")
            optional += 1
            continue
        name = found[2]
        written = _ESCAPES.get(name, "")
        group = re.match(r"\(\?P<(\w+)>", written)
        if group and group[1] in met:
            written = re.sub(r"\?P<\w+>", "?:", written)
        met |= {group[1]} if group else set()
        parts.append(rf"\s*{written}\s*" if found[1] else written)
    parts.append(re.escape(prefix[at:]) + ")?" * optional)
    return re.compile("".join(parts) + _SEVERITY, re.DOTALL)


def _text(lines: list[Place], prefix: str) -> Iterator[Found | None]:
    expression, held = pattern(prefix), list[Entry]()
    at = 0
    while at < len(lines):
        end = at + 1
        while end < len(lines) and (lines[end].raw or b"").startswith(b"\t"):
            end += 1
        raws = [lines[at].raw or b"", *((line.raw or b"")[1:] for line in lines[at + 1 : end])]
        entry = _of_text(lines[at], end - at, b"\n".join(raws), expression)
        if entry is None:
            for line in lines[at:end]:
                yield from (*held, _refused(line, "no_match"))
                held = []
        elif held and entry.severity in _BELONGS and entry.session == held[0].session:
            held[0] = replace(held[0], is_raised=held[0].is_raised or entry.severity == "CONTEXT", statement=entry.message if entry.severity == "STATEMENT" else held[0].statement)
            held.append(entry)
        else:
            yield from held
            held = [entry]
        at = end
    yield from held


def _of_text(first: Place, lines: int, raw: bytes, expression: re.Pattern[str]) -> Entry | None:
    found = expression.match(raw.decode("utf-8", "replace").strip("\0"))
    if found is None:
        return None
    told = found.groupdict()
    pid = told.get("pid") or ""
    session = told.get("session") or (f"{pid}" if pid else "")
    place = Place(first.line_number, first.byte_offset, raw)
    application = told.get("application")
    return Entry(
        place, lines, told.get("stamp"), session, told.get("user") or None, told.get("database") or None, None if application == "[unknown]" else application or None,
        told["severity"], told.get("state"), told["message"],
    )  # fmt: skip


# Stamps


def iso(written: str | None, zone: str | None) -> str | None:
    """Return a stamp of the log as ISO 8601: with its offset, in UTC, or by an abbreviation that the declared zone uses then; else without a zone."""
    found = _WRITTEN.fullmatch(written or "")
    if found is None:
        return stamp(written, "s")
    local = f"{found[1]}T{found[2].replace(',', '.')}"
    if found[3]:
        return f"{local}Z"
    if found[4]:
        return local + found[4]
    return local + _offset(local, found[5], zone)


def _offset(local: str, abbreviation: str | None, zone: str | None) -> str:
    if zone is None or abbreviation is None or not is_zone(zone):
        return ""
    try:
        at = datetime.fromisoformat(local)
    except ValueError:
        return ""
    each = [at.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1)]
    offsets = {moment.utcoffset() for moment in each if moment.tzname() == abbreviation}
    offset = offsets.pop() if len(offsets) == 1 else None
    if offset is None:
        return ""
    minutes = offset // timedelta(minutes=1)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
