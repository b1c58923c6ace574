"""Text formats of web servers and of the panels that ship one: Apache, nginx and their kin, as layouts."""

from dataclasses import replace

from dagster_project.reading.logs.layouts import IDENTITY, VHOST_CLIENT, Field, Layout
from dagster_project.reading.logs.log_formats import apache, nginx

_NAME = r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z]{2,}"
_COMMON = '%h %l %u %t "%r" %>s %b'
_AGENT = ' "%{Referer}i" "%{User-Agent}i"'


def _with_rest(layout: Layout) -> Layout:
    """Let anything follow: response times, a list of addresses, ids."""
    return replace(layout, parts=(*layout.parts, Field("rest")))


def _vhost(log_format: str) -> Layout:
    """Return a layout that begins with the virtual host."""
    parts = apache(f"%v {log_format}").parts
    return _with_rest(Layout((Field("host", pattern=r'[^\s,"]+'), parts[1], replace(VHOST_CLIENT, pattern=f"{VHOST_CLIENT.pattern}|{_NAME}"), *parts[3:])))


def _quoted(log_format: str) -> Layout:
    """Return a layout of lines that stand in quotes as a whole, as LiteSpeed writes them."""
    return apache(f'"{log_format}"')


COMMON = (apache(_COMMON), _quoted(_COMMON))
COMBINED = (
    _with_rest(apache(_COMMON + _AGENT)), _quoted(_COMMON + _AGENT),
    _with_rest(apache(_COMMON + ' - "%{User-Agent}i"')), _with_rest(apache(_COMMON + ' "%{Referer}i" -')),
)  # fmt: skip
VHOST_COMMON = (_vhost(_COMMON),)
VHOST_COMBINED = (_vhost(_COMMON + _AGENT),)

_OVH = apache(_COMMON + _AGENT).parts
OVH = (Layout((VHOST_CLIENT, *(Field("host", pattern=_NAME) if part == IDENTITY else part for part in _OVH[1:]))),)

_GANDI_TIME = Field("duration", 1_000_000_000, pattern=r"\d+ ?[mu]?s?")
_GANDI = apache(f"%v {_COMMON}{_AGENT}").parts
GANDI = (Layout((*_GANDI[:2], VHOST_CLIENT, *_GANDI[3:9], "] (", _GANDI_TIME, ') "', *_GANDI[10:])),)

APACHE_SSL = (apache('%t %h %{SSL_PROTOCOL}x %{SSL_CIPHER}x "%r" %b'),)

_INGRESS_USER = Field("user", pattern=r"(?!\[).*?", plain=r"[^\[].*")


def _ingress(again: str, alternative: str, request_id: str) -> Layout:
    parts = nginx(
        f'$remote_addr - {again}$remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length '
        f"$request_time [$proxy_upstream_name] {alternative}$upstream_addr $upstream_response_length $upstream_response_time $upstream_status{request_id}"
    ).parts
    return Layout(tuple(_INGRESS_USER if part == Field("user") else part for part in parts))


_AGAIN, _ALTERNATIVE, _REQUEST_ID = "[$the_real_ip] - ", "[$proxy_alternative_upstream_name] ", " $req_id"
INGRESS_NGINX = (_ingress("", _ALTERNATIVE, _REQUEST_ID), _ingress(_AGAIN, _ALTERNATIVE, _REQUEST_ID), _ingress(_AGAIN, "", _REQUEST_ID), _ingress(_AGAIN, "", ""))
"""The newest first; older ones name the client twice, which is no user."""

NGINX_PROXY_MANAGER = tuple(
    nginx(
        f'[$time_local] {before}$status - $request_method $scheme $host "$request_uri" [Client $remote_addr] '
        f'[Length $body_bytes_sent] [Gzip $gzip_ratio] {after}"$http_user_agent" "$http_referer"'
    )
    for before, after in (("$upstream_cache_status $upstream_status ", "[Sent-to $server] "), ("", ""))
)
NPMPLUS = (nginx('[$time_local] $http_host $remote_addr $request_time "$request" $status $body_bytes_sent $bytes_received $http_referer $http_user_agent'),)
BUNKERWEB = (nginx('$server_name $remote_addr - $request_id $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'),)

_ZORAXY = nginx("[$time_iso8601] [router:$router] [origin:$host] [client: $remote_addr] [useragent: $http_user_agent] $request_method $request_uri $status").parts
_BARE = {"user_agent": ".*?", "method": "[A-Z]+", "status": r"\d{3}"}
_SECOND = Field(pattern=r"(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)? )?")
ZORAXY = (Layout((_SECOND, *(replace(part, pattern=_BARE.get(part.name)) if isinstance(part, Field) else part for part in _ZORAXY))),)
