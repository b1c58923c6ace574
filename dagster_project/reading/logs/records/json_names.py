"""The keys that JSON logs use for each field of a request, and how a key of a line is told to be one of them."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from dagster_project.errors import SettingsError
from dagster_project.reading.logs.layouts.layout import header_name

_NAMES = {
    "time": (
        "starttime edgestarttimestamp start_utc startutc startlocal start_time timeunixnano time_unix_nano @timestamp timestamp time_iso8601 time_local "
        "msec ts time datetime date_time eventtime event_time date @t started_at reqtimesec requesttime requesttimeepoch "
        "time_start start event_datetime created_at t timegenerated eventtimestamp log_timestamp"
    ),
    "client": (
        "client_ip clientip request.client_ip http.client_ip httprequest.remoteip source.ip source.address "
        "client.address client.addr client.ip network.client.ip network.peer.address net.peer.ip net.sock.peer.addr remote_ip remoteip "
        "remote_addr remoteaddr request.remote_ip request.remote_addr req.remoteaddress remoteaddress remote_address "
        "clienthost clientaddr client_addr client_address downstream_remote_address ip_address ip client remote "
        "addr peer request_ip remote_host cliip httprequest.clientip id.orig_h request.remoteaddress request.ip sourceip source_ip src_ip srcip ip_source "
        "request.ipsource request.ipsrc "
        "origin.address calleripaddress ipaddress cip clientip_s remotehost http.request.remoteaddr visitor_ip fwd sourceaddress source_address"
    ),
    "client_port": (
        "client_port clientport clientsrcport request.remote_port remote_port client.port network.client.port source.port network.peer.port req.remoteport id.orig_p src_port "
        "clientport_d remoteport"
    ),
    "forwarded_for": (
        "http_x_forwarded_for x_forward_for x_forwarded_for x-forwarded-for xff forwarded_for request.headers.x-forwarded-for "
        "req.headers.x-forwarded-for headers.x-forwarded-for request_x-forwarded-for proxy_add_x_forwarded_for "
        "forwarded xforwardedfor"
    ),
    "request": "request request_line requestline http.request_line requested_url",
    "method": (
        "method request_method requestmethod clientrequestmethod httpmethod http_method http.method http.request.method request.method req.method "
        "httprequest.requestmethod verb httprequest.httpmethod reqmethod http.http_method csmethod httpmethod_s"
    ),
    "target": (
        "originalrequesturiwithargs request_uri requesturi clientrequesturi request.uri request.url req.url http.target url.original url.full http.url "
        "httprequest.requesturl x-envoy-original-path x-envoy-origin-path requestpath request_path fullpath "
        "original_fullpath proxy.path url uri http.request.uri requested_uri httprequest.uri http_uri requesturi_s requesturl target"
    ),
    "path": "path url.path http.path request.path path_info pathname clientrequestpath http_path resourcepath reqpath http.url_details.path resource csuristem routekey",
    "query": "query query_string querystring args url.query request.query requestquery request_query httprequest.args querystr csuriquery requestquery_s clientrequestquery",
    "protocol": (
        "http_version httpversion http.version network.protocol.version protocol server_protocol request_protocol requestprotocol request.proto "
        "req.httpversion "
        "http.flavor clientrequestprotocol httprequest.protocol httprequest.httpversion http.protocol request.httpversion request_proto protover httpversion_s proto"
    ),
    "host": (
        "originalhost proxy.host http_host request_host requesthost clientrequesthost request.host vhost virtual_host http.host url.domain server.address "
        ":authority authority host.name_requested requested_host server_name domain req.headers.host req.host req.hostname request.headers.host reqhost "
        "http.hostname http.url_details.host "
        "request.hostname domainname cshost host_s http.request.host headers.host hostheader host"
    ),
    "status": (
        "status status_code statuscode response_status response_code responsestatus http_status httpstatus "
        "http.status_code http.response.status_code http.response.status response.status response.status_code "
        "res.statuscode downstreamstatus edgeresponsestatus httpstatuscode httprequest.status code response response.statuscode http.status "
        "resp_status httpresponse.status http_status_code responsecode scstatus httpstatus_d api.statuscode responsestatuscode responsecodesent return_status"
    ),
    "bytes": (
        "body_bytes_sent bytes_sent_body response_body_size response_body_bytes http.response.body.bytes "
        "http.response.body.size http.response_content_length downstreamcontentsize edgeresponsebodybytes bytes_body bytes_sent bytessent edgeresponsebytes sentbytes size "
        "response_size responsesize response_bytes responsebytes bytes_out bytes_written response_length resp_size httprequest.responsesize "
        "content_length contentlength res.contentlength bytes length "
        "response.size res.headers.content-length response_body_len responselength responsebytesize response.body_size response.bodysize http.length "
        "resp_body_size written_bytes httpresponse.bytes response.length network.bytes_written scbytes sentbytes_d http.response.written txbytes bytes_read api.tx responsebodysize"
    ),
    "referer": (
        "referer referrer http_referer http_referrer http.referer http.request.header.referer "
        "http.request.referrer request.headers.referer req.headers.referer request_referer request_referrer "
        "request_referrer httprequest.referer headers.referer clientrequestreferer http.http_refer req_referer httpreferer referrerheader"
    ),
    "user_agent": (
        "user_agent useragent user-agent http_user_agent http.user_agent http.useragent user_agent.original "
        "request.headers.user-agent req.headers.user-agent request_user_agent request_user-agent "
        "httprequest.useragent headers.user-agent http.request.header.user-agent clientrequestuseragent ua agent http.http_user_agent req_user_agent "
        "useragent_s http.request.useragent clientua useragentheader"
    ),
    "user": (
        "remote_user user user_name username uname user_id userid user.id user.name user.email enduser.id clientusername meta.user current_user auth_user login "
        "csusername user-identifier auth"
    ),
    "account": (
        "account account_id accountid account.id tenant tenant_id tenantid tenant.id organization organization_id "
        "organization.id org org_id customer_id customerid company_id workspace_id"
    ),
}
"""The keys of each field, in lower case, the best first."""

_DURATIONS = {
    1: "event.duration response.latency total_ns",
    1_000: "time_elapsed",
    1_000_000: (
        "responsetime elapsed time_ms response_time http.server.duration "
        "latency latency_human elapsed_time latencies.request took httpresponse.elapsed responselatency http.response.duration totalduration "
        "res.responsetime http.response.responsetime latency_total "
        "api.timetoresponse"
    ),
    1_000_000_000: "request_time http.server.request.duration httprequest.latency timetaken timetaken_d",
}
"""The keys of durations by their unit in nanoseconds."""

_HEADER_KEYS = ("{}", "http_{}", "request_{}", "headers.{}", "request.headers.{}", "req.headers.{}", "http.request.header.{}")
"""How a request header is named, with dashes or underscores."""

_WRAPPERS = (
    "attributes.", "fields.", "event.", "message.", "jsonpayload.", "data.", "context.", "payload.", "properties.", "http_request.",
    "httprequest.", "httpmessage.", "attackdata.", "proxy.", "meta.", "protopayload.", "_source.", "span.", "state.",
)  # fmt: skip
"""Beginnings of keys that say nothing of the field, since shippers and clouds wrap records; taken off in this order."""
_SIDE = re.compile(r"(?:http[._])?(?:(req(?:uest)?)(?:[._-]?headers?)?[._-]|(?:rsp|res(?:p(?:onse)?)?)(?:headers?)?[._-])(.+)")
"""What stands before a name of one side of an exchange; headers are those of the request."""
_OF_REQUEST = frozenset(("method", "target", "path", "query", "protocol", "host", "client", "client_port", "forwarded_for", "referer", "user_agent", "user"))
_OF_RESPONSE = frozenset(("status", "bytes"))
_LASTED = re.compile(
    r"(?:(?:http|req(?:uest)?|res(?:p(?:onse)?)?|total|processing)[._]?)?(?:duration|latency|elapsed(?:_?time)?|took|time_?taken|(?:response|request|processing)_?time)_?(?:in_?)?"
    r"(?:(n(?:ano)?s(?:ec(?:ond)?s?)?)|(u(?:s|sec)|micro(?:s|sec(?:ond)?s?))|(m(?:s|sec)|milli(?:s|sec(?:ond)?s?))|((?<=_)s|sec(?:ond)?s?))"
)
"""Names of durations that say their unit: nanoseconds, microseconds, milliseconds or seconds."""
_BESIDE = 1_000
"""How much worse a name is that is known only without its side."""
_BARE_DURATION = "duration"
_OFTEN_SECONDS = (_BARE_DURATION, "latency")
_OF_CADDY = frozenset(("resp_headers", "bytes_read", "common_log"))
"""What stands beside the request in Caddy's records; any of it may be filtered out."""
_OF_ZAP = frozenset(("ts", "caller", "msg"))
_OF_DATADOG = frozenset(("http", "network"))
"""Its standard attributes, whose `duration` is in nanoseconds."""
_OF_NGINX = frozenset(("upstream_addr", "upstream_status", "upstream_response_time", "body_bytes_sent", "time_local", "time_iso8601"))
"""Its own variables, any of which tells that a bare duration is its `$request_time`, in seconds."""
_ARCHIVED = "attributes"
"""Under which its archives hold them."""
_OF_WEB_APP, _OF_GATEWAY, _OF_GATEWAY_V2 = "CsMethod", "sslEnabled", frozenset(("serverRouted", "transactionId", "WAFEvaluationTime"))
"""What Azure's web apps and application gateways write."""
_OF_CEPH = "trans_id"
W3C_CLIENT = "c-ip"
"""The client of a record whose keys are names of W3C fields."""
TELLING = _OF_CADDY | _OF_ZAP | _OF_DATADOG | _OF_NGINX | _OF_GATEWAY_V2 | {_OF_WEB_APP, _OF_GATEWAY, _OF_CEPH, W3C_CLIENT}
"""The keys that, by standing in a record, say what others mean."""
_SECONDS_OF_NGINX = "responsetime"
"""Where it is written so, in small letters, as examples of nginx for Elasticsearch name `$request_time`; `responseTime` is milliseconds."""
_TOLD_BY_OTHERS = ("timetaken", "total_time")
"""Durations whose unit other keys of the record tell."""
_IDENTITIES = ("logicalusername", "user-identifier", "requested-host")
"""The names of what stands behind the client in the common log format, and Skipper's of the host that was asked: a record that has one calls the client its `host`."""
_FLUENTD = {"host", "user", "method", "path", "code", "size"}
"""What Fluentd's own parser makes of Apache's lines, whose client it calls the host."""
_FIELD_UNITS_NS = {"duration_ns": 1, "duration_us": 1_000, "duration_ms": 1_000_000, "duration_s": 1_000_000_000}


@dataclass(frozen=True, eq=False)
class Names:
    """The field, and how good a name it is (0 is the best), of each key in lower case; the unit in ns of those of durations.

    Keys of objects within objects are joined by dots.
    """

    places: Mapping[str, tuple[str, int]]
    units_ns: Mapping[str, int]
    _known: dict[str, tuple[tuple[str, int] | None, int | None]] = field(default_factory=dict)

    def place(self, key: str) -> tuple[str, int] | None:
        """Return the field that a key names, and how good a name it is."""
        return self._of(key)[0]

    def unit_ns(self, key: str, record: Mapping[str, object]) -> int | None:
        """Return the unit of a duration; a bare `duration` is Traefik's and Datadog's ns, s of nginx, Caddy and all else that logs through zap, else ms."""
        unit_ns, plain = self._of(key)[1], _plain(key)
        if plain in _TOLD_BY_OTHERS:
            return 1_000_000 if _counts_milliseconds(record) or _OF_CEPH in record else unit_ns
        if plain in _OFTEN_SECONDS and key != "Duration" and _counts_seconds(record):
            return 1_000_000_000
        if key.endswith(_SECONDS_OF_NGINX) and plain == _SECONDS_OF_NGINX:
            return 1_000_000_000
        if unit_ns is not None or plain != _BARE_DURATION:
            return unit_ns
        return 1 if key == "Duration" or _is_of_datadog(record) else 1_000_000

    def _of(self, key: str) -> tuple[tuple[str, int] | None, int | None]:
        if key not in self._known:
            if len(self._known) > MOST_KEYS:
                self._known.clear()
            plain = _plain(key)
            spellings = dict.fromkeys((key.lower(), plain, plain.replace("-", "_")))
            place = next((self.places[spelling] for spelling in spellings if spelling in self.places), None) or self._beside(plain)
            self._known[key] = place, next((self.units_ns[spelling] for spelling in spellings if spelling in self.units_ns), None) or _unit_said(plain)
        return self._known[key]

    def _beside(self, plain: str) -> tuple[str, int] | None:
        """Return the field that a key names without the side of an exchange that it says: the agent of `request.user-agent`, the status of `res_status`."""
        found = _SIDE.fullmatch(plain)
        field, rank = self.places.get(found[2].replace("-", "_"), ("", 0)) if found else ("", 0)
        return (field, rank + _BESIDE) if found and field in (_OF_REQUEST if found[1] else _OF_RESPONSE) else None

    def has_client(self, keys: Iterable[str]) -> bool:
        """Tell whether any of the keys names the client."""
        return any((self.place(key) or ("",))[0] == "client" for key in keys)

    def calls_client_host(self, keys: Collection[str]) -> bool:
        """Tell whether a record of these keys names its client by `host`."""
        return self.may_call_client_host(keys) and not self.has_client(keys)

    def may_call_client_host(self, keys: Collection[str]) -> bool:
        """Tell whether a record of these keys, or of some of them, may name its client by `host`, as Fluentd, Skipper and what follows the common log format do."""
        return set(keys) >= _FLUENTD or any(_plain(key) in _IDENTITIES for key in keys)

    def is_bare(self, key: str) -> bool:
        """Tell whether a key names a duration that may be in any unit."""
        return self._of(key)[1] is None and _plain(key) == _BARE_DURATION

    def is_read(self, key: str) -> bool:
        """Tell whether a key may name a field."""
        return self.place(key) is not None or self._of(key)[1] is not None or _plain(key) in (_BARE_DURATION, *_TOLD_BY_OTHERS, *_IDENTITIES)

    def is_entered(self, key: str) -> bool:
        """Tell whether a field may stand within the object of a key."""
        inside = key.lower() + "."
        starts = (inside, _plain(inside))
        return bool(_SIDE.fullmatch(f"{starts[1]}.")) or any(name.startswith(starts) for name in (*self.places, *self.units_ns, _BARE_DURATION))


MOST_KEYS = 8192


@lru_cache(maxsize=MOST_KEYS)
def _plain(key: str) -> str:
    """Return a key in lower case without what log shippers wrap around records, and GELF before keys."""
    key = key.lower()
    for wrapper in _WRAPPERS:
        key = key.removeprefix(wrapper)
    return key.removeprefix("_")


def _unit_said(plain: str) -> int | None:
    """Return the unit in ns that the name of a duration says, null where it says none."""
    found = _LASTED.fullmatch(plain.replace("-", "_"))
    return int(1_000 ** (found.lastindex - 1)) if found and found.lastindex else None


def _counts_milliseconds(record: Mapping[str, object]) -> bool:
    """Tell whether a record is of Azure's web apps or of its application gateway v1; v2, which names where a request went, counts seconds."""
    held = record.get("properties")
    known = held if isinstance(held, dict) else record
    return _OF_WEB_APP in known or (_OF_GATEWAY in known and not known.keys() & _OF_GATEWAY_V2)


def _counts_seconds(record: Mapping[str, object]) -> bool:
    """Tell whether a record is of nginx, of Caddy, or of another that logs through zap."""
    return bool(record.keys() & _OF_NGINX) or record.keys() >= _OF_ZAP or (isinstance(record.get("request"), dict) and bool(record.keys() & _OF_CADDY))


def _is_of_datadog(record: Mapping[str, object]) -> bool:
    """Tell whether a record has Datadog's standard attributes, as it came or as an archive holds it."""
    held = record.get(_ARCHIVED)
    return any(isinstance(known, Mapping) and known.keys() >= _OF_DATADOG for known in (record, held))


REMARK = "remark"
_REMARK_KEYS = ("rulesettype", "policymode", "rulesettype_s", "ruleid_s", "policymode_s", "err_id", "err_trace", "fileinfo.filename", "alert.signature_id")
"""What only Azure's firewalls, Caddy's errors and Suricata's files and alerts hold: such a record says more of a request that another one is."""
EVENT = "event"
_EVENT_KEYS = ("@mt", "@m", "messagetemplate", "{originalformat}", "span.name", "fields.message")
"""What Serilog, .NET's own logger and Rust's tracing write with every event, beside what they know of its request: it is one itself only if it says how that was answered."""
_PLACES = {
    name: (field, rank)
    for field, names in {**_NAMES, REMARK: " ".join(_REMARK_KEYS), EVENT: " ".join(_EVENT_KEYS)}.items()
    for rank, name in reversed(list(enumerate(names.split())))
}
_UNITS_NS = {name: unit_ns for unit_ns, names in _DURATIONS.items() for name in names.split()}
NAMES = Names(_PLACES, _UNITS_NS)
"""The names in use."""


def mapped(mapping: str) -> Names:
    """Return NAMES and what a mapping of settings adds, which goes before them: `time=meta.when client=peer.ip duration_ms=took`.

    Raises SettingsError for a field that does not exist, and for what is no `field=key`.
    """
    places, units_ns = dict(_PLACES), dict(_UNITS_NS)
    for pair in mapping.split():
        name, _, key = pair.partition("=")
        if not key or name not in (*_NAMES, *_FIELD_UNITS_NS):
            raise SettingsError(f"[formats]: json: write field=key for each field; the fields are {', '.join((*_NAMES, *_FIELD_UNITS_NS))}")
        if name in _FIELD_UNITS_NS:
            units_ns[key.lower()] = _FIELD_UNITS_NS[name]
        else:
            places[key.lower()] = name, -1
    return Names(places, units_ns)


def naming(names: Names, headers: tuple[str, ...]) -> Names:
    """Return names with the keys of these headers as `client_header`, the first of them before the others."""
    keys = {key.format(written): rank for rank, header in reversed(list(enumerate(headers))) for key in _HEADER_KEYS for written in (header.lower(), header_name(header))}
    return Names({key: ("client_header", rank) for key, rank in keys.items()} | dict(names.places), names.units_ns)
