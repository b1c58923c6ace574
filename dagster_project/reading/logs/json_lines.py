"""JSON Lines with flat or nested fields: nginx JSON, Caddy, Traefik, Envoy, Fastly, Rails style, OpenTelemetry names."""

import re
from collections.abc import Iterator
from functools import lru_cache

import orjson

from dagster_project.reading.logs.values import Refused, Row, duration_ns, origin_form, row

_NAMES = {
    "time": (
        "starttime start_utc startutc start_time timeunixnano time_unix_nano @timestamp timestamp time_iso8601 time_local msec ts time datetime date_time eventtime event_time date"
    ),
    "client": (
        "client_ip clientip request.client_ip http.client_ip httprequest.remoteip source.ip source.address "
        "client.address client.ip network.peer.address net.peer.ip net.sock.peer.addr remote_addr remoteaddr "
        "remote_ip remoteip request.remote_ip request.remote_addr req.remoteaddress remoteaddress remote_address "
        "clienthost clientaddr client_addr client_address downstream_remote_address ip_address ip client remote "
        "addr peer"
    ),
    "client_port": "client_port clientport request.remote_port remote_port client.port source.port network.peer.port",
    "forwarded_for": (
        "http_x_forwarded_for x_forwarded_for x-forwarded-for xff forwarded_for request.headers.x-forwarded-for "
        "req.headers.x-forwarded-for headers.x-forwarded-for request_x-forwarded-for proxy_add_x_forwarded_for "
        "forwarded"
    ),
    "request": "request request_line requestline http.request_line",
    "method": ("method request_method requestmethod http_method http.method http.request.method request.method req.method httprequest.requestmethod verb"),
    "target": (
        "request_uri requesturi request.uri request.url req.url http.target url.original url.full http.url "
        "httprequest.requesturl x-envoy-original-path x-envoy-origin-path requestpath request_path fullpath "
        "original_fullpath target url uri http.request.uri"
    ),
    "path": "path url.path http.path request.path path_info pathname",
    "query": "query query_string querystring args url.query request.query",
    "protocol": (
        "protocol server_protocol request_protocol requestprotocol proto request.proto http_version http.version "
        "http.flavor network.protocol.version httpversion httprequest.protocol"
    ),
    "host": (
        "http_host request_host requesthost request.host vhost virtual_host http.host url.domain server.address "
        ":authority authority host.name_requested server_name host domain req.headers.host"
    ),
    "status": (
        "status status_code statuscode response_status response_code responsestatus http_status httpstatus "
        "http.status_code http.response.status_code http.response.status response.status response.status_code "
        "res.statuscode downstreamstatus httprequest.status code"
    ),
    "bytes": (
        "body_bytes_sent bytes_sent_body response_body_size response_body_bytes http.response.body.bytes "
        "http.response.body.size http.response_content_length downstreamcontentsize bytes_body bytes_sent size "
        "response_size responsesize response_bytes response_length resp_size httprequest.responsesize "
        "content_length contentlength res.contentlength bytes length"
    ),
    "referer": (
        "referer referrer http_referer http_referrer http.referer http.request.header.referer "
        "http.request.referrer request.headers.referer req.headers.referer request_referer request_referrer "
        "request_referrer httprequest.referer headers.referer"
    ),
    "user_agent": (
        "user_agent useragent user-agent http_user_agent http.user_agent http.useragent user_agent.original "
        "request.headers.user-agent req.headers.user-agent request_user_agent request_user-agent "
        "httprequest.useragent headers.user-agent http.request.header.user-agent ua agent"
    ),
    "user": ("remote_user user user_name username user_id userid user.id user.name user.email enduser.id clientusername meta.user current_user auth_user login"),
    "account": (
        "account account_id accountid account.id tenant tenant_id tenantid tenant.id organization organization_id "
        "organization.id org org_id customer_id customerid company_id workspace_id"
    ),
}
"""The keys of each field, in lower case, the best first."""

_DURATIONS = {
    1: "duration_ns event.duration",
    1_000: "duration_us",
    1_000_000: ("duration_ms latency_ms elapsed_ms request_time_ms response_time_ms took_ms responsetime elapsed time_ms response_time http.server.duration latency"),
    1_000_000_000: "duration_s request_time duration_seconds http.server.request.duration httprequest.latency",
}
"""The keys of durations by their unit in nanoseconds."""

_PLACES = {name: (field, rank) for field, names in _NAMES.items() for rank, name in reversed(list(enumerate(names.split())))}
_UNITS_NS = {name: unit_ns for unit_ns, names in _DURATIONS.items() for name in names.split()}
_WRAPPERS = ("attributes.", "fields.", "event.", "message.", "jsonpayload.", "data.", "context.", "payload.", "http_request.")
DEEPEST = 8
_BARE_X = re.compile(r"\\x([0-9A-Fa-f]{2})")


def read(line: str) -> Row:
    """Return the values of a line in the order of values.ROWS.

    Raises values.Refused with json_error, json_not_object or field_missing (no time, or nothing of a request), too.
    """
    record = _loaded(line)
    if not isinstance(record, dict):
        raise Refused("json_not_object")
    fields, duration = _fields(record)
    if not fields.get("time") or not fields.keys() & {"method", "target", "path", "request", "status"}:
        raise Refused("field_missing")
    if duration:
        fields["duration"] = duration
    for name in ("target", "path"):
        if "://" in fields.get(name, "")[:12]:
            host, fields[name] = origin_form(fields[name])
            fields.setdefault("host", host or "")
    if "?" not in fields.get("target", "?") and "path" not in fields and fields.get("query"):
        fields["path"] = fields.pop("target")
    if "request" in fields and "method" in fields and fields.keys() & {"target", "path"}:
        del fields["request"]
    return row(fields)


def _loaded(line: str) -> object:
    r"""Load a line; nginx writes `\xHH`, which JSON does not know, unless told `escape=json`."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        pass
    try:
        return orjson.loads(_BARE_X.sub(r"\\u00\1", line))
    except orjson.JSONDecodeError:
        raise Refused("json_error") from None


def _fields(record: dict[str, object]) -> tuple[dict[str, str], str | None]:
    """Return the raw texts by name, the best named of several, and the duration in nanoseconds."""
    best: dict[str, tuple[int, str]] = {}
    duration: str | None = None
    for key, value in _flat(record, ""):
        place = _place(key)
        is_unknown = place is not None and place[0] in ("bytes", "status") and value.startswith("-")
        if place is not None and not is_unknown and (place[0] not in best or place[1] < best[place[0]][0]):
            best[place[0]] = (place[1], value)
        unit_ns = _unit_ns(key, record)
        if unit_ns and (length := duration_ns(value, unit_ns)) is not None:
            duration = str(length)
    return {name: value for name, (_, value) in best.items()}, duration


def _flat(value: dict[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    if prefix.count(".") > DEEPEST:
        return
    for key, held in value.items():
        name = prefix + key
        inner = _unlisted(held)
        if isinstance(inner, dict):
            yield from _flat(inner, name + ".")
        elif isinstance(inner, float):
            yield name, f"{inner:.9f}".rstrip("0").rstrip(".")
        elif inner not in (None, "", "-") and not isinstance(inner, bool):
            yield name, str(inner)


def _unlisted(value: object) -> object:
    """Return a list as one text, a list of OpenTelemetry's attributes as an object."""
    if not isinstance(value, list):
        return value
    return _attributes(value) if value and isinstance(value[0], dict) else ", ".join(str(item) for item in value)


def _attributes(items: list[object]) -> dict[str, object]:
    """Return OpenTelemetry's list of keys and values as an object."""
    pairs = [item for item in items if isinstance(item, dict) and "key" in item]
    return {str(pair["key"]): next(iter(pair["value"].values()), None) if isinstance(pair.get("value"), dict) else pair.get("value") for pair in pairs}


@lru_cache(maxsize=8192)
def _place(key: str) -> tuple[str, int] | None:
    """Return the field that a key names, and how good a name it is (0 is the best)."""
    return _PLACES.get(_plain(key))


@lru_cache(maxsize=8192)
def _plain(key: str) -> str:
    key = key.lower()
    for wrapper in _WRAPPERS:
        if key.startswith(wrapper) and key != "event.duration":
            key = key[len(wrapper) :]
    return key


def _unit_ns(key: str, record: dict[str, object]) -> int | None:
    """Return the unit of a duration; a bare `duration` is Traefik's ns, Caddy's s, else ms (Envoy, Rails, most others)."""
    if _plain(key) != "duration":
        return _UNITS_NS.get(_plain(key))
    if key == "Duration":
        return 1
    return 1_000_000_000 if isinstance(record.get("request"), dict) and "resp_headers" in record else 1_000_000
