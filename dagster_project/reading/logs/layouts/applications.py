"""Text formats of servers that are part of an application, as layouts, and what else these servers write between requests."""

import re

from dagster_project.reading.logs.layouts.layout import Field, Layout, Part
from dagster_project.reading.logs.layouts.log_formats import apache

_PADDING = Field(pattern=r"(?:[ |]|\x1b\[[\d;]{1,8}m){1,64}")
"""What stands between Gin's columns, in colours where it writes to a terminal."""

GIN = tuple(
    Layout(
        (
            Field(pattern=r"(?:\[GIN(?:-debug)?\] )?"), when, _PADDING, Field("status", pattern=r"\d{3}"), _PADDING,
            Field("duration", 1_000_000_000, pattern=r"[\d.]+[a-zµμ]{1,2}(?:[\d.]+[a-z]{1,2}){0,2}"), _PADDING, Field("client", pattern=r"[0-9A-Fa-f:.]*"), _PADDING,
            Field("method", pattern="[A-Z]+"), _PADDING, Field(pattern='"?'), Field("target", pattern=r'(?:[^"\\ ]|\\.)+'), Field(pattern='"?'),
        )
    )
    for when in (Field("time", time="%Y/%m/%d - %H:%M:%S"), Field("time", pattern=r"\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d)"))
)  # fmt: skip
"""Its own time, or that of ISO 8601, as Gotify has it."""

_UVICORN: tuple[Part, ...] = (
    Field("client", pattern=r"\[?[0-9A-Fa-f:.]+\]?"), ":", Field("client_port", pattern=r"\d{1,5}"),
    ' - "', Field("request"), '" ', Field("status", pattern=r"\d{3}"), Field(pattern="(?: [A-Z][A-Za-z' -]{0,40})?"),
)  # fmt: skip
UVICORN = (
    Layout((Field("time", pattern=r"\d{4}-\d\d-\d\d[T ][\d:.,]{8,18}(?:Z|[+-]\d\d:\d\d)?"), Field(pattern=r" (?:std(?:out|err) F )?(?:[a-z.]+: )?INFO: {1,8}"), *_UVICORN)),
    Layout(_UVICORN),
    Layout(
        (
            "[", Field("time"), "] ", Field("client", pattern=r"[0-9A-Fa-f:.]+"), *_UVICORN[3:6], Field("status", pattern=r"\d{3}"), " ",
            Field("duration", 1_000_000, pattern=r"\d+\.\d{3}"),
        )
    ),
)  # fmt: skip
"""It writes no time, and the reason of the status or none; where a container or a head of Python's writes a time before the line, it is that.

Granian writes one, and how long it took.
"""

UWSGI = tuple(
    Layout(
        (
            "[pid: ", Field(pattern=r"\d+\|app: [\d-]+\|req: [\d-]+/\d+"), "] ",
            Field("client", pattern=r"[^\s,]*(?:, ?[^\s,]+){0,16}"), " (", Field("user", pattern=r"[^)]*"), ") {",
            Field(pattern=r"\d+ vars in \d+ bytes"), "} [", Field("time"), "] ", Field("method", pattern=r"[A-Z_-]*"), " ", Field("target", pattern=r"\S*"),
            " => generated ", Field("bytes", pattern=r"\d+"), " bytes in ", Field("duration", unit_ns, pattern=r"\d+"), f" {unit} (", Field("protocol", pattern=r"[^\s)]*"), " ",
            Field("status", pattern=r"\d{3}"), ")", Field(pattern=r" .*"),
        )
    )
    for unit, unit_ns in (("msecs", 1_000_000), ("micros", 1_000))
)  # fmt: skip

_MS, _S = 1_000_000, 1_000_000_000
_ADDRESS = r"[0-9A-Fa-f:.]+|\[[0-9A-Fa-f:.]+\]"
_VERB, _TARGET, _STATUS = Field("method", pattern="[A-Z]{3,20}"), Field("target", pattern=r"\S+"), Field("status", pattern=r"\d{3}")
_SIZE, _NO_SIZE = Field("bytes", pattern=r"\d+|-"), Field(pattern=r"[\d.]+|-")
_TOOK = Field("duration", _MS, pattern=r"[\d.]+[a-zµμ]{1,2}(?:[\d.]+[a-z]{1,2}){0,2}")
_PEER: tuple[Part, ...] = (Field("client", pattern=_ADDRESS), ":", Field("client_port", pattern=r"\d{1,5}"))
_COLOURS = Field(pattern=r"(?:\x1b\[[\d;]{1,8}m){0,2}")
_INSTANT = Field("time", pattern=r"\d{4}-\d\d-\d\dT[\d:.]+Z")
_SECOND = r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d"

FIBER = tuple(
    Layout(
        (
            when, _PADDING, _STATUS, _PADDING, _TOOK, _PADDING, Field("client", pattern=r"[0-9A-Fa-f:.]+"), _PADDING, _VERB, _PADDING, _TARGET, Field(pattern=r"(?: \| .*)?"),
        )
    )
    for when in (Field(pattern=r"\d\d:\d\d:\d\d"), Field("time", pattern=r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?"))
)  # fmt: skip
"""It writes the time of day without a day, unless told otherwise."""

CHI = (
    Layout(
        (
            Field("time", pattern=_SECOND), Field(pattern=r"(?: \[[^\]\s]{1,255}\])?"), ' "', Field("request"), '" from ', *_PEER, " - ", _STATUS, " ",
            Field("bytes", pattern=r"\d+"), "B in ", _TOOK,
        ),
        is_absolute=True,
    ),
)  # fmt: skip

GITEA = (
    Layout(
        (
            Field("time", pattern=_SECOND), " ", Field(), Field(pattern=r" \[[A-Z]\](?: \[[^\]\s]{1,64}\])? router: completed "), _VERB, " ", _TARGET, " for ", *_PEER, ", ",
            _STATUS, Field(pattern=r" [A-Za-z' -]{1,40}"), " in ", _TOOK, Field(pattern=r"(?: @ .*)?"),
        )
    ),
)  # fmt: skip
GITEA_REMARKS = re.compile(rf"{_SECOND} \S{{1,255}} \[[A-Z]\] ")

_SECONDS = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:[.,]\d{3})?"
_TORNADO_HEADS: tuple[tuple[Part, ...], ...] = (
    *((Field(pattern=r"\[[A-Z] "), when, Field(pattern=r" [^\]]{1,64}\] ")) for when in (Field("time", pattern=_SECONDS), Field("time", time="%y%m%d %H:%M:%S"))),
    (Field("time", pattern=_SECONDS), Field(pattern=r'[^"(]{1,64}?\btornado\.access\b[^"(]{0,64}?[ :]')),
    (Field(pattern=r"[A-Z]{4,8}:tornado\.access:"),),
)
"""Its own, and those of Python's logging, of which the shortest has no time."""
TORNADO = tuple(
    Layout(
        (
            *head, _STATUS, " ", _VERB, " ", _TARGET, Field(pattern=r"(?: -> \S+)?"), " (", *user,
            Field("client", pattern=_ADDRESS), ") ", Field("duration", _MS, pattern=r"[\d.]+ms"), Field(pattern=r"(?: .*)?"),
        )
    )
    for head in _TORNADO_HEADS
    for user in ((), (Field("user", pattern=r"[^@()]{0,128}"), "@"))
)  # fmt: skip
"""Jupyter's servers name the user before the client."""

MORGAN = (
    Layout((Field("client", pattern=_ADDRESS), " ", Field("user", pattern=r"\S+"), " ", _VERB, " ", _TARGET, " HTTP/", Field("protocol", pattern=r"[\d.]+"), " ", _STATUS,
    " ", _SIZE, " - ",
            Field("duration", _MS, pattern=r"[\d.]+|-"), " ms")),
    Layout((_VERB, " ", _TARGET, " ", _STATUS, " ", _SIZE, " - ", Field("duration", _MS, pattern=r"[\d.]+|-"), " ms")),
    Layout((_COLOURS, _VERB, " ", _TARGET, " ", _COLOURS, _STATUS, _COLOURS, " ", Field("duration", _MS, pattern=r"[\d.]+|-"), " ms - ", _SIZE, _COLOURS)),
)  # fmt: skip
"""`short`, `tiny` and `dev`; none of them writes a time."""

_TAGS = r"(?:\[[^\]\s]{1,128}\] ){0,4}"
_STARTED: tuple[Part, ...] = (Field(pattern=f"{_TAGS}Started "), _VERB, ' "', Field("target"), '" for ', Field("client", pattern=_ADDRESS), " at ")
RAILS = tuple(Layout((*_STARTED, Field("time", time=pattern))) for pattern in ("%Y-%m-%d %H:%M:%S %z", "%a %b %d %H:%M:%S %z %Y"))
RAILS_REMARKS = re.compile(
    rf"{_TAGS}(?:Processing by |Parameters: \{{|Render(?:ing|ed) |Redirected to |Sent (?:file|data) |Filter chain halted |Unpermitted parameter|Completed \d{{3}} )"
)
"""What it says of a request that has started, which is the one that counts."""

_FPM: tuple[Part, ...] = (
    Field("client", pattern=rf"{_ADDRESS}|-"), " - ", Field("user", pattern=r"[^\s\[]*"), " ", Field("time", pattern=r"\d\d/[^\s/]{3,5}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"),
    ' "', _VERB, " ",
    Field("target", pattern=r'[^\s"]+'), '" ', _STATUS,
)  # fmt: skip
PHP_FPM = (
    Layout(_FPM),
    Layout((_INSTANT, " ", _VERB, " ", _STATUS, " ", Field("duration", _MS, pattern=r"\d+\.\d+"), " ms ", Field(pattern=r"\d+"), " kB ", Field(pattern=r"[\d.]+%"), " ", _TARGET)),
    Layout((*_FPM, " ", Field(), " ", Field("duration", _MS, pattern=r"\d+\.\d+"), " ", Field(pattern=r"\d+"), " ", Field(pattern=r"[\d.]+%"))),
)
"""Its default, Upsun's, and the longer one of its own settings file."""

_SOGO: tuple[Part, ...] = (
    _STATUS, " ", Field("bytes", pattern=r"\d+"), "/", Field(pattern=r"\d+"), " ", Field("duration", _S, pattern=r"\d+\.\d+"), Field(pattern=r" .*"),
)  # fmt: skip
SOGO = (
    Layout(
        (
            Field(pattern=r"(?:[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d sogod \[\d{1,10}\]: )?"), Field("client", pattern=rf"{_ADDRESS}|-"),
            Field(pattern=r"(?:, ?[0-9A-Fa-f:.]+){0,16}"), ' "', Field("request"), '" ',
            *_SOGO,
        )
    ),
    Layout((*apache('%h %l %u %t "%r" ').parts, *_SOGO)),
)  # fmt: skip
"""Its own head has no year, what older ones wrote has a time."""

NEXUS = (
    Layout(
        (
            *apache('%h %l %u %t "%r" %>s').parts, " ", _NO_SIZE, " ", _SIZE, " ", Field("duration", _MS, pattern=r"\d+|-"), ' "', Field("user_agent"), '"',
            Field(pattern=r"(?: \[[^\]]{1,255}\])?"),
        )
    ),
)  # fmt: skip
ARTIFACTORY = (
    Layout(
        (
            _INSTANT, "|", Field(), "|", Field("client", pattern=_ADDRESS), "|", Field("user"), "|", _VERB, "|",
            Field("target"), "|", _STATUS, "|",
            Field(), "|", Field("bytes", pattern=r"\d+|(?=-1)", plain=r"\d+"), Field(pattern="(?:-1)?"), "|", Field("duration", _MS, pattern=r"\d+"), "|",
            Field("user_agent", pattern=r"[^|]*"),
        ),
        decode=str, separator="|",
    ),
)  # fmt: skip
BITBUCKET = (
    Layout(
        (
            Field("client", pattern=r"[0-9A-Fa-f:.]+(?:,[0-9A-Fa-f:.]+){0,16}"), " | ", Field(pattern=r"\w+"), " | ", Field(pattern=r"o[@*]\S+"), " | ",
            Field("user", pattern=r"[^|]*?"), " | ",
            Field("time", pattern=r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"), ' | "', Field("request"), '" | "', Field("referer"), '" "', Field("user_agent"), '" | ',
            _STATUS, " | ", _NO_SIZE, " | ",
            _SIZE, " | ", Field(pattern=r"[^|]*"), "| ", Field("duration", _MS, pattern=r"\d+|-"), Field(pattern=r" \|.*"),
        )
    ),
)  # fmt: skip
_FORWARDED: tuple[Part, ...] = (Field("forwarded_for", pattern=r"-|[0-9A-Fa-f:.]+(?:, ?[0-9A-Fa-f:.]+){0,16}"), " ")
CONFLUENCE = tuple(
    Layout(
        (
            "[", Field("time"), "] ", *forwarded, Field("user", pattern=r"\S+"), " ", Field(pattern=r"\S*-\d+"), " ", Field("client", pattern=r"\S+"), " ",
            Field("request", pattern=r"[A-Z]{3,20} \S+ HTTP/[\d.]+|-"), " ", _STATUS, " ", Field("duration", _MS, pattern=r"\d+|-"), "ms ", _SIZE, " ",
            Field("referer", pattern=r"\S+"), " ", Field("user_agent"),
        )
    )
    for forwarded in ((), _FORWARDED)
)  # fmt: skip
"""The name of the thread stands before the client; newer ones write `X-Forwarded-For` first."""
SPRING = tuple(
    Layout(
        (
            "[", Field("time"), "] ", Field("client", pattern=_ADDRESS), Field(pattern=' "?'), Field("request", pattern=r"[A-Z]{3,20} \S+ HTTP/[\d.]+|-"),
            Field(pattern='"? '), _STATUS, " (", Field("duration", unit_ns, pattern=r"\d+|-"), f" {unit})",
        )
    )
    for unit, unit_ns in (("ms", _MS), ("milliseconds", _MS), ("microseconds", 1_000))
)  # fmt: skip
_COUCHDB: tuple[Part, ...] = (
    Field(pattern=r"(?:\[[a-z]+\] )?"), _INSTANT, " ", Field(pattern=r"\S+"), " <", Field(pattern=r"[\d.]+"), "> ", Field(pattern=r"[0-9a-f]{4,40}|-+"), " ",
    Field("host", pattern=r"\S+"), " ", Field("client", pattern=_ADDRESS), " ",
)  # fmt: skip
COUCHDB = tuple(
    Layout((*_COUCHDB, *user, " ", _VERB, " ", _TARGET, " ", _STATUS, " ", Field(pattern=r"\w+|\{.*\}"), " ", Field("duration", _MS, pattern=r"\d+")))
    for user in (("undefined",), (Field("user", pattern=r"\S+"),))
)
ACTIX = (
    Layout(
        (
            Field("client", pattern=_ADDRESS), ' "', Field("request"), '" ', _STATUS, " ", _SIZE, ' "', Field("referer"), '" "', Field("user_agent"), '" ',
            Field("duration", _S, pattern=r"\d+\.\d{6}"),
        )
    ),
)  # fmt: skip
"""It writes no time; where a logger of Rust's or a container writes one before the line, it is that."""
OPENSTACK = (
    Layout(
        (
            Field("client", pattern=rf"(?:{_ADDRESS})(?:, ?(?:{_ADDRESS})){{0,16}}"), ' "', Field("request"), '" status: ', _STATUS, " len: ", _SIZE,
            Field(pattern=r"(?: microversion: \S+)?"), " time: ", Field("duration", _S, pattern=r"\d+\.\d+"),
        )
    ),
)  # fmt: skip
"""Its logger writes the time."""
BITBUCKET_REMARKS = re.compile(r"[0-9A-Fa-f:.,]{3,255} \| \w{2,8} \| i[@*]\S{1,64} \| ")
"""Each request is logged as it comes in, and again, with how it was answered, as it goes out."""

UVICORN_REMARKS = re.compile(
    r"(?:INFO|WARNING|ERROR): {1,8}(?:Started |Waiting for |Application |Uvicorn |Shutting |Finished |Stopping |Will watch |connection |\S{1,64} - \"WebSocket )"
)
GIN_REMARKS = re.compile(r"\[GIN-debug\] ")
