"""A text format as literals and fields: compiled to one exact pattern here, and to columns in columns.py."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from dagster_project.errors import SettingsError
from dagster_project.reading.logs.values import Fields, Row, duration_ns, origin_form, row, unescape

# No pattern here may read the same text in two ways: a hostile line would take hours.
_ADDRESS = (
    r"(?:\[[0-9A-Fa-f:.]{2,45}(?:%\w{1,16})?\](?::\d{1,5})?"
    r"|[0-9A-Fa-f]{0,8}[.:][0-9A-Fa-f:.]{1,45}(?:%\w{1,16})?|localhost|unix:)"
)
_HOPS = r'"[^"]*"(?: [^\s"]+)?|[^\s,"\[][^\s,"]*(?:\s*,(?:\s*[^\s,"]+)?){0,64}|\[[^\s,"]+'


@dataclass(frozen=True)
class Field:
    """A place in a line: the name of its raw text (values.Fields), none if it is dropped.

    `unit_ns` is the unit of a duration, `time` the strptime pattern of a time that is neither the server's own
    notation nor ISO 8601, `pattern` a pattern of its own where the text around it does not tell where it ends;
    durations that are parts (`is_part`) are added up. `plain` is a simpler pattern for columns that matches less.
    """

    name: str = ""
    unit_ns: int = 1
    time: str | None = None
    pattern: str | None = None
    is_part: bool = False
    plain: str | None = None


Part = str | Field


@dataclass(frozen=True)
class Layout:
    """A line as a sequence of literals and fields.

    `is_absolute`: the target of every request is an absolute URL, of which host and target are taken. `decode` undoes
    how agents and users are written where there are no quotes. `separator` stands between fields outside quotes.
    """

    parts: tuple[Part, ...]
    is_absolute: bool = False
    decode: Callable[[str], str] | None = None
    separator: str = " "

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The fields in their order."""
        return tuple(part for part in self.parts if isinstance(part, Field))

    @cached_property
    def time_pattern(self) -> str | None:
        """The strptime pattern of all the time fields, joined by blanks; null where instants need none."""
        times = [field for field in self.fields if field.name == "time"]
        if not any(field.time for field in times):
            return None
        return " ".join(field.time or "%d/%b/%Y:%H:%M:%S %z" for field in times)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        padded: list[Part] = ["", *self.parts, ""]
        texts = [re.escape(part) if isinstance(part, str) else f"({_field_pattern(part, padded[at - 1], padded[at + 1], self.separator)})" for at, part in enumerate(padded)]
        return re.compile("".join(texts))

    def read(self, line: str) -> Fields | None:
        """Return the raw texts of a line, null where it does not match; the first of equal fields that says anything counts."""
        found = self._pattern.fullmatch(line)
        if found is None:
            return None
        texts: dict[str, str] = {}
        for field, value in zip(self.fields, found.groups(), strict=True):
            if field.name == "time" and "time" in texts:
                texts["time"] += " " + value
            elif field.name == "duration" and field.is_part and texts.get("duration"):
                texts["duration"] = str(int(texts["duration"]) + (duration_ns(value, field.unit_ns) or 0))
            elif field.name and texts.get(field.name, "-") == "-":
                texts[field.name] = self._raw(field, value)
        return texts

    def _raw(self, field: Field, value: str) -> str:
        if field.name == "duration":
            length = duration_ns(value, field.unit_ns)
            return "" if length is None else str(length)
        if self.decode:
            return self.decode(value) if field.name in ("user_agent", "user") else value
        return value if field.name in ("rest", "client", "time") else unescape(value)

    def row(self, line: str) -> Row | None:
        """Return the values of a line in the order of values.ROWS, null where it does not match; raises values.Refused."""
        fields = self.read(line)
        if fields is None:
            return None
        values = row(fields, self.time_pattern)
        if not self.is_absolute or values[4] is None:
            return values
        host, target = origin_form(str(values[4]))
        return (*values[:4], target, host or values[5], *values[6:])


def _field_pattern(field: Field, before: Part, after: Part, separator: str) -> str:
    previous, following = (part if isinstance(part, str) else "" for part in (before, after))
    if field.pattern:
        return field.pattern
    if separator == " " and previous.endswith('"') and following.startswith('"'):
        return r'(?:[^"\\]|\\.)*'
    if field.name == "time" and field.time and not following.startswith("]"):
        return _strptime_pattern(field.time)
    is_last = following == "" and isinstance(after, str)
    is_marked = following[:1] not in ("", separator)
    by_name = {
        "time": (r'[^\]"\[]{0,64}', following.startswith("]")),
        "rest": (r"(?:\s.*)?", is_last),
        "client": (_HOPS, following.startswith(" ")),
        "user": (".*?", following.startswith(" [") or is_marked),
        "request": (".*?", True),
        "referer": (".*?", is_marked),
        "user_agent": (".*?", is_marked or (is_last and separator == " ")),
    }
    pattern, holds = by_name.get(field.name, ("", False))
    if holds:
        return pattern
    if following:
        return r"\S+" if following[0] == separator else r"\S*?"
    return r"\S*"


def _strptime_pattern(pattern: str) -> str:
    if pattern == "%f":
        return r"\d{1,9}"
    return re.sub(r"%[a-zA-Z]", r"[\\w+:-]+?", re.escape(pattern).replace(r"\ ", " ")) if "%" in pattern else re.escape(pattern)


VHOST_CLIENT = Field("client", pattern=_ADDRESS + r"(?:\s*,(?:\s*" + _ADDRESS + r")?){0,64}|\"[^\"]*\"(?: [^\s\"]+)?", plain=_ADDRESS)
"""A client that must look like an address: where a host name stands before it, only that tells them apart."""

IDENTITY = Field("", pattern=r"[^\s.:\[]+")
"""The identity of the client by RFC 1413; with a dot or colon it is an address or a host, and the line of another format."""

_APACHE_DIRECTIVE = re.compile(r"%[<>!,\d]*(?:\{([^}]*)\})?[<>!,\d]*(\^[a-z]{2}|[A-Za-z%])")
_APACHE = {
    "a": Field("client"), "h": Field("client"), "l": IDENTITY, "u": Field("user"), "r": Field("request"),
    "s": Field("status"), "b": Field("bytes"), "B": Field("bytes"), "O": Field("total"), "m": Field("method"),
    "U": Field("path"), "q": Field("query", pattern=r"(?:\?\S*?)?|-"), "H": Field("protocol"), "v": Field("host"), "V": Field("host"),
    "D": Field("duration", 1_000), "T": Field("duration", 1_000_000_000),
}  # fmt: skip
_UNITS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000}
_HEADERS = {"referer": "referer", "user-agent": "user_agent", "x-forwarded-for": "forwarded_for", "host": "host"}
_NGINX_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_NGINX = {
    "remote_addr": "client", "realip_remote_addr": "client", "remote_port": "client_port", "remote_user": "user",
    "time_local": "time", "time_iso8601": "time", "msec": "time", "request": "request", "request_method": "method",
    "request_uri": "target", "uri": "path", "args": "query", "query_string": "query", "server_protocol": "protocol",
    "status": "status", "body_bytes_sent": "bytes", "bytes_sent": "total", "http_referer": "referer",
    "http_user_agent": "user_agent", "http_x_forwarded_for": "forwarded_for",
    "proxy_add_x_forwarded_for": "forwarded_for", "host": "host", "http_host": "host", "server_name": "host",
}  # fmt: skip


@lru_cache(maxsize=64)
def apache(log_format: str) -> Layout:
    """Return the layout of an Apache LogFormat string; raises SettingsError where a directive is none of Apache's."""
    log_format = log_format.replace('\\"', '"')
    parts: list[Part] = []
    end = 0
    for found in _APACHE_DIRECTIVE.finditer(log_format):
        parts.append(log_format[end : found.start()])
        is_conditional = any(sign.isdecimal() for sign in found[0].partition("{")[0])
        parts += ["%"] if found[2] == "%" else _apache_parts(found[2], found[1], is_conditional)
        end = found.end()
    return _layout([*parts, log_format[end:]], "%")


def _apache_parts(letter: str, argument: str | None, is_conditional: bool) -> list[Part]:
    if letter == "t":
        return [Field(pattern=r"\[[^\]]*\]|\S+")] if is_conditional else _apache_time(argument)
    if letter == "T" and argument:
        return [Field("duration", _UNITS.get(argument, 1_000_000_000))]
    if letter == "p":
        return [Field("client_port" if (argument or "").lower() == "remote" else "")]
    if letter == "i":
        return [Field(_HEADERS.get((argument or "").lower(), ""))]
    return [_APACHE.get(letter, Field()) if argument is None or letter == "a" else Field()]


def _apache_time(argument: str | None) -> list[Part]:
    if argument is None:
        return ["[", Field("time"), "]"]
    argument = argument.removeprefix("begin:").removeprefix("end:")
    if argument in ("msec_frac", "usec_frac"):
        return [Field("time", time="%f", pattern=r"\d+|-")]
    if argument in ("sec", "msec", "usec"):
        return [Field("time", pattern=r"\d+|-")]
    pattern = argument.replace("%T", "%H:%M:%S").replace("%F", "%Y-%m-%d").replace("%D", "%m/%d/%y").replace("%e", "%d")
    return [Field("time", time=pattern)]


@lru_cache(maxsize=64)
def nginx(log_format: str) -> Layout:
    """Return the layout of an nginx log_format string: the bare text, or the directive with its quotes."""
    if log_format.lstrip().startswith(("log_format", "'")):
        log_format = "".join(re.findall(r"'((?:[^'\\]|\\.)*)'", log_format)).replace("\\'", "'")
    parts: list[Part] = []
    end = 0
    for found in _NGINX_VARIABLE.finditer(log_format):
        parts += [log_format[end : found.start()], _nginx_field(found[1] or found[2])]
        end = found.end()
    return _layout([*parts, log_format[end:]], "$")


def _nginx_field(variable: str) -> Field:
    if variable == "request_time":
        return Field("duration", 1_000_000_000)
    if variable.startswith("upstream_"):
        return Field(pattern=r'[^\s,"]*(?:(?:, | : )[^\s,"]+)*')
    return Field(_NGINX.get(variable, ""))


def _layout(parts: list[Part], sign: str) -> Layout:
    """Merge what stands as `address:port` or `host:port` into one field, and neighbouring literals into one literal."""
    merged: list[Part] = []
    for part in parts:
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
