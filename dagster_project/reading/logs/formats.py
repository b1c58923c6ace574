"""Every log format that is read, by name: what it is, a line of it, and what reads it; detection tries them in this order."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from dagster_project.errors import SettingsError
from dagster_project.reading.logs.layouts import applications, aws, clouds, frameworks, proxies, w3c, web_servers
from dagster_project.reading.logs.layouts.layout import Layout
from dagster_project.reading.logs.layouts.log_formats import apache, nginx
from dagster_project.reading.logs.lines import Lines
from dagster_project.reading.logs.records import json_names
from dagster_project.reading.logs.records.json_names import mapped
from dagster_project.reading.logs.records.notations import JSON, LOGFMT, LTSV, Records

Parts = list[tuple[int, int, tuple[Layout, ...]]]


@dataclass(frozen=True)
class Format:
    """A log format, read in one of three ways.

    A line is read by the first of `layouts` that matches, or as one of `records`; where a format has both, a line that begins with a brace is a record.
    `parts` finds the layouts of each run of lines where directives in the file name its fields.
    A line that the format refuses is read by the first of `others` that can. `remarks` matches the beginning of what else its server writes between requests.
    """

    name: str
    description: str
    example: str
    layouts: tuple[Layout, ...] = ()
    records: Records | None = None
    parts: Callable[[Lines, bytes | None], Parts] | None = None
    others: tuple["Format", ...] = ()
    remarks: re.Pattern[str] | None = None


_AGENT = '"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"'
_TIME = "[02/Mar/2026:10:15:00 +0000]"
_GET = '"GET /jobs?page=2 HTTP/1.1"'
_COMMON = f"192.0.2.7 - - {_TIME} {_GET} 200 5120"
_COMBINED = f'{_COMMON} "https://www.example.com/" {_AGENT}'
_IIS = "2026-03-02 10:15:00 198.51.100.4 GET /jobs page=2 443 - 192.0.2.7 Mozilla/5.0+(X11) https://www.example.com/ 200 0 0 15"
_IIS_NATIVE = "192.0.2.7, -, 03/02/2026, 10:15:00, W3SVC1, WEB1, 198.51.100.4, 12, 421, 5120, 200, 0, GET, /jobs, page=2,"
_CLOUDFRONT = (
    "2026-03-02 10:15:00 FRA56-P1 5120 192.0.2.7 GET d111111abcdef8.cloudfront.net /jobs 200 https://www.example.com/ "
    "Mozilla/5.0%20(X11) page=2 - Hit exampleid== www.example.com https 421 0.012 - TLSv1.3 TLS_AES_128_GCM_SHA256 Hit "
    "HTTP/2.0 - - 40780 0.012 Hit text/html 5120 - -"
).replace(" ", "\t")
_JSON = '{"time":"2026-03-02T10:15:00Z","remote_addr":"192.0.2.7","method":"GET","path":"/jobs?page=2","status":200,"bytes":5120,"duration_ms":12}'
_BALANCED = "192.0.2.7:40780 198.51.100.4:8080 0.001 0.012 0.000 200 200 34 5120"
_ABSOLUTE = f'"GET https://www.example.com:443/jobs?page=2 HTTP/2.0" {_AGENT} TLS_AES_128_GCM_SHA256 TLSv1.3'
_ALB = f'h2 2026-03-02T10:15:00.123456Z app/web/50dc6c495c0c9188 {_BALANCED} {_ABSOLUTE} - "Root=1-5" "-" "-" 0'
_ELB = f"2026-03-02T10:15:00.123456Z web {_BALANCED} {_ABSOLUTE}"
_S3 = f'{"a" * 64} bucket {_TIME} 192.0.2.7 - 3E57427F3EXAMPLE REST.GET.OBJECT jobs.csv {_GET} 200 - 5120 5120 12 10 "-" {_AGENT} -'
_HAPROXY = f"192.0.2.7:40780 [02/Mar/2026:10:15:00.123] https~ app/node1 0/0/1/11/12 200 5120 - - ---- 1/1/0/0/0 0/0 {_GET}"
_ENVOY = f'[2026-03-02T10:15:00.123Z] {_GET} 200 - 0 5120 12 11 "192.0.2.7" {_AGENT} "request-1" "www.example.com" "198.51.100.4:80"'
_TRAEFIK = f'{_COMBINED} 262 "web@docker" "http://198.51.100.4:8080" 12ms'
_SQUID = "1772446500.123     12 192.0.2.7 TCP_MISS/200 5120 GET http://www.example.com/jobs - HIER_DIRECT/198.51.100.4 text/html"
_INGRESS = f"{_COMBINED} 421 0.012 [default-web-8080] [] 198.51.100.4:8080 5120 0.011 200 0a2a92d080e664dd"
_NPM = f'{_TIME} - 200 200 - GET https www.example.com "/jobs?page=2" [Client 192.0.2.7] [Length 5120] [Gzip -] [Sent-to 198.51.100.4] {_AGENT} "-"'
_NPMPLUS = f"{_TIME} www.example.com 192.0.2.7 0.012 {_GET} 200 5120 421 - Mozilla/5.0 (X11; Linux x86_64)"
_BUNKERWEB = f'www.example.com 192.0.2.7 - 95386da81aa13b6a - {_TIME} {_GET} 200 5120 "-" {_AGENT}'
_ZORAXY = "2026/03/02 10:15:00 [2026-03-02 10:15:00.123456] [router:host-http] [origin:www.example.com] [client: 192.0.2.7] [useragent: Mozilla/5.0 (X11)] GET /jobs?page=2 200"
_GANDI = f'www.example.com 192.0.2.7 - - {_TIME} (0 s) {_GET} 200 5120 "-" {_AGENT}'
_OVH = f'192.0.2.7 www.example.com - {_TIME} {_GET} 200 5120 "-" {_AGENT}'
_SSL = f"{_TIME} 192.0.2.7 TLSv1.3 TLS_AES_128_GCM_SHA256 {_GET} 5120"
_HEROKU = 'at=info method=GET path="/jobs?page=2" host=www.example.com request_id=8601b555 fwd="192.0.2.7" dyno=web.1 connect=1ms service=12ms status=200 bytes=5120 protocol=https'
_GOROUTER = (
    f'www.example.com - [2026-03-02T10:15:00.123456789Z] {_GET} 200 34 5120 "-" {_AGENT} "192.0.2.7:40780" "198.51.100.4:61001" '
    'x_forwarded_for:"192.0.2.7" x_forwarded_proto:"https" vcap_request_id:"8601b555" response_time:0.012 gorouter_time:0.0001 app_id:"3a9d"'
)
_LOGFMT = 'time=2026-03-02T10:15:00Z level=info msg="request completed" method=GET path="/jobs?page=2" status=200 duration=12ms size=5120 remote_addr=192.0.2.7'
_LTSV = f"time:{_TIME}\thost:192.0.2.7\treq:{_GET[1:-1]}\tstatus:200\tsize:5120\treferer:https://www.example.com/\tua:Mozilla/5.0 (X11)\treqtime:0.012\tvhost:www.example.com"
_GIN = '[GIN] 2026/03/02 - 10:15:00 | 200 |    1.345678ms |       192.0.2.7 | GET      "/jobs?page=2"'
_UVICORN = '2026-03-02T10:15:00.123456789Z stdout F INFO:     192.0.2.7:40780 - "GET /jobs?page=2 HTTP/1.1" 200 OK'
_UWSGI = (
    "[pid: 12|app: 0|req: 7/21] 192.0.2.7 () {44 vars in 900 bytes} [Mon Mar  2 10:15:00 2026] GET /jobs?page=2 => "
    "generated 5120 bytes in 12 msecs (HTTP/1.1 200) 4 headers in 150 bytes (1 switches on core 0)"
)
_FIBER = "2026-03-02T10:15:00.123456789Z stdout F 10:15:00 | 200 | 1.345678ms | 192.0.2.7 | GET | /jobs?page=2"
_CHI = '2026/03/02 10:15:00 [web-1/8601b555-000001] "GET http://www.example.com/jobs?page=2 HTTP/1.1" from 192.0.2.7:40780 - 200 5120B in 12.345ms'
_GITEA = "2026/03/02 10:15:00 HTTPRequest [I] router: completed GET /jobs?page=2 for 192.0.2.7:40780, 200 OK in 12.3ms @ web/jobs.go:12(web.Jobs)"
_TORNADO = "[I 2026-03-02 10:15:00.123 ServerApp] 200 GET /jobs?page=2 (192.0.2.7) 12.34ms"
_MORGAN = "2026-03-02T10:15:00.123456789Z stdout F 192.0.2.7 - GET /jobs?page=2 HTTP/1.1 200 5120 - 12.345 ms"
_RAILS = 'Started GET "/jobs?page=2" for 192.0.2.7 at 2026-03-02 10:15:00 +0000'
_FPM = '192.0.2.7 - - 02/Mar/2026:10:15:00 +0000 "GET /jobs?page=2" 200'
_SOGO = '2026-03-02T10:15:00.123456789Z stdout F 192.0.2.7 "GET /jobs?page=2 HTTP/1.1" 200 5120/0 0.012 - - 0 - 12'
_NEXUS = f"{_COMMON.removesuffix('5120')}- 5120 12 {_AGENT} [qtp1-2]"
_ARTIFACTORY = "2026-03-02T10:15:00.123Z|8601b555|192.0.2.7|jane|GET|/jobs?page=2|200|-1|5120|12|Mozilla/5.0 (X11)"
_BITBUCKET = f'192.0.2.7 | https | o@8601b555x615x1x0 | jane | 2026-03-02 10:15:00,123 | {_GET} | "https://www.example.com/" {_AGENT} | 200 | 0 | 5120 | - | 12 | 1abc2de | '
_CONFLUENCE = f"{_TIME} jane http-nio-8090-exec-6 192.0.2.7 {_GET[1:-1]} 200 12ms 5120 https://www.example.com/ Mozilla/5.0 (X11; Linux x86_64)"
_COUCHDB = "[notice] 2026-03-02T10:15:00.123456Z couchdb@192.0.2.9 <0.17607.12> e1fed412f8 www.example.com 192.0.2.7 jane GET /jobs?page=2 200 ok 12"
_ACTIX = f'[2026-03-02T10:15:00Z INFO  actix_web::middleware::logger] 192.0.2.7 {_GET} 200 5120 "https://www.example.com/" {_AGENT} 0.012345'
_SPRING = f"{_TIME} 192.0.2.7 {_GET[1:-1]} 200 (12 milliseconds)"
_OPENSTACK = f"2026-03-02 10:15:00.123 12 INFO nova.osapi_compute.wsgi.server [req-38101a0b 113d3a99 54fadb41 - - -] 192.0.2.7 {_GET} status: 200 len: 5120 time: 0.0123456"
_DOTNET = "2026-03-02 10:15:00.123 +00:00 [INF] Request finished HTTP/1.1 GET https://www.example.com/jobs?page=2 - 200 5120 application/json 12.3456ms"
_KTOR = "2026-03-02 10:15:00.123 [eventLoopGroupProxy-4-1] INFO  ktor.application - 200 OK: GET - /jobs?page=2 in 12ms"
_TOWER = (
    "2026-03-02T10:15:00.123456Z DEBUG request{method=GET uri=/jobs?page=2 version=HTTP/1.1}: tower_http::trace::on_response: finished processing request latency=12 ms status=200"
)
_SANIC = "[2026-03-02 10:15:00 +0000] - (sanic.access)[INFO][192.0.2.7:40780]: GET https://www.example.com/jobs?page=2  200 5120"
_SYNAPSE = (
    "2026-03-02 10:15:00,123 - synapse.access.http.8008 - 460 - INFO - GET-12 - 192.0.2.7 - 8008 - {@jane:example.com} Processed request: "
    f"0.012sec/0.001sec (0.002sec, 0.000sec) (0.001sec/0.003sec/2) 5120B 200 {_GET} {_AGENT} [0 dbevts]"
)
_PHP = "[Mon Mar  2 10:15:00 2026] 192.0.2.7:40780 [200]: GET /jobs?page=2"
_KOA = "2026-03-02T10:15:00.123456789Z stdout F --> GET /jobs?page=2 200 12ms 5.12kb"
_BUNNY = "HIT|200|1772446500123|5120|390|192.0.2.7|https://www.example.com/|https://www.example.com/jobs?page=2|DE|Mozilla/5.0 (X11)|322b688bd63fb63f2babe9de30a5d262|DE"
_AZURE_STORAGE = (
    "1.0;2026-03-02T10:15:00.1234567Z;GetBlob;AnonymousSuccess;200;12;10;anonymous;;example;blob;"
    '"https://www.example.com/jobs?page=2";"/example/jobs";a84aa705-8a85-48c5-b064-b43bd22979c3;0;192.0.2.7:40780;2021-08-06;252;0;265;5120;0;;;'
    f'"0x8CAE06E";Monday, 02-Mar-26 10:15:00 GMT;;{_AGENT};"https://www.example.com/";"8601b555"'
)
_GOOGLE_STORAGE = (
    '"1772446500123456","192.0.2.7","1","","GET","/jobs?page=2","200","0","5120","12000","www.example.com","https://www.example.com/",'
    f'{_AGENT},"8601b555","GET_Object","example","jobs"'
)
_BARRACUDA = (
    '2026-03-02 10:15:00.123 +0000 waf1 TR 198.51.100.4 443 192.0.2.7 40780 "-" "-" GET TLSv1.3 www.example.com HTTP/1.1 200 5120 421 0 12 198.51.100.9 80 10 "-" '
    f'SERVER DEFAULT PASSIVE VALID /jobs page=2 https://www.example.com/ "-" {_AGENT} 192.0.2.7 40780 "-" "-" "-" "-"'
)
_HARBOR = f'2026-03-02T10:15:00.123456789Z stdout F 192.0.2.7 - {_GET} 200 5120 "https://www.example.com/" {_AGENT} 0.012 0.011 .'
_W3C = "#Fields: date time c-ip cs-method cs-uri sc-status\n2026-03-02 10:15:00 192.0.2.7 GET /jobs?page=2 200"

FORMATS: tuple[Format, ...] = (
    Format(
        "json",
        "JSON Lines, flat or nested: nginx JSON, Caddy, Traefik, Envoy, Fastly, Rails style, OpenTelemetry names",
        _JSON,
        records=Records(JSON),
    ),
    Format("iis", "IIS in W3C extended form, with #Fields or in one of its default orders", _IIS, parts=w3c.parts),
    Format("iis_native", "IIS's own format, with commas", _IIS_NATIVE, web_servers.IIS_NATIVE),
    Format("cloudfront", "CloudFront standard logs (W3C extended, tabs)", _CLOUDFRONT, parts=w3c.parts),
    Format("w3c", "any W3C extended log with #Fields (NetScaler and others), Zeek's http.log", _W3C, parts=w3c.parts),
    Format("alb", "AWS application load balancer", _ALB, aws.ALB),
    Format("elb", "AWS classic load balancer", _ELB, aws.ELB),
    Format("s3", "S3 server access", _S3, aws.S3),
    Format("haproxy", "HAProxy, HTTP and TCP, with or without syslog's head", _HAPROXY, proxies.HAPROXY),
    Format("envoy", "Envoy and Istio, default text; JSON too where it is named", _ENVOY, proxies.ENVOY, Records(JSON)),
    Format("traefik", "Traefik's common log; JSON too where it is named", _TRAEFIK, proxies.TRAEFIK, Records(JSON)),
    Format("squid", "Squid, native", _SQUID, proxies.SQUID),
    Format("bunny", "bunny.net; it names no method", _BUNNY, clouds.BUNNY),
    Format("azure_storage", "Azure Storage Analytics, both versions; it names no method", _AZURE_STORAGE, clouds.AZURE_STORAGE),
    Format("google_storage", "Google Cloud Storage usage logs", _GOOGLE_STORAGE, clouds.GOOGLE_STORAGE, remarks=clouds.GOOGLE_STORAGE_REMARKS),
    Format("barracuda", "Barracuda's web application firewall, access logs", _BARRACUDA, clouds.BARRACUDA),
    Format("gorouter", "Cloud Foundry's router", _GOROUTER, proxies.GOROUTER),
    Format("heroku", "Heroku's router", f"2026-03-02T10:15:00.123456+00:00 heroku[router]: {_HEROKU}", proxies.HEROKU, remarks=proxies.HEROKU_REMARKS),
    Format("logfmt", "pairs of `key=value`, one line a request: Grafana, go-kit, logrus and others", _LOGFMT, records=Records(LOGFMT)),
    Format("ltsv", "LTSV, labelled values between tabs, one line a request", _LTSV, records=Records(LTSV)),
    Format("gin", "Gin", _GIN, applications.GIN, remarks=applications.GIN_REMARKS),
    Format("fiber", "Fiber; it writes no day, which has to stand before its lines", _FIBER, applications.FIBER),
    Format("chi", "Chi's logger", _CHI, applications.CHI),
    Format("gitea", "Gitea's and Forgejo's router", _GITEA, applications.GITEA, remarks=applications.GITEA_REMARKS),
    Format("tornado", "Tornado, Jupyter", _TORNADO, applications.TORNADO),
    Format("morgan", "Morgan's short, tiny and dev (Express); they have no time, which has to stand before the lines", _MORGAN, applications.MORGAN),
    Format("rails", "Rails' own log: requests as they start", _RAILS, applications.RAILS, remarks=applications.RAILS_REMARKS),
    Format("php_fpm", "PHP-FPM", _FPM, applications.PHP_FPM),
    Format("sogo", "SOGo; its time has no year, which has to stand before its lines", _SOGO, applications.SOGO),
    Format("uvicorn", "Uvicorn; it writes no time, which has to stand before its lines", _UVICORN, applications.UVICORN, remarks=applications.UVICORN_REMARKS),
    Format("uwsgi", "uWSGI", _UWSGI, applications.UWSGI),
    Format("nexus", "Nexus Repository", _NEXUS, applications.NEXUS),
    Format("artifactory", "Artifactory's request log", _ARTIFACTORY, applications.ARTIFACTORY),
    Format("bitbucket", "Bitbucket, requests as they are answered", _BITBUCKET, applications.BITBUCKET, remarks=applications.BITBUCKET_REMARKS),
    Format("confluence", "Confluence and Jira, the access log of their Tomcat", _CONFLUENCE, applications.CONFLUENCE),
    Format("spring", "Tomcat and Undertow as Spring Boot's manual has them log", _SPRING, applications.SPRING),
    Format("couchdb", "CouchDB", _COUCHDB, applications.COUCHDB),
    Format("actix", "Actix Web; it writes no time, which has to stand before its lines", _ACTIX, applications.ACTIX),
    Format("dotnet", "ASP.NET Core's diagnostics and Serilog's request logging, as text", _DOTNET, frameworks.DOTNET, remarks=frameworks.DOTNET_REMARKS),
    Format("sanic", "Sanic", _SANIC, frameworks.SANIC, remarks=frameworks.SANIC_REMARKS),
    Format("tower", "Axum and all else that logs by tower-http, as text", _TOWER, frameworks.TOWER, remarks=frameworks.TOWER_REMARKS),
    Format("ktor", "Ktor's call logging", _KTOR, frameworks.KTOR, remarks=frameworks.KTOR_REMARKS),
    Format("synapse", "Synapse (Matrix)", _SYNAPSE, frameworks.SYNAPSE, remarks=frameworks.SYNAPSE_REMARKS),
    Format("php", "PHP's own server", _PHP, frameworks.PHP, remarks=frameworks.PHP_REMARKS),
    Format("koa", "Koa's and Hono's loggers; they write no time, which has to stand before the lines", _KOA, frameworks.KOA, remarks=frameworks.KOA_REMARKS),
    Format("harbor", "Harbor's nginx; it writes no time, which has to stand before the lines", _HARBOR, clouds.HARBOR),
    Format("openstack", "OpenStack's services, through their logger", _OPENSTACK, applications.OPENSTACK),
    Format("ingress_nginx", "ingress-nginx (Kubernetes)", _INGRESS, web_servers.INGRESS_NGINX),
    Format("npm", "Nginx Proxy Manager", _NPM, web_servers.NGINX_PROXY_MANAGER),
    Format("npmplus", "NPMplus", _NPMPLUS, web_servers.NPMPLUS),
    Format("bunkerweb", "BunkerWeb", _BUNKERWEB, web_servers.BUNKERWEB),
    Format("zoraxy", "Zoraxy", _ZORAXY, web_servers.ZORAXY),
    Format("gandi", "Gandi Simple Hosting", _GANDI, web_servers.GANDI),
    Format("ovh", "OVH web hosting, lighttpd: the host stands in place of the identity", _OVH, web_servers.OVH),
    Format("apache_ssl_request", "Apache's ssl_request_log", _SSL, web_servers.APACHE_SSL),
    Format("vhost_combined", "combined after the virtual host (common_complete)", f"www.example.com:443 {_COMBINED}", web_servers.VHOST_COMBINED),
    Format("combined", "Apache, nginx, LiteSpeed, Upsun; response times or addresses may follow", _COMBINED, web_servers.COMBINED),
    Format("vhost_common", "common after the virtual host", f"www.example.com {_COMMON}", web_servers.VHOST_COMMON),
    Format("common", "NCSA common", _COMMON, web_servers.COMMON),
)

_ALIASES = {
    "common_complete": "vhost_combined", "litespeed": "combined", "upsun": "combined", "caddy": "json", "caddy_json": "json", "traefik_json": "json", "traefik_clf": "traefik",
    "fastly": "json", "jsonl": "json", "netscaler": "w3c", "zeek": "w3c", "ncsa_extended": "combined", "aws_alb": "alb", "aws_elb": "elb", "aws_s3": "s3",
    "serilog": "dotnet", "axum": "tower", "hono": "koa",
    "nginx": "combined+vhost_combined+common+vhost_common", "apache": "combined+vhost_combined+common+vhost_common+apache_ssl_request",
}  # fmt: skip
_BY_NAME = {entry.name: entry for entry in FORMATS}
AND = "+"


@lru_cache(maxsize=128)
def named(name: str, client_headers: tuple[str, ...] = ()) -> Format:
    """Return a format by its name, or of `apache:<LogFormat>`, `nginx:<log_format>` or `json:<mapping>`; raises SettingsError for any other.

    `combined+common` is one format with others: each line is read by the first of them that can. Of `client_headers`, request headers of which
    the first one present in a line names the client, the text becomes `client_header`.
    """
    kind, _, log_format = name.partition(":")
    if log_format and kind in ("apache", "nginx"):
        known = Format(name, f"a format of your own, as {kind} writes it", "", ((apache if kind == "apache" else nginx)(log_format),))
    elif log_format and kind == "json":
        known = Format(name, "JSON Lines by a mapping of your own", "", records=Records(JSON, mapped(log_format)))
    else:
        known = _listed(_ALIASES.get(name, name))
    return _naming(known, client_headers) if client_headers else known


def _listed(name: str) -> Format:
    """Return an entry of FORMATS, or several whose names are joined by AND as one; raises SettingsError for a name that is not there."""
    names = name.split(AND)
    if not all(each in _BY_NAME for each in names) or (len(names) > 1 and any(_BY_NAME[each].parts for each in names)):
        raise SettingsError("[formats]: no such log format; `glasshouse formats` lists them all")
    first, *others = (_BY_NAME[each] for each in names)
    return replace(first, name=name, others=tuple(others)) if others else first


def _naming(known: Format, headers: tuple[str, ...]) -> Format:
    """Return a format that reads `client_header` from these request headers, the first of them before the others."""
    parts = known.parts
    return replace(
        known,
        layouts=tuple(layout.naming(headers) for layout in known.layouts),
        records=known.records and replace(known.records, names=json_names.naming(known.records.names, headers)),
        others=tuple(_naming(other, headers) for other in known.others),
        parts=parts and (lambda lines, header: [(start, end, tuple(each.naming(headers) for each in layouts)) for start, end, layouts in parts(lines, header)]),
    )
