"""Text formats of web servers and of the panels that ship one: Apache, nginx and their kin, as layouts."""

from dataclasses import replace

from dagster_project.reading.logs.layouts.layout import VHOST, VHOST_CLIENT, Field, Layout, Part
from dagster_project.reading.logs.layouts.log_formats import apache, nginx

_NAME = r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z]{2,}"
_IPV4 = r"(?:\d{1,3}\.){3}\d{1,3}"
_HOST = rf"(?:{_NAME}|localhost|{_IPV4}|\[[0-9A-Fa-f:.]{{2,45}}\])(?::\d{{1,5}})?"
_COMMON = '%h %l %u %t "%r" %>s %b'
_AGENT = ' "%{Referer}i" "%{User-Agent}i"'
_MORE_WORDS = Field(pattern=r'(?> [^\s"]{1,64}){0,6}')
_NO_URL = Field("user_agent", pattern=r'(?!https?://)(?:[^"\\]|\\.)*')
"""What stands behind a bare dash, unless that was a time that nobody took and this is the referrer."""
_REST, _WORDS = Field("rest"), Field("rest", pattern=r'(?:[ \t][^"]*)?')
"""What may follow: anything, or words without quotes."""
_GLUED = Field("rest", pattern=r"[a-z_]{1,32}=.*")
"""What follows with no blank before it, as examples of nginx have it: `"agent"rt=0.012 uct="0.001"`."""


def _with_rest(layout: Layout) -> Layout:
    """Let anything follow: response times, a list of addresses, ids."""
    return replace(layout, parts=(*layout.parts, _REST))


def _vhost(log_format: str, rest: Field = _REST) -> Layout:
    """Return a layout that begins with the virtual host."""
    parts = apache(f"%v {log_format}").parts
    return Layout((VHOST, parts[1], replace(VHOST_CLIENT, pattern=rf"{VHOST_CLIENT.pattern}|{_NAME}(?::\d{{1,5}})?"), *parts[3:], rest))


def _damaged(layout: Layout) -> Layout:
    """Return a layout of combined lines that have quotes of their own within quotes, or more between size and referrer.

    A request ends where a status and a size follow, a referrer where the next text in quotes begins, and an agent where
    nothing but words and texts in quotes follow.
    """
    before = layout.parts[: [isinstance(part, Field) and part.name for part in layout.parts].index("request")]
    return Layout(
        (
            *before, Field("request", pattern=_until(r" (?:\d{3}|-) (?:\d+|-) ")), '" ', Field("status", pattern=r"\d{3}|-"), " ",
            Field("bytes", pattern=r"\d+|-"), _MORE_WORDS, ' "', Field("referer", pattern=_until(' "')), '" "',
            Field("user_agent", pattern=_until(r'(?: (?:[\w-]{1,40}=)?"[^"]{0,1024}"| [^\s"]{1,256}){0,16}$')), '"', Field("rest"),
        )
    )  # fmt: skip


def _damaged_common() -> Layout:
    """Return the layout of common lines that have quotes of their own within the request, which ends where a status and a size follow, and only words behind."""
    before, request, after = '%h %l %u %t "', Field("request", pattern=_until(r" (?:\d{3}|-) (?:\d+|-)(?:[ \t]|$)")), '" %>s %b'
    return Layout((*apache(before).parts, request, *apache(after).parts, _WORDS))


def _combined(*common: Part) -> Layout:
    """Return a layout of combined lines that begin with these parts."""
    return _with_rest(Layout((*common, *apache(_AGENT).parts)))


def _timed(common: tuple[Part, ...], before: str, duration: Field) -> Layout:
    """Return a layout of combined lines with a time, and perhaps more words, between size and referrer."""
    return _combined(*common, before, duration, _MORE_WORDS)


def _until(following: str) -> str:
    """Return a pattern of a text that ends at the first quote before `following`; it can be read in one way only."""
    return rf'(?>(?:[^"\\]|\\.|"(?!{following}))*)'


def _hosted(before: str) -> tuple[Part, ...]:
    """Return the parts of common lines with the host before the time or the request."""
    return tuple(Field("host", pattern=f"{_HOST}|-") if part == Field("host") else part for part in apache(f'{before} "%r" %>s %b').parts)


def _time_first(log_format: str) -> tuple[Part, ...]:
    """Return the parts of common lines that begin with the time; only an address tells the client from a host."""
    return tuple(replace(VHOST_CLIENT, rank=1) if isinstance(part, Field) and part.name == "client" else part for part in apache(log_format).parts)


def _quoted(log_format: str) -> Layout:
    """Return a layout of lines that stand in quotes as a whole, as LiteSpeed writes them."""
    return apache(f'"{log_format}"')


_VARIANTS = [log_format + '%t "%r" %>s %b' for log_format in ("%h - ", "%h ", "%h - %u - ")]
"""Without the name of the user, without the identity of the client too, and with one dash more."""

_HOSTED = [_hosted(before) for before in ('%h %l %u %t "%v"', "%h %l %u %t %v", "%h - %u %v %t")]
_API_GATEWAY = '%h %l %u %t"%r" %>s %b'
"""As AWS's examples have it, with no blank before the request."""
_SECONDS = r"(?:-|\d{1,9}\.\d{3})"
_CACHED = (
    *apache("%h ").parts, Field(pattern=rf"{_SECONDS}(?:, {_SECONDS}){{0,8}}"), " ", Field(pattern="[A-Z]{3,16}|-"), *_hosted(" %t %v"),
)  # fmt: skip
"""How long the servers behind a cache took, and what the cache did, in place of the names: EasyEngine, WordOps."""
_IN_PARENTHESES = (
    *apache("%h ").parts, "(", Field("forwarded_for", pattern=r'[^()"]{0,1024}'), ") ", *apache('%l %u %t "%r" %>s %b').parts,
)  # fmt: skip
"""Elastic Beanstalk's: `%h (%{X-Forwarded-For}i) %l %u`."""
_TIME_FIRST = [_time_first(log_format) for log_format in ('%t %h %l %u "%r" %>s %b', '%t %h "%r" %>s %b')]
_BARE_TIME = (
    *apache("%h %l %u ").parts, Field("time", pattern=r"\d\d(?:\d\d-|/[A-Z])[0-9A-Za-z/:.+-]{13,30}(?: [+-]\d{4})?"), *apache(' "%r" %>s %b').parts,
)  # fmt: skip
"""The time without brackets, by ISO 8601 too."""
_BARE_REQUEST = (*apache("%h %l %u %t ").parts, Field("request", pattern=r"(?>[A-Z]{3,20} \S+ HTTP/[\d.]+)", plain=r"[A-Z]{3,20} \S+ HTTP/[\d.]+"), *apache(" %>s %b").parts)
"""The request without quotes, as WildFly and Undertow write it where nobody escaped them."""
_BARE_AGENT: tuple[Part, ...] = (" ", Field("referer", pattern=r"-|https?://\S+"), " ", Field("user_agent", pattern=r'[^\s"][^"]*'))
_GLASSFISH = (*apache('"%h" "%u" "').parts, Field("time", pattern=r"\d\d/[^\s/]{3,5}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"), *apache('" "%r" %>s %b').parts)
_IN_QUOTES = '"%h" "%l" "%u" "%t" "%r" "%>s" "%b"'
"""Each field in quotes of its own."""

_ODOO = (
    *apache('%h %l %u %t "%r" %>s - ').parts, Field(pattern=r"\d+"),
    *(part for _ in range(2) for part in (" ", Field("duration", 1_000_000_000, pattern=r"\d+\.\d{3}", is_part=True))),
)  # fmt: skip
"""How many queries there were, how long they took, and how long all else did."""

COMMON = (
    apache(_COMMON), _quoted(_COMMON), *map(apache, (*_VARIANTS, '%t "%r" %>s %b')), Layout(_ODOO),
    *(Layout((*apache(log_format).parts, _WORDS)) for log_format in (_COMMON, _API_GATEWAY)),
    *(Layout((*parts, _WORDS)) for parts in (*_TIME_FIRST, _HOSTED[1], _BARE_REQUEST)), Layout(_BARE_TIME), Layout(_GLASSFISH), _damaged_common(),
)  # fmt: skip
COMBINED = (
    _with_rest(apache(_COMMON + _AGENT)), _quoted(_COMMON + _AGENT), Layout((*apache(_COMMON + _AGENT).parts, _GLUED)),
    _with_rest(Layout((*apache(_COMMON + ' - "').parts, _NO_URL, '"'))), _with_rest(apache(_COMMON + ' "%{Referer}i" -')),
    *(_timed(parts, " ", Field("duration", 1_000_000_000, pattern=r"\d{1,9}\.\d{1,9}")) for parts in (apache(_COMMON).parts, _HOSTED[1])),
    _timed(apache(_COMMON).parts, " ms:", Field("duration", 1_000_000, pattern=r"\d{1,12}")),
    *(_with_rest(apache(log_format + _AGENT)) for log_format in _VARIANTS),
    *(_combined(*parts) for parts in ((*_HOSTED[0], _MORE_WORDS), *_HOSTED[1:], _CACHED, _IN_PARENTHESES, *_TIME_FIRST, _BARE_TIME, _BARE_REQUEST)),
    Layout((*_BARE_REQUEST, *_BARE_AGENT)),
    _with_rest(apache(_IN_QUOTES + _AGENT)), _damaged(apache(_COMMON)),
)  # fmt: skip
VHOST_COMMON = (_vhost(_COMMON, _WORDS),)
VHOST_COMBINED = (_vhost(_COMMON + _AGENT), _vhost(_VARIANTS[1] + _AGENT), _damaged(_vhost(_COMMON)), Layout(('"', *_vhost(_COMMON + _AGENT).parts[:-1], '"')))


def _ovh(client: Field, host: str, user: Field) -> tuple[Layout, Layout]:
    before = (client, " ", Field("host", pattern=host), " ", user)
    combined, common = (Layout((*before, *apache(_COMMON + agent).parts[5:], rest)) for agent, rest in ((_AGENT, _REST), ("", _WORDS)))
    return combined, common


OVH = (
    *_ovh(VHOST_CLIENT, _NAME, Field("user")),
    *_ovh(Field("client", pattern=rf"{_IPV4}|[0-9A-Fa-f]{{0,4}}:[0-9A-Fa-f:.]{{1,41}}"), _HOST, Field("user", pattern=r"[^\s\[]+")),
)
"""Where a port or an address stands in place of the name, one user without blanks tells the host from a second client."""

_GANDI_TIME = Field("duration", 1_000_000_000, pattern=r"\d+ ?[mu]?s?")
_GANDI = apache(f"%v {_COMMON}{_AGENT}").parts
GANDI = (Layout((VHOST, _GANDI[1], VHOST_CLIENT, *_GANDI[3:9], "] (", _GANDI_TIME, ') "', *_GANDI[10:])),)

_SSL = '%t %h %{SSL_PROTOCOL}x %{SSL_CIPHER}x "%r" %b'
APACHE_SSL = (apache(_SSL), _with_rest(apache(_SSL + _AGENT)))

_INGRESS_USER = Field("user", pattern=r"(?!\[).*?", plain=r"[^\[].*")


def _ingress(again: str, alternative: str, request_id: str) -> Layout:
    parts = nginx(
        f'$remote_addr - {again}$remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length '
        f"$request_time [$proxy_upstream_name] {alternative}$upstream_addr $upstream_response_length $upstream_response_time $upstream_status{request_id}"
    ).parts
    return Layout(tuple(_INGRESS_USER if part == Field("user") else part for part in parts))


_AGAIN, _ALTERNATIVE, _REQUEST_ID = "[$the_real_ip] - ", "[$proxy_alternative_upstream_name] ", " $req_id"
_OLDER = (_ingress(_AGAIN, _ALTERNATIVE, _REQUEST_ID), _ingress(_AGAIN, "", _REQUEST_ID), _ingress(_AGAIN, "", ""))
INGRESS_NGINX = (_ingress("", _ALTERNATIVE, _REQUEST_ID), *_OLDER, *map(_with_rest, _OLDER))
"""The newest first, which is combined where a cluster appends words of its own; older ones name the client twice, which is no user."""

NGINX_PROXY_MANAGER = tuple(
    nginx(
        f'[$time_local] {before}$status - $request_method $scheme $host "$request_uri" [Client $remote_addr] '
        f'[Length $body_bytes_sent] [Gzip $gzip_ratio] {after}"$http_user_agent" "$http_referer"'
    )
    for before in ("$upstream_cache_status $upstream_status ", "")
    for after in ("[Sent-to $server] ", "")
)
_NPMPLUS = nginx('[$time_local] $http_host $remote_addr $request_time "$request" $status $body_bytes_sent $bytes_received $http_referer $http_user_agent').parts
NPMPLUS = (Layout(tuple(replace(part, pattern=r"\d{1,9}\.\d{3}") if isinstance(part, Field) and part.name == "duration" else part for part in _NPMPLUS)),)
_BUNKERWEB = nginx('$server_name $remote_addr - $request_id $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"').parts
_REQUEST_NUMBER = Field(pattern=r"-|[0-9a-f]{16,64}|\S+(?= - \[)", plain=r"-|[0-9a-f]{16,64}")
BUNKERWEB = (Layout((VHOST, *_BUNKERWEB[1:4], _REQUEST_NUMBER, *_BUNKERWEB[5:], _REST)),)
"""What is no number of a request, before a user, is the first of her names."""

_ZORAXY_CLIENT = ("[client: $remote_addr] [useragent: $http_user_agent]", "[client $remote_addr] [useragent $http_user_agent]", "[client $remote_addr]")
"""The client as Zoraxy writes it, the newest first."""
_BARE = {"user_agent": ".*?", "method": "[A-Z]+", "status": r"\d{3}"}
_SECOND = Field(pattern=r"(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)? )?")
_ZORAXY = tuple(nginx(f"[$time_iso8601] [router:$router] [origin:$host] {client} $request_method $request_uri $status").parts for client in _ZORAXY_CLIENT)
ZORAXY = tuple(Layout((_SECOND, *(replace(part, pattern=_BARE.get(part.name)) if isinstance(part, Field) else part for part in parts))) for parts in _ZORAXY)

IIS_NATIVE = (
    Layout(
        (
            Field("client", pattern=r"[^\s,]+"), ", ", Field("user", pattern=r"[^,]*"), ", ",
            Field("time", pattern=r"\d{1,2}/\d{1,2}/\d{2,4}, \d{1,2}:\d\d:\d\d"), ", ", Field(pattern=r"[^\s,]+, [^\s,]+, [^\s,]+"), ", ",
            Field("duration", 1_000_000, pattern=r"\d+"), ", ", Field(pattern=r"\d+"), ", ", Field("bytes", pattern=r"\d+"), ", ",
            Field("status", pattern=r"\d{3}"), ", ", Field(pattern=r"\d+"), ", ", Field("method", pattern=r"[A-Z]+|-"), ", ", Field("path", pattern=r"\S*"), ", ",
            Field("query", pattern=r"\S*?"), Field(pattern=",?"),
        ),
        decode=str,
    ),
)  # fmt: skip
