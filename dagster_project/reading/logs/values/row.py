"""The raw texts of one log line as typed values; typed.py reads whole columns of them, and both say the same."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from urllib.parse import urlsplit

import pyarrow as pa

from dagster_project.reading.logs.values.instants import FIRST_YEAR, LAST_YEAR, instant
from dagster_project.reading.logs.values.strftime import patterned

Fields = Mapping[str, str]
"""Raw texts of a line by name: client, client_port, forwarded_for, time, request (or method, target or path and query,
protocol), host, status, bytes (or total, with headers), referer, user, user_agent, duration (ns), account, client_header, rest."""

DECODED = ("user_agent", "user", "forwarded_for")
"""The fields in which W3C logs encode blanks."""

Row = tuple[object, ...]

ROWS = pa.schema(
    [
        ("line_number", pa.int64()),
        ("ts", pa.timestamp("us", tz="UTC")),
        ("client_ip", pa.string()),
        ("client_port", pa.int32()),
        ("method", pa.string()),
        ("target", pa.string()),
        ("host", pa.string()),
        ("status", pa.int16()),
        ("bytes", pa.int64()),
        ("referer", pa.string()),
        ("user", pa.string()),
        ("user_agent", pa.string()),
        ("http_version", pa.string()),
        ("duration_ns", pa.int64()),
        ("account", pa.string()),
        ("forwarded_for", pa.string()),
    ]
)

CLAIMS = pa.schema([("client_list", pa.string()), ("client_header", pa.string())])
"""Columns for scrubbing alone: the list where the client's own field holds one, and the header that settings name as the client."""

READ = pa.schema([*ROWS, *CLAIMS])

LARGEST = (1 << 63) - 1
MOST_BYTES = 10**12 - 1
"""No answer is larger: such a number in the place of the size is something else, perhaps that of a card."""
LONGEST_NS = 86_400 * 10**9
"""A day, which only a tunnel lasts: a larger number is no duration, and may be somebody's number."""
LAST_PORT = 65535
LONGEST_LIST = 1024
NO_USER = ('""', '"-"', "HIT", "MISS", "BYPASS", "EXPIRED", "STALE", "UPDATING", "REVALIDATED", "NULL-AUTH-USER", "None")
"""What stands in the place of a user's name and is none: Apache's empty name, with and without quotes; what nginx's cache did, in formats of WordPress hosts;
what GlassFish and Python write."""

_REQUEST = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) +(\S.*) HTTP/(\d(?:\.\d)?) *")
_REQUEST_0_9 = re.compile(r"([A-Z]{3,20}) +((?:/|\*|https?://)\S*)(?: (1\.[01]|[23]))? *")
"""Without a version, or with its number alone, as Hypercorn writes it."""
ROUTE = re.compile(r"^[A-Z]{3,20} (?=/)")
"""How AWS's API Gateway names a route, in place of the path: with its method."""
VERSION = r"(?:^|/)([0-3](?:\.\d)?)(?:[^\d/][^/]*)?$"
"""The version of a protocol, which may stand behind its name; a number alone may be that of IP's protocols."""
_VERSION = re.compile(VERSION)
_LINK = re.compile(r"\[([^\[\]()]+)\]\([^\[\]()]*\)")
"""What mail and chat programs make of an address or a host."""
_NUMBERED_ZONE = re.compile(r"^[\d.]+%\d{1,10}$")
"""Behind an address of IPv4, where IIS writes `%0` as behind any other."""
_BEFORE = re.compile(r"^(?!.*::|(?:[0-9A-Fa-f]{1,4}:){6}).*:(?=(?:\d{1,3}\.){3}\d{1,3}$)")
"""What Python's logging and grep write before a line, with no blank between."""
_PORT = re.compile(r"(\[[^\]]*\]|[^:]*):(\d{1,5})")
_HOSTED = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}(?::\d{1,5})?(?=/)")
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_LETTERS = {"n": b"\n", "t": b"\t", "r": b"\r", "b": b"\b", "v": b"\v", "f": b"\f"}
_LENGTH = re.compile(r"(?:(\d{1,2})h)?(?:(\d{1,4})m(?!s))?(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(ns|us|[µμ]s|ms|s)?")
"""A number and its unit, and before seconds Go's hours and minutes."""
_TOKEN = re.compile(r'(?:X-Forwarded-For=|xff=)?"((?:[^"\\]|\\.)*)"|(\S+)', re.IGNORECASE)
_RATIO = re.compile(r"\d{1,9}\.\d\d", re.ASCII)
"""How far gzip compressed, as nginx's own example of a log and GitLab append it: with two decimals, where a time has three."""
_TRAILING_TIME = re.compile(r"(?:rt=|request_time=|latency=|duration=)?\"?(\d{1,9}\.\d{1,9}s?|\d{1,12}[muµμ]s)\"?|ms:(\d{1,12})|D=(\d{1,12})", re.ASCII)
_OF_UPSTREAM = re.compile(r"upstream_\w{1,32}|u[chr]t", re.ASCII)
"""What names the time behind it, and is not that of the whole answer."""
_LIKE_ADDRESS = re.compile(r"\[?[0-9A-Fa-f]*[.:]")
_ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{0,40}")
UNIT_NS = {"ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


NO_REQUEST = "no_request"
"""The reason of a line that is a whole record of something else; `parse` tells it as field_missing, since it lacks a request."""


class Refused(Exception):  # noqa: N818 - an outcome, not an error
    """A line is refused; the argument is a reason of the closed list, or NO_REQUEST."""


def row(fields: Fields, time_pattern: str | None = None, *, is_absolute: bool = False) -> Row:
    """Return the values of a line in the order of READ, without the line number.

    `time_pattern` is the strftime pattern of its time, null for a server's own notation. `is_absolute`: the target is an absolute URL, of which host and
    target are taken. Raises Refused with bad_time, out_of_range_time, bad_status or bad_size. A bad request is a good line: its method and target are null.
    """
    fields = {**trailing(fields["rest"]), **fields} if fields.get("rest") else fields
    address, port, hops = client(fields.get("client") or fields.get("forwarded_for") or "")
    method, target, version = _asked(fields)
    named = host(fields.get("host", ""))
    if is_absolute and target is not None:
        in_url, target = origin_form(target)
        named = in_url or named
    return (
        instant_us(fields, time_pattern),
        address,
        port if port is not None else _port(fields.get("client_port")),
        method,
        target,
        named,
        status(fields.get("status", "")),
        size(fields.get("bytes") or fields.get("total") or ""),
        text(fields.get("referer")),
        text(fields.get("user")) if fields.get("user") not in NO_USER else None,
        text(fields.get("user_agent")),
        version,
        _whole(fields.get("duration")),
        text(fields.get("account")),
        text(fields.get("forwarded_for")) or hops,
        hops,
        text(fields.get("client_header")),
    )


def text(value: str | None) -> str | None:
    """Return a text, null where the log says `-` or nothing."""
    return None if value in (None, "", "-") else value


def _whole(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdecimal() and len(value) < 19 else None


def _port(value: str | None) -> int | None:
    port = _whole(value)
    return port if port is not None and port <= LAST_PORT else None


def status(value: str) -> int | None:
    """Return a status of three digits, in quotes or not; null where the log has none."""
    value = value.strip('"')
    if value in ("", "-"):
        return None
    if not (value.isascii() and value.isdecimal() and len(value) <= 3):
        raise Refused("bad_status")
    return int(value)


def size(value: str) -> int:
    """Return bytes, in quotes or not, 0 where the log says `-`; more than MOST_BYTES are none."""
    value = value.strip('"')
    if value in ("", "-"):
        return 0
    if not (value.isascii() and value.isdecimal() and len(value) <= 19) or int(value) > MOST_BYTES:
        raise Refused("bad_size")
    return int(value)


@lru_cache(maxsize=65536)
def client(value: str) -> tuple[str | None, int | None, str | None]:
    """Return the first address without port, brackets and zone, its port, and the whole list where it is one."""
    hops = [hop for hop in re.split(r'[\s,"]+', value) if hop not in ("", "-")]
    if not hops:
        return None, None, None
    first, port = next((hop for hop in hops if _LIKE_ADDRESS.match(hop)), hops[0]), None
    first = _BEFORE.sub("", _LINK.sub(r"\1", first))
    if parts := _PORT.fullmatch(first):
        first, port = parts[1], int(parts[2])
    first = first.strip("[]")
    if ":" in first or _NUMBERED_ZONE.search(first):
        first = first.partition("%")[0]
    return text(first), port if port and port <= LAST_PORT else None, ", ".join(hops) if len(hops) > 1 else None


@lru_cache(maxsize=4096)
def host(value: str) -> str | None:
    """Return a host name without its port."""
    value = _LINK.sub(r"\1", value)
    parts = _PORT.fullmatch(value)
    return text((parts[1] if parts else value).strip("[]"))


def request(line: str) -> tuple[str | None, str | None, str | None]:
    """Return method, target and version of a request line; all null where it is not HTTP, method and target where there are none."""
    if found := _REQUEST.fullmatch(line):
        return text(found[1]), text(ROUTE.sub("", found[2])), found[3]
    if found := _REQUEST_0_9.fullmatch(line):
        return found[1], found[2], found[3]
    return None, None, None


def _asked(fields: Fields) -> tuple[str | None, str | None, str | None]:
    if "request" in fields:
        return request(fields["request"])
    query = text(fields.get("query"))
    target = text(fields.get("target"))
    if target is None:
        target = text(fields.get("path"))
        if target and query:
            target = f"{target}?{query.removeprefix('?')}"
    version = _VERSION.search(fields.get("protocol", ""))
    return text(fields.get("method")), target, version[1] if version else None


def origin_form(url: str) -> tuple[str | None, str]:
    """Return host and target of an absolute URL, with its scheme or without; a target that is none comes back as it is."""
    if "://" not in url[:12]:
        found = _HOSTED.match(url)
        return (host(found[0]), url[found.end() :]) if found else (None, url)
    try:
        parts = urlsplit(url)
    except ValueError:
        return None, url
    rest = url.split("://", 1)[1]
    path = rest[len(parts.netloc) :]
    return host(parts.netloc.rpartition("@")[2]), path if path.startswith("/") else "/" + path


def duration_ns(value: str, unit_ns: int) -> int | None:
    """Return nanoseconds of a number in the given unit, or of one that names its own (`2ms`); none of more than LONGEST_NS."""
    found = _LENGTH.fullmatch(value.strip())
    if not found:
        return None
    hours, minutes, number, unit = found.groups()
    if (hours or minutes) and unit != "s":
        return None
    length = float(number) * (UNIT_NS[unit] if unit else unit_ns) + (int(hours or 0) * 60 + int(minutes or 0)) * 60 * UNIT_NS["s"]
    return round(length) if length <= LONGEST_NS else None


def trailing(rest: str) -> dict[str, str]:
    """Read what servers append to a combined line: a list of addresses; seconds (1.234), milliseconds (12ms); alone, microseconds (1234)."""
    rest = rest.strip()
    tokens = [quoted or bare for quoted, bare in _TOKEN.findall(rest)]
    found: dict[str, str] = {}
    for before, token in pairwise(["", *tokens]):
        if _OF_UPSTREAM.fullmatch(before):
            continue
        if token in UNIT_NS and before.isdecimal():
            token = before + token  # noqa: PLW2901 (number and unit are one)
        took = None if _RATIO.fullmatch(token) else _TRAILING_TIME.fullmatch(token)
        if took and (length := duration_ns(took[1] or (f"{took[2]}ms" if took[2] else f"{took[3]}us"), UNIT_NS["s"])) is not None:
            found.setdefault("duration", str(length))
        elif _is_address_list(token):
            found.setdefault("forwarded_for", token)
    alone = re.fullmatch(r"(\**)(?:[0-9]+/)?([0-9]{1,12})\1", rest)
    length = duration_ns(alone[2], 1_000) if alone else None
    return found if length is None else {"duration": str(length)}


def _is_address_list(token: str) -> bool:
    return len(token) < LONGEST_LIST and all(_ADDRESS.fullmatch(hop.strip()) for hop in token.split(","))


def instant_us(fields: Fields, pattern: str | None = None) -> int | None:
    """Return the instant of the time of a line in microseconds, null where it has none; raises Refused."""
    value = fields.get("time")
    if value is None:
        return None
    moment = patterned(value, pattern) if pattern else instant(value)
    if moment is None:
        raise Refused("bad_time")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise Refused("out_of_range_time")
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def unescape(value: str) -> str:
    r"""Undo once what servers do to quoted texts: `\"`, `\\`, `\n` and `\xHH` (bytes of UTF-8), `\uHHHH` in nginx JSON."""
    if "\\" not in value:
        return value
    return _ESCAPE.sub(_unescaped, value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] == "x" and len(code) == 3:
        return bytes([int(code[1:], 16)]).decode("utf-8", "surrogateescape")
    if code[0] == "u" and len(code) == 5:
        return chr(int(code[1:], 16)) if not 0xD800 <= int(code[1:], 16) < 0xE000 else "\ufffd"
    return _LETTERS[code].decode() if code in _LETTERS else code if code in '"\\/' else found[0]
