"""Text formats of proxies: HAProxy, Envoy, Traefik and Squid, as layouts."""

from dagster_project.reading.logs.layouts import Field, Layout, Part, nginx

_SYSLOG = Field(pattern=r"(?:.*?\bhaproxy\[\d+\]: )?")
_PORT = Field("client_port", pattern=r"\d+")
_BRACES = Field(pattern=r"(?: \{[^}]*\}){0,2}")
_COUNTS = Field(pattern=r"\d+/\d+/\d+/\d+/\+?\d+ \d+/\d+")
_STATE = Field(pattern=r"[A-Za-z-]{2,4}")
_LAST_MS = Field("duration", 1_000_000, pattern=r"\+?\d+")
_BYTES = Field("bytes", pattern=r"\+?\d+")


def _haproxy(*middle: Part) -> tuple[Part, ...]:
    return (_SYSLOG, Field("client", pattern=r"[0-9A-Fa-f:.\[\]]+|unix|-"), ":", _PORT, " [", Field("time"), "] ", Field(), " ", Field(pattern=r"[^\s/]+/\S+"), " ", *middle)


_TIMERS = Field(pattern=r"(?:-?\d+/){4}")
_HTTP_END: tuple[Part, ...] = (
    _TIMERS, _LAST_MS, " ", Field("status", pattern=r"\d{3}|-1"), " ", _BYTES, " ", Field(), " ", Field(), " ", _STATE, " ", _COUNTS, _BRACES,
    ' "', Field("request"), '"', Field("rest"),
)  # fmt: skip
HAPROXY = (
    Layout(_haproxy(*_HTTP_END)),
    Layout(_haproxy(Field("host", pattern=r"[A-Za-z][\w.-]*"), " ", *_HTTP_END)),
    Layout(_haproxy(Field(pattern=r"(?:-?\d+/){2}"), _LAST_MS, " ", _BYTES, " ", _STATE, " ", _COUNTS)),
)

_ENVOY = '[$time_iso8601] "$request" $status {} $bytes_received $bytes_sent '
_ENVOY_END = ' $upstream_service_time "$remote_addr" "$http_user_agent" "$request_id" "$host" "$upstream_host"'


def _envoy(flags: str) -> Layout:
    return Layout((*nginx(_ENVOY.format(flags)).parts, Field("duration", 1_000_000), *nginx(_ENVOY_END).parts, Field("rest")))


ENVOY = (_envoy("$flags"), _envoy('$flags $details $termination "$failure"'))

_TRAEFIK = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent {} {} $count "$router" "$url" '
TRAEFIK = tuple(
    Layout((*nginx(_TRAEFIK.format(referer, agent)).parts, Field("duration", 1_000_000, pattern=r"\d+ms")))
    for referer in ('"$http_referer"', "-")
    for agent in ('"$http_user_agent"', "-")
)

SQUID = (
    Layout(
        (
            Field("time", pattern=r"\d{9,10}\.\d{3}"), Field(pattern=" +"), Field("duration", 1_000_000, pattern=r"\d+"), " ", Field("client"), " ",
            Field(pattern="[A-Z_]+"), "/", Field("status", pattern=r"\d{3}"), " ", Field("bytes", pattern=r"\d+"), " ", Field("method"), " ",
            Field("target"), " ", Field("user"), " ", Field(pattern=r"[A-Z_]+/\S+"), " ", Field(),
        ),
        is_absolute=True,
    ),
)  # fmt: skip
