"""Lines as log shippers deliver them: behind the header of syslog or of a container, as a text within JSON, with blanks doubled."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from html import unescape

import orjson
import polars as pl

from dagster_project.reading.logs.lines import Lines

Stamps = Callable[[pl.Series], pl.Series]
"""Gives the times that shippers wrote before lines, for a column of line numbers from 1; null where there is none."""
FIRST_LINES = 2
"""Detection tries every format on so many lines."""

_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_ZONED = rf"\d{{4}}-\d\d-\d\dT{_CLOCK}(?:Z|[+-]\d\d:?\d\d)"
_MONTH_DAY = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}\d{1,2}"
_STAMP = rf"(?:{_MONTH_DAY}(?: \d{{4}})? {_CLOCK}|{_ZONED}|\d{{4}}-\d\d-\d\d {_CLOCK})"
_TAG = r"(?!unix: )[^\s:\[{#|]{1,48}(?:\[[^\s\]]{1,48}\])?: "
_STRUCTURED = r'(?:-|(?>(?:\[(?!\d{4}-|\d\d/)[^\s="\]]{1,64}(?: {1,4}[^\s="\]]{1,64}="(?:[^"\\]|\\.){0,1024}"){0,64} ?\]){1,16}))'
_COLOUR = r"(?:\x1b\[[\d;]{0,16}m)?"
_BEGUN = r"(?=(?:[0-9A-Fa-f]{0,8}[.:][0-9A-Fa-f.:]{1,45}|\d{10}\.\d{3}) |\{)"
"""Beginnings of log lines that are certain without a program's name before them: an address, Squid's instant, or an object."""
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR)"
_LOGGER = (
    rf"\[?(?:{_STAMP}|{_CLOCK})\]?(?: {{1,2}}(?:[+-]\d\d:?\d\d|\d{{1,10}}|\[[^\]\"]{{1,64}}\]|- [\w.-]{{1,64}} -)){{0,3}} {{1,2}}{_LEVEL}"
    rf'[ :\]][^"{{]{{0,160}}?[ :](?=[0-9A-Fa-f]{{0,8}}[.:][0-9A-Fa-f.:]{{1,45}}[ ,])'
)
"""A time, a process or a thread, a level, and the logger's name up to an address. An object is not enough: it need not be a request of this server."""
HEAD = re.compile(
    rf"(?:<\d{{1,3}}>)?{_STAMP} (?:(?!\d{{4}}-\d\d-\d\dT)\S{{1,255}} )?{_TAG}"
    rf"|(?:\d{{1,6}} )?<\d{{1,3}}>1 {_ZONED} \S{{1,255}} \S{{1,48}} \S{{1,128}} (?:\S{{1,32}} {_STRUCTURED}|-) \ufeff?"
    rf"|(?:<\d{{1,3}}>{_STAMP}|{_MONTH_DAY} {_CLOCK}) [^\s{{]{{1,255}} {{1,8}}{_BEGUN}|{_ZONED} [^\s{{]{{1,255}} {{1,8}}(?=\{{)"
    rf"|[\w.-]{{1,255}} [\w./-]{{1,48}}(?:\[\d{{1,10}}\])?: {_BEGUN}"
    rf"|(?:{_ZONED}|\d{{4}}-\d\d-\d\d {_CLOCK}) [0-9a-f]{{3,16}} {{1,4}}-?\d{{1,2}} (?:beast|civetweb): 0x[0-9a-f]{{1,16}}: "
    rf"|{_LOGGER}|{_ZONED} (?:std(?:out|err) [FP] )?|\[pod/[^\s\]]{{1,255}}\] "
    rf"|[A-Z], \[\d{{4}}-\d\d-\d\dT{_CLOCK} #\d{{1,10}}\] +[A-Z]{{1,8}} -- [^\s:]{{0,64}} ?: (?:\[[^\]\s]{{1,64}}\] ){{0,4}}"
    rf"|(?:\[[0-9a-f]{{8}}-[0-9a-f-]{{27}}\] ){{1,4}}(?=\{{|method=)"
    rf"|(?:{_ZONED}|\d{{4}}/\d\d/\d\d {_CLOCK})(?:\t[^\t]{{1,64}}){{1,3}}\t(?=\{{)"
    rf"|{_CLOCK} (?:[\w.]{{1,64}}=\S{{1,255}} ){{0,8}}\[[a-z]{{4,9}}\] {{1,2}}(?=\{{|method=)"
    rf"|{_COLOUR}[\w.-]{{1,64}} +\|{_COLOUR} |ACCESS (?=\[)|Info: (?=\d)"
    rf"|\[\d{{4}}-\d\d-\d\d {_CLOCK}(?: [+-]\d{{4}})?\] \[\d{{1,10}}\] \[[A-Z]{{1,16}}\] |(?:{_STAMP} )?(?:INFO|DEBUG):(?:[\w.]{{1,64}}:| )\s{{0,8}}{_BEGUN}"
)
"""Syslog (RFC 3164, RFC 5424; without a program, or a time), Kubernetes and its kubectl, Docker and Docker Compose, Ambassador, Cisco's web appliances,
Ceph's, Ruby's, Elixir's and Caddy's own loggers, Fluentd's files, Python's servers, loggers of Java and Python."""

HEAD_BEGIN = rf"<\d{{1,3}}>|{_MONTH_DAY} |\d{{4}}-\d\d-\d\d(?:T\d\d:|\s)|{_LEVEL} "
NO_HEAD = rf"(?!{HEAD_BEGIN})"
"""Stands before a client or a host that could be part of such a header: a line with a header is never read as it stands."""

_INSTANT = re.compile(rf"\d{{4}}[-/]\d\d[-/]\d\d[T ]{_CLOCK}(?:Z|[+-]\d\d:?\d\d)?")
_COLOURS = re.compile(r"\x1b\[[\d;]{0,16}m")
_BLANKS = re.compile(r'("(?:[^"\\]|\\.)*+(?:"|\\?$))| *\t[ \t]*| {2,}', re.DOTALL)
AROUND = " \t\r\n"
DOCKER = '{"log":"'
EVENT = "<Event "
_DATA = re.compile(r"""<Data Name=["']([\w-]{1,64})["']>([^<]*)</Data>""")
_OF_HEADER = re.compile(r"cs([A-Z].*)")
"""What an event of IIS calls `cs(User-Agent)`: `csUser-Agent`."""
_CARRIERS = (
    "log", "message", "MESSAGE", "Message", "msg", "line", "textPayload", "event", "body", "_raw", "raw", "short_message", "LogEntry", "LogMessage", "Log_s",
    "ResultDescription", "resultDescription",
)  # fmt: skip
"""The keys under which Docker, shippers, journals, collectors and Azure put the line."""
_HOLDERS = ("result", "_source", "content", "attributes", "properties")
"""The keys under which exports of Splunk, Elasticsearch, Datadog and Azure hold such a record."""
_STAMPS = ("time", "@timestamp", "timestamp", "date", "_time", "TimeGenerated", "__REALTIME_TIMESTAMP")
MOST_CARRIERS = 4
"""How many headers and objects are taken off a line, one within the other."""


def readings(line: str) -> Iterator[str]:
    """Yield the texts that a line may be read as, in the order in which they are tried.

    Without blanks around it, then without one header or object after the other, then with one blank for many outside quotes; last, if it has blanks around it,
    unchanged, since a field at its end may be empty. Docker's JSON is only ever the line that it holds, and the colours of a terminal say nothing: servers
    escape that sign where a client sent it.
    """
    line = _COLOURS.sub("", line) if "\x1b" in line else line
    bare = line.strip(AROUND)
    if not bare.startswith(DOCKER):
        yield bare
    yield from _mended(bare)
    if bare != line:
        yield line


def stamp(line: str) -> str | None:
    """Return the time in the header or object nearest to a line; null where none has a time with a year."""
    return next(filter(None, map(_said, reversed(_unwrapped(line.strip(AROUND))))), None)


def stamps_of(lines: Lines) -> Stamps:
    """Return what gives the times that shippers wrote before the lines of a piece."""
    return lambda numbers: pl.Series([stamp(lines.text(number - 1)) for number in numbers], dtype=pl.String)


def _said(text: str) -> str | None:
    """Return the time in an object or a header."""
    if text.startswith("{"):
        values = (record.get(key) for record in _records(text) for key in _STAMPS)
        return next((str(value) for value in values if isinstance(value, str | int | float)), None)
    found = HEAD.match(text)
    said = _INSTANT.search(found[0]) if found else None
    return said[0] if said else None


def alone(line: str) -> str:
    """Return a line without blanks, headers and objects around it."""
    return _unwrapped(line.strip(AROUND))[-1]


def _unwrapped(line: str) -> list[str]:
    """Return a line, and what is left of it with one more header or object taken off each time."""
    texts = [line]
    while len(texts) <= MOST_CARRIERS and (bare := uncarried(texts[-1])) != texts[-1]:
        texts.append(bare)
    return texts


@lru_cache(maxsize=FIRST_LINES)
def _mended(line: str) -> tuple[str, ...]:
    """Return what else a line may be read as; remembered, as detection asks it of the first lines once for each format."""
    texts = _unwrapped(line)
    single = _BLANKS.sub(lambda found: found[1] or " ", texts[-1]) if "  " in texts[-1] or "\t" in texts[-1] else texts[-1]
    return (*texts[0 if line.startswith(DOCKER) else 1 :], *([single] if single != texts[-1] else []))


def uncarried(line: str) -> str:
    """Return a line without its outermost header or object, unchanged where it has none."""
    if line.startswith("{"):
        return _held(line)
    if line.startswith(EVENT):
        return _of_event(line)
    found = HEAD.match(line)
    return line[found.end() :].strip(AROUND) if found else line


def _of_event(line: str) -> str:
    """Return the W3C fields that an event of IIS holds as an object, an event without them as it is."""
    fields = {_OF_HEADER.sub(r"cs(\1)", name): unescape(value) for name, value in _DATA.findall(line)}
    return orjson.dumps(fields).decode() if "c-ip" in fields else line


def _held(line: str) -> str:
    """Return the log line that an object holds, the object where it holds none."""
    texts = (_text(record.get(key)) for record in _records(line) for key in _CARRIERS)
    return next((text for text in texts if text), line)


def _records(line: str) -> list[dict[str, object]]:
    """Return an object and those within it that may hold a log line."""
    record = _loaded(line)
    return [record, *(held for key in _HOLDERS if isinstance(held := record.get(key), dict))]


def _loaded(line: str) -> dict[str, object]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return record if isinstance(record, dict) else {}


def _text(value: object) -> str:
    """Return a text, which journals write as a list of bytes where it holds colours or no UTF-8."""
    if isinstance(value, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
        value = bytes(value).decode("utf-8", "replace")
    return _COLOURS.sub("", value).strip(AROUND) if isinstance(value, str) else ""
