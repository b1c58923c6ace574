"""PostgreSQL's server log as text: turns a `log_line_prefix` into a regular expression, and reads the entries of lines that begin with one."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from dagster_project.reading.accesses.postgres.heads import BELONGS, process
from dagster_project.reading.accesses.postgres.server_entries import Entry, Found, Line, joined, refused

_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
_ZONE = r"(?:[+-]\d\d(?::?\d\d)?(?!\d)|\S+?)"
# PostgreSQL's manual, "log_line_prefix".
_ESCAPES = {
    "a": r"(?P<application>.*?)", "u": r"(?P<user>.*?)", "d": r"(?P<database>.*?)", "r": r"(?:\S+?\(\d+\)|\S*?)", "h": r"\S*?", "b": r".*?", "p": r"(?P<pid>\d+)", "P": r"\d*",
    "t": rf"(?P<stamp>{_TIME} {_ZONE})", "m": rf"(?P<stamp>{_TIME}[.,]\d+ {_ZONE})", "n": r"(?P<stamp>\d+\.\d+)", "i": r".*?", "e": r"(?P<state>[0-9A-Z]{5})",
    "c": r"(?P<session>[0-9a-f]+\.[0-9a-f]+)", "l": r"\d+", "s": rf"{_TIME} {_ZONE}", "v": r"(?:\d+/\d+)?", "x": r"\d+", "Q": r"-?\d+", "%": "%",
}  # fmt: skip
_HEROKU = (
    ' sql_error_code = %e time_ms = "%m" pid="%p" proc_start_time="%s" session_id="%c" vtid="%v" tid="%x" log_line="%l" '
    '%qdatabase="%d" connection_source="%r" user="%u" application_name="%a" '
)
# PostgreSQL's default and Debian's, those of hosted servers and of the manuals of pgAudit, pgBadger and pganalyze; without a time for those who carry the log with one.
_USUAL = (
    "%m [%p] %q[user=%u,db=%d,app=%a] ", "%m [%p] %q[user=%u,db=%d,app=%a,host=%h] ", "%m [%p] %c %q%u@%d ", "%m [%p] %q%u@%d/%a ", "%m [%p] %q%u@%d ", "%h %m [%p] %q%u@%d ",
    "%t:%r:%u@%d:[%p]:", "%m:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:", _HEROKU, " sql_error_code = %e ", "%t [%p-%l] %q%u@%d ",
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ", "%t [%p]: user=%u,db=%d,app=%a,client=%h ", "%t [%p]: db=%d,user=%u,app=%a,client=%h ", "%m [%p] user=%u,db=%d ",
    "%t [%p]: [%l-1] user=%u,db=%d - PG-%e ", "%t [%p]: [%l-1] [trx_id=%x] user=%u,db=%d ", "%m [%p]: [%l-1] user=%u,db=%d ", "%m [%p]: [%l-1] db=%d,user=%u ",
    "%m %u %d [%p]: ", "%t [%p]: user=%u,db=%d ", "%t [%p]: [%l-1] ", "%t [%p]: ", "%t-%c-user=%u,db=%d,app=%a,client=%h", "%t-%c-user=%u,db=%d,session=%c,sess_time=%s",
    "%t-%c-", "< %m > ", "%t ",
    "[%p]: [%l-1] db=%d,user=%u ", "pid=%p,user=%u,db=%d,app=%a,client=%h ", "user=%u,db=%d,app=%a,client=%h ", "db=%d,user=%u,app=%a,client=%h ",
    "user=%u,db=%d ", "db=%d,user=%u ", "",
)  # fmt: skip
_OTHER_STAMP = {"%t": "%m", "%m": "%t"}  # many have milliseconds where a manual has none
USUAL_PREFIXES = tuple(dict.fromkeys([*_USUAL, *(re.sub("%[tm]", lambda found: _OTHER_STAMP[found[0]], prefix) for prefix in _USUAL)]))
_ESCAPE = re.compile(r"%(-?\d*)([a-zA-Z%])")
_SEVERITY = r"(?P<severity>(?<![^\W\d_])[^\W\d_]+\d?(?=:  )|(?:LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|QUERY|CONTEXT|STATEMENT)(?=: {1,2}\S)): {1,2}(?P<message>.*)"
"""In any language with two blanks, in English also where somebody made one of them, or where the prefix ends with a letter."""


def usual_prefix(texts: Iterable[bytes]) -> str:
    """Return the usual log_line_prefix that fits most of some texts; of several the first, which says most."""
    written = [text.decode("utf-8", "replace") for text in texts if not text.startswith(b"\t")]
    return max(USUAL_PREFIXES, key=lambda prefix: sum(pattern(prefix).match(text) is not None for text in written))


def severity(text: bytes, prefixes: Sequence[str]) -> str | None:
    """Return the severity of the entry that a text begins; None where it begins none."""
    written = text.decode("utf-8", "replace").strip("\0")
    return next((found["severity"] for prefix in prefixes if (found := pattern(prefix).match(written))), None)


@cache
def pattern(prefix: str) -> re.Pattern[str]:
    """Return a log_line_prefix, followed by severity and message, as a regular expression."""
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
        if name == "d" and prefix[: found.start()].endswith("%u@"):  # a role may be called as an address of mail is
            written = written.replace(".", "[^@]")
        parts.append(rf"\s*{written}\s*" if found[1] else written)
    parts.append(re.escape(prefix[at:]) + ")?" * optional)
    return re.compile("".join(parts) + _SEVERITY, re.DOTALL)


def entries(lines: Iterable[Line], prefix: str) -> Iterator[Found | None]:
    """Yield the entries of lines that begin with a prefix; lines with a tab continue them, and DETAIL, STATEMENT and the like are yielded after them."""
    held = list[Entry]()
    for line in _whole(lines):
        entry = _entry(line, pattern(prefix)) if line.is_whole else None
        if entry is None:
            yield from (*held, *_without_entry(line))
            held = []
        elif held and entry.severity in BELONGS and entry.session == held[0].session:
            held[0] = replace(held[0], is_raised=held[0].is_raised or entry.severity == "CONTEXT", statement=entry.message if entry.severity == "STATEMENT" else held[0].statement)
            held.append(entry)
        else:
            yield from held
            held = [entry]
    yield from held


def _whole(lines: Iterable[Line]) -> Iterator[Line]:
    held = list[Line]()
    for line in lines:
        if held and line.text.startswith(b"\t") and line.writer == held[0].writer:
            held.append(replace(line, text=line.text[1:]))
            continue
        if held:
            yield joined(held, b"\n")
        held = [line]
    if held:
        yield joined(held, b"\n")


def _without_entry(line: Line) -> Iterator[Found | None]:
    """Yield the places of a line that is no entry: refused, but for what another program wrote into the same log."""
    if line.is_foreign:
        yield from (Entry(place, 1, None, "", None, None, None, "", None, "") if found else None for place in line.places for found in refused(replace(line, places=(place,)), ""))
    else:
        yield from refused(line, "no_match" if line.is_whole else "line_missing")


def _entry(line: Line, expression: re.Pattern[str]) -> Entry | None:
    found = expression.match(line.text.decode("utf-8", "replace").strip("\0"))
    if found is None:
        return None
    told = found.groupdict()
    application = told.get("application")
    return Entry(
        place=line.place,
        lines=len(line.places),
        stamp=told.get("stamp") or line.stamp,
        session=told.get("session") or told.get("pid") or process(line.writer),
        user=told.get("user") or None,
        database=told.get("database") or None,
        application=None if application == "[unknown]" else application or None,
        severity=told["severity"],
        state=told.get("state"),
        message=told["message"],
    )
