"""Text formats of proxies: HAProxy, Envoy, Traefik, Squid, Cloud Foundry's and Heroku's routers, as layouts."""

import re

from dagster_project.reading.logs.layouts.layout import Field, Layout, Part
from dagster_project.reading.logs.layouts.log_formats import nginx

_SYSLOG = Field(pattern=r"(?:.*?\bhaproxy\[\d+\]: )?")
_CLIENT: tuple[Part, ...] = (Field("client", pattern=r"[0-9A-Fa-f:.\[\]]+|unix|-"), ":", Field("client_port", pattern=r"\d+"))
_BRACES = Field(pattern=r'(?: \{(?>(?:[^}]|\}(?! [{"]))*)\}){0,2}', plain=r"(?: \{[^{}]*\}){0,2}")
"""Captured headers, which may hold braces of their own."""
_COUNTS = Field(pattern=r"\d+(?:/\+?\d+){1,4}(?: \d+/\d+)?")
"""Of connections and of who waits; before 1.3 there were fewer, and no back end before the server."""
_STATE = Field(pattern=r"[A-Za-z-]{2,4}")
_EARLY = Field(pattern=r"\+?")
_LAST_MS: tuple[Part, ...] = (_EARLY, Field("duration", 1_000_000, pattern=r"\d+"))
_BYTES: tuple[Part, ...] = (_EARLY, Field("bytes", pattern=r"\d+"))
_STATUS: tuple[Part, ...] = (Field("status", pattern=r"\d{3}|(?=-1 )", plain=r"\d{3}"), Field(pattern="(?:-1)?"))
_AT: tuple[Part, ...] = (_SYSLOG, *_CLIENT, " [", Field("time"), "] ")


def _haproxy(*middle: Part) -> tuple[Part, ...]:
    return (*_AT, Field(), " ", Field(pattern=r"[^\s/]+(?:/\S*)?"), " ", *middle)


_HTTP: tuple[Part, ...] = (
    Field(pattern=r"(?:-?\d+/){3,4}"), *_LAST_MS, " ", *_STATUS, " ", *_BYTES, " ", Field(), " ", Field(), " ", _STATE, " ", _COUNTS, _BRACES,
    ' "', Field("request"),
)  # fmt: skip
_HTTP_END: tuple[Part, ...] = (*_HTTP, '"', Field("more"))
HAPROXY = tuple(
    Layout(parts, decode=str)
    for parts in (
        _haproxy(*_HTTP_END),
        _haproxy(Field("host", pattern=r"[A-Za-z][\w.-]*"), " ", *_HTTP_END),
        _haproxy(Field(pattern=r"(?:-?\d+/){2}"), *_LAST_MS, " ", *_BYTES, " ", _STATE, " ", _COUNTS),
        (*_haproxy(*_HTTP[:-1]), Field("request", pattern=r'[^"]*')),
        (*_AT, Field(pattern=r"[^\s/]+/[^\s:]+"), ": ", Field(pattern=r"\S.*")),
        (_SYSLOG, "Connect from ", *_CLIENT, " to ", Field(pattern=r"\S+ \([^\s)]+\)")),
    )
)
"""Requests, connections, requests cut at HAProxy's longest line, and connections that failed; the last has a time without a year."""

_NUMBER_OR_NONE, _QUOTE, _NAME = r'\d+(?:\.\d+)?|"?-"?', Field(pattern='"?'), r"[^\s\[\]]+"
_TO = Field(pattern=r'(?: (?!x_forwarded_for:)(?:"[^"]*"|[^\s"]+))?', plain=r'(?: (?:"[^"]*"|[^\s"x][^\s"]*))?')
_TOLD_BEFORE = Field(pattern=r'(?: (?!response_time:)[\w-]+:(?:"(?:[^"\\]|\\.)*"|[^\s"]+)){0,16}', plain=r'(?: [A-Za-qs-z0-9_-][\w-]*:(?:"[^"]*"|[^\s"]+)){0,16}')
GOROUTER = tuple(
    Layout(
        (
            Field(pattern=r"(?:\S{19,40} \[RTR/\d{1,5}\] {1,8}OUT )?"), Field("host", pattern=_NAME), " ", Field(pattern=_NAME), " [", time, '] "', Field("request"), '" ',
            Field("status", pattern=r'\d{3}|"?-"?'), " ", Field(pattern=_NUMBER_OR_NONE), " ", Field("bytes", pattern=r'\d+|"?-"?'), ' "', Field("referer"), '" "',
            Field("user_agent"), '" ', _QUOTE, Field("client", pattern=r'[^\s"]+'), _QUOTE, _TO,
            " x_forwarded_for:", _QUOTE, Field("forwarded_for", pattern=r'[^\s",]+(?:, ?[^\s",]+){0,64}'), _QUOTE,
            _TOLD_BEFORE,
            " response_time:", Field("duration", 1_000_000_000, pattern=_NUMBER_OR_NONE), Field("more"),
        )
    )
    for time in (Field("time", pattern=r"\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d{4})"), Field("time", time="%d/%m/%Y:%H:%M:%S.%f %z"))
)  # fmt: skip
"""Cloud Foundry's router, as its own log and as `cf logs` show it; older ones write the month as a number."""

_ENVOY = '[$time_iso8601] "$request" $status {} $bytes_received $bytes_sent '
_ENVOY_END = ' $upstream_service_time "$remote_addr" "$http_user_agent" "$request_id" "$host" "$upstream_host"'


_ISTIO: tuple[Part, ...] = (" ", Field(), " ", Field(), " ", Field(), " ", Field("client", rank=1), " ", Field(), " ", Field())
"""What Istio puts behind, at first without the name of the route: the cluster and the addresses of a connection, of which the last counts where no proxy named a client."""


def _envoy(flags: str, *more: Part) -> Layout:
    return Layout((*nginx(_ENVOY.format(flags)).parts, Field("duration", 1_000_000), *nginx(_ENVOY_END).parts, *(more or (Field("more"),))))


_OF_ISTIO = ('$flags $details $termination "$failure"', '$flags "$mixer"', '$flags "$mixer" "$failure"')
ENVOY = (
    _envoy("$flags"),
    *(_envoy(flags, *behind) for flags in _OF_ISTIO for behind in (_ISTIO, _ISTIO[:-2])),
    *map(_envoy, _OF_ISTIO),
)
"""Envoy's own, and what Istio wrote, the newest first."""

_TRAEFIK = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent {} {} $count '
_QUOTED_OR_NONE = Field(pattern='"[^"]*"|-')
_ROUTED: tuple[tuple[Part, ...], ...] = (('"', Field(), '" "', Field(), '"'), (_QUOTED_OR_NONE, " ", _QUOTED_OR_NONE))
"""The router and the server, both told, as they nearly always are; or one of them or none."""
TRAEFIK = tuple(
    Layout((*nginx(_TRAEFIK.format(referer, agent)).parts, *routed, " ", Field("duration", 1_000_000, pattern=r"\d+ms")))
    for referer in ('"$http_referer"', "-")
    for agent in ('"$http_user_agent"', "-")
    for routed in _ROUTED
)

_SQUID: tuple[Part, ...] = (
    Field("time", pattern=r"\d{9,10}\.\d{3}"), Field(pattern=" +"), Field("duration", 1_000_000, pattern=r"-?\d+"), " ",
    Field("client", plain=r"[0-9A-Fa-f:.]+"), " ", Field(pattern="[A-Z_]+"), "/", Field("status", pattern=r"\d{3}"), " ",
    Field("bytes", pattern=r"\d+"), " ", Field("method"), " ", Field("target"), " ", Field("user"), " ", Field(pattern=r"[A-Z_]+/\S+"), " ",
)  # fmt: skip
_TOLD = r'"(?:[^"\\]|\\.)*"'
SQUID = (
    Layout((*_SQUID, Field(pattern=rf"(?!\S+ {_TOLD} {_TOLD}(?:\s|$))\S.*", plain=r'[^\s"][^"]*')), is_absolute=True, decode=str, may_be_quoted=True),
    Layout((*_SQUID, Field(), ' "', Field("referer"), '" "', Field("user_agent"), '"', Field("more")), is_absolute=True),
)
"""Its own; and the referrer and the agent behind it, as `logformat` has them."""

_WORD = r'(?:"[^"]*"|[^\s"]*)'
_PART_MS = Field("duration", 1_000_000, pattern=r"(?:\d+ms)?", is_part=True)
_HEROKU: tuple[Part, ...] = (
    Field(pattern=rf"(?:sock=\w+ )?at=\w+(?: code=\w+)?(?: desc={_WORD})?"), " method=", Field("method"), " path=", Field("target", pattern=_WORD), " host=", Field("host"),
    Field(pattern=rf"(?: request_id={_WORD})?"), " fwd=", Field("client", pattern=_WORD), Field(pattern=rf"(?: dyno={_WORD})?"),
    " connect=", _PART_MS, " service=", _PART_MS,
    " status=", Field("status", pattern=r"\d{3}|"), " bytes=", Field("bytes", pattern=r"\d*"), Field("more"),
)  # fmt: skip
_STAMP = Field("time", pattern=r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)")
HEROKU = (
    Layout((_STAMP, " heroku[router]: ", *_HEROKU), may_be_quoted=True),
    Layout((Field(pattern=r"(?:\d+ )?<\d{1,3}>1 "), _STAMP, " ", Field(), " heroku router - ", *_HEROKU), may_be_quoted=True),
    Layout(_HEROKU, may_be_quoted=True),
)
"""As `heroku logs` and as its drains write it; the time stands in the head alone."""
HEROKU_REMARKS = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d) (?:app|heroku)\[(?!router\])[\w.-]{1,64}\]: ")
"""What applications and dynos say."""
