"""Lines as those who carry logs leave them: behind a head of syslog or of a container, as a text in JSON, their blanks doubled."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

import orjson
import polars as pl

from dagster_project.reading.logs.lines import Lines

Stamps = Callable[[pl.Series], pl.Series]
"""The times that those who carried lines say, by the numbers of these from 1."""
FIRST_LINES = 2
"""The lines that every format is tried on."""

_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_ZONED = rf"\d{{4}}-\d\d-\d\dT{_CLOCK}(?:Z|[+-]\d\d:?\d\d)"
_MONTH_DAY = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}\d{1,2}"
_STAMP = rf"(?:{_MONTH_DAY}(?: \d{{4}})? {_CLOCK}|{_ZONED}|\d{{4}}-\d\d-\d\d {_CLOCK})"
_TAG = r"(?!unix: )[^\s:\[{#|]{1,48}(?:\[[^\s\]]{1,48}\])?: "
_STRUCTURED = r'(?:-|(?>(?:\[(?!\d{4}-|\d\d/)[^\s="\]]{1,64}(?: {1,4}[^\s="\]]{1,64}="(?:[^"\\]|\\.){0,1024}"){0,64} ?\]){1,16}))'
_COLOUR = r"(?:\x1b\[[\d;]{0,16}m)?"
_BEGUN = r"(?=(?:[0-9A-Fa-f]{0,8}[.:][0-9A-Fa-f.:]{1,45}|\d{10}\.\d{3}) |\{)"
"""What lines begin with that need no program before them to be told: an address, Squid's instant, or an object."""
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR)"
_LOGGER = (
    rf"\[?(?:{_STAMP}|{_CLOCK})\]?(?: {{1,2}}(?:[+-]\d\d:?\d\d|\d{{1,10}}|\[[^\]\"]{{1,64}}\]|- [\w.-]{{1,64}} -)){{0,3}} {{1,2}}{_LEVEL}"
    rf'[ :\]][^"{{]{{0,160}}?[ :](?=[0-9A-Fa-f]{{0,8}}[.:][0-9A-Fa-f.:]{{1,45}}[ ,])'
)
"""A time, a process or a thread, a level, and what names the logger up to an address; of an object that follows nobody says that it is a request of this server."""
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
"""Stands before a client or a host that could be taken from such a head: what has one is no line as it stands."""

_INSTANT = re.compile(rf"\d{{4}}[-/]\d\d[-/]\d\d[T ]{_CLOCK}(?:Z|[+-]\d\d:?\d\d)?")
_COLOURS = re.compile(r"\x1b\[[\d;]{0,16}m")
_BLANKS = re.compile(r'("(?:[^"\\]|\\.)*+(?:"|\\?$))| *\t[ \t]*| {2,}', re.DOTALL)
AROUND = " \t\r\n"
DOCKER = '{"log":"'
_CARRIERS = (
    "log", "message", "MESSAGE", "Message", "msg", "line", "textPayload", "event", "body", "_raw", "raw", "short_message", "LogEntry", "LogMessage", "Log_s",
    "ResultDescription", "resultDescription",
)  # fmt: skip
"""The keys under which Docker, shippers, journals, collectors and Azure put the line."""
_HOLDERS = ("result", "_source", "content", "attributes", "properties")
"""Under which exports of Splunk, Elasticsearch, Datadog and Azure hold such a record."""
_STAMPS = ("time", "@timestamp", "timestamp", "date", "_time", "TimeGenerated", "__REALTIME_TIMESTAMP")
MOST_CARRIERS = 4


def readings(line: str) -> Iterator[str]:
    """Yield a line without blanks around it, then without each of those who carried it, then with one blank for many outside quotes.

    Docker's own JSON stands for the line that it holds. As it stands a line is read last: a field at its end may be empty.
    The colours of a terminal say nothing; servers write that sign of a client's otherwise.
    """
    line = _COLOURS.sub("", line) if "\x1b" in line else line
    bare = line.strip(AROUND)
    if not bare.startswith(DOCKER):
        yield bare
    yield from _mended(bare)
    if bare != line:
        yield line


def stamp(line: str) -> str | None:
    """Return the time that what carries a line says, the nearest to it; null where none says one with a year."""
    return next(filter(None, map(_said, reversed(_unwrapped(line.strip(AROUND))))), None)


def stamps_of(lines: Lines) -> Stamps:
    """Return the times that those who carried lines of a piece say."""
    return lambda numbers: pl.Series([stamp(lines.text(number - 1)) for number in numbers], dtype=pl.String)


def _said(text: str) -> str | None:
    """Return the time that an object or a head says."""
    if text.startswith("{"):
        values = (record.get(key) for record in _records(text) for key in _STAMPS)
        return next((str(value) for value in values if isinstance(value, str | int | float)), None)
    found = HEAD.match(text)
    said = _INSTANT.search(found[0]) if found else None
    return said[0] if said else None


def alone(line: str) -> str:
    """Return a line without blanks around it and without any of those who carried it."""
    return _unwrapped(line.strip(AROUND))[-1]


def _unwrapped(line: str) -> list[str]:
    """Return a line, and what is left of it without one more of those who carried it."""
    texts = [line]
    while len(texts) <= MOST_CARRIERS and (bare := uncarried(texts[-1])) != texts[-1]:
        texts.append(bare)
    return texts


@lru_cache(maxsize=FIRST_LINES)
def _mended(line: str) -> tuple[str, ...]:
    """Return what else a line may be read as; detection asks that of its first lines once for each format."""
    texts = _unwrapped(line)
    single = _BLANKS.sub(lambda found: found[1] or " ", texts[-1]) if "  " in texts[-1] or "\t" in texts[-1] else texts[-1]
    return (*texts[0 if line.startswith(DOCKER) else 1 :], *([single] if single != texts[-1] else []))


def uncarried(line: str) -> str:
    """Return a line without the head or the object of the last who carried it, as it is where nobody did."""
    if line.startswith("{"):
        return _held(line)
    found = HEAD.match(line)
    return line[found.end() :].strip(AROUND) if found else line


def _held(line: str) -> str:
    """Return the text that an object carries, the object where it carries none."""
    texts = (_text(record.get(key)) for record in _records(line) for key in _CARRIERS)
    return next((text for text in texts if text), line)


def _records(line: str) -> list[dict[str, object]]:
    """Return an object and those within it that may carry a line."""
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
