"""LogFormat strings of Apache and log_format strings of nginx as layouts."""

import re
from dataclasses import replace
from functools import lru_cache

from dagster_project.errors import SettingsError
from dagster_project.reading.logs.layouts.layout import IDENTITY, Field, Layout, Part, header_name
from dagster_project.reading.logs.values.strftime import directives, expression

_APACHE_DIRECTIVE = re.compile(r"%[<>!,\d]*(?:\{([^}]*)\})?[<>!,\d]*(\^[A-Za-z]{2}|[A-Za-z%])")
_APACHE_STRING = re.compile(r'\s*(?:LogFormat|CustomLog\s+\S+)\s+"((?:[^"\\]|\\.)*)"')
_BACKSLASHED = {"t": "\t", "n": "\n"}
_APACHE = {
    "a": Field("client"), "h": Field("client", rank=1), "l": IDENTITY, "u": Field("user"), "r": Field("request"),
    "s": Field("status", rank=1), "b": Field("bytes"), "B": Field("bytes"), "O": Field("total"), "m": Field("method"),
    "U": Field("path"), "q": Field("query", pattern=r"(?:\?\S*?)?|-"), "H": Field("protocol"), "v": Field("host"), "V": Field("host"),
    "D": Field("duration", 1_000), "T": Field("duration", 1_000_000_000, rank=2),
}  # fmt: skip
_UNITS = {"us": (1_000, 0), "ms": (1_000_000, 1), "s": (1_000_000_000, 2)}
_HEADERS = {"referer": "referer", "user-agent": "user_agent", "x-forwarded-for": "forwarded_for", "host": "host"}
_MOMENT = {"year", "month", "day", "hour"}
_TIME_RANKS = {"usec": 0, "msec": 1, "sec": 2}
_END_RANK = 10
_ISO = r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)"
_NGINX_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_NGINX = {
    "remote_addr": Field("client"), "realip_remote_addr": Field("client", rank=1), "remote_port": Field("client_port"), "remote_user": Field("user"),
    "time_local": Field("time", rank=2), "time_iso8601": Field("time", rank=2, plain=_ISO), "msec": Field("time", rank=1), "request": Field("request"),
    "request_method": Field("method"), "request_uri": Field("target"), "uri": Field("path"), "args": Field("query"), "query_string": Field("query"),
    "server_protocol": Field("protocol"), "status": Field("status"), "body_bytes_sent": Field("bytes"), "bytes_sent": Field("total"),
    "http_referer": Field("referer"), "http_user_agent": Field("user_agent"), "http_x_forwarded_for": Field("forwarded_for"),
    "proxy_add_x_forwarded_for": Field("forwarded_for"), "host": Field("host"), "http_host": Field("host"), "server_name": Field("host"),
    "request_time": Field("duration", 1_000_000_000),
}  # fmt: skip


@lru_cache(maxsize=64)
def apache(log_format: str) -> Layout:
    """Return the layout of an Apache LogFormat string, or of the whole directive; raises SettingsError where it names no field."""
    if found := _APACHE_STRING.match(log_format):
        log_format = found[1]
    log_format = re.sub(r"\\(.)", lambda code: _BACKSLASHED.get(code[1], code[1]), log_format)
    parts: list[Part] = []
    end = 0
    for found in _APACHE_DIRECTIVE.finditer(log_format):
        parts += [log_format[end : found.start()], *_apache_parts(found)]
        end = found.end()
    return _layout([*parts, log_format[end:]], "%")


def _apache_parts(found: re.Match[str]) -> list[Part]:
    argument, letter = found[1], found[2]
    if letter == "%":
        return ["%"]
    modifiers = found[0].replace(f"{{{argument}}}", "")
    if letter == "t":
        return _apache_time(argument, is_conditional=any(sign.isdecimal() for sign in modifiers))
    if letter == "T" and argument:
        unit_ns, rank = _UNITS.get(argument.lower(), _UNITS["s"])
        return [Field("duration", unit_ns, rank=rank)]
    if letter in "pi":
        name = (argument or "").lower()
        rank = int("<" in modifiers and ">" not in modifiers)  # of the original request
        return [Field("client_port" if name == "remote" else "", rank=rank) if letter == "p" else Field(_HEADERS.get(name, ""), rank=rank, header=header_name(name))]
    field = _APACHE.get(letter, Field()) if argument is None or letter in "ah" else Field()
    return [replace(field, rank=0 if ">" in modifiers and letter == "s" else field.rank + 3 if argument else field.rank)]


def _apache_time(argument: str | None, *, is_conditional: bool) -> list[Part]:
    """Return the parts of a time; one that is only logged for some statuses may be `-`."""
    when, _, of_when = (argument or "").partition(":")
    is_end = when == "end"
    argument = of_when if when in ("begin", "end") else argument
    if not argument:
        rank = 2 + (_END_RANK if is_end else 0)
        return [Field("time", rank=rank, pattern=r"\[[^\]\[]{0,64}\]|-")] if is_conditional else ["[", Field("time", rank=rank), "]"]
    rank = _TIME_RANKS.get(argument, 2) + (_END_RANK if is_end else 0)
    if argument in ("msec_frac", "usec_frac"):
        return [Field("time", time="%f", pattern=r"\d{1,6}|-", rank=rank)]
    if argument in _TIME_RANKS:
        return [Field("time", time="%s" if argument == "sec" else None, pattern=r"\d{1,19}|-", rank=rank)]
    return [Field("time", time=argument, is_optional=is_conditional, rank=rank)]


@lru_cache(maxsize=64)
def nginx(log_format: str) -> Layout:
    """Return the layout of an nginx log_format string: the bare text, or the directive with its quotes."""
    if log_format.lstrip().startswith(("log_format", "'")):
        log_format = "".join(re.findall(r"'((?:[^'\\]|\\.)*)'", log_format)).replace("\\'", "'")
    parts: list[Part] = []
    end = 0
    for found in _NGINX_VARIABLE.finditer(log_format):
        parts += [log_format[end : found.start()], _nginx_field(found[1] or found[2], log_format[found.end() :])]
        end = found.end()
    return _layout([*parts, log_format[end:]], "$")


def _nginx_field(variable: str, after: str) -> Field:
    if variable.startswith("upstream_"):
        return _upstream(after)
    return _NGINX.get(variable, Field(header=variable.removeprefix("http_") if variable.startswith("http_") else ""))


def _upstream(after: str) -> Field:
    """Return what is said of servers asked, between commas, and colons where nginx went on by itself; what follows in the format ends it."""
    signs = r'\s,"' + ("" if _NGINX_VARIABLE.match(after) else re.escape(after[:1].strip()))
    between = "|".join(sign for sign in (", ", " : ") if not after.startswith(sign.rstrip()))
    return Field(pattern=rf"(?>[^{signs}]*(?:(?:{between})[^{signs}]+)*)", plain=f"[^{signs}]+")


def _layout(parts: list[Part], sign: str) -> Layout:
    """Merge what stands as `address:port` or `host:port` into one field, and neighbouring literals into one literal."""
    merged: list[Part] = []
    for part in _with_one_time(parts):
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part or isinstance(part, Field):
            merged.append(part)
        is_port = len(merged) > 2 and merged[-2] == ":" and isinstance(merged[-1], Field) and merged[-1].name in ("", "client_port")
        if is_port and isinstance(merged[-3], Field) and merged[-3].name in ("client", "host"):
            del merged[-2:]
    if not any(isinstance(part, Field) for part in merged):
        raise SettingsError(f"[formats]: a log format without a single field of its kind ({sign}…)")
    return Layout(tuple(merged))


def _with_one_time(parts: list[Part]) -> list[Part]:
    """Leave only those times that make one moment: the begin before the end, the finest whole one, and what it lacks from others."""
    times = [(part.rank, at, part) for at, part in enumerate(parts) if isinstance(part, Field) and part.name == "time"]
    times.sort(key=lambda found: (found[0] >= _END_RANK, not directives(found[2].time) >= _MOMENT, *found[:2]))
    kept: set[int] = set()
    known: set[str] = set()
    for _, at, field in times:
        told = directives(field.time) | ({"fraction"} if field.time is None and field.rank % _END_RANK < 2 else set())
        if not told & known:
            kept.add(at)
            known |= told
    if not known | {"hour"} >= _MOMENT:
        kept = set()
    return [part if at in kept or not isinstance(part, Field) or part.name != "time" else _unread(part) for at, part in enumerate(parts)]


def _unread(time: Field) -> Field:
    written = expression(time.time) + ("|-" if time.is_optional else "") if time.time else r'[^\]\["\s]{1,40}(?: [+-]\d{4})?'
    return replace(time, name="", pattern=time.pattern or written)
