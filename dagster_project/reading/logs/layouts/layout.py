"""A text format as literals and fields, and the exact pattern of its lines; columns.py applies it to many lines at once."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import inf

from dagster_project.reading.logs.automata import loosened
from dagster_project.reading.logs.carried import NO_HEAD
from dagster_project.reading.logs.values.row import DECODED, Fields, Row, duration_ns, row, unescape
from dagster_project.reading.logs.values.strftime import expression

# No pattern here may read the same text in two ways: a hostile line would take hours.
_ADDRESS = (
    r"(?:\[[0-9A-Fa-f:.]{2,45}(?:%\w{1,16})?\](?::\d{1,5})?"
    r"|[0-9A-Fa-f]{0,8}[.:][0-9A-Fa-f:.]{1,45}(?:%\w{1,16})?|localhost|unix:)"
)
_PEER = r"(?: (?:\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,45})(?= ))?"
"""The address of the last proxy after a list without quotes; a number with a point is none, but the time that follows."""
_BRACKETED = r"\[[0-9A-Fa-f:.]{2,45}(?:%\w{1,16})?\](?::\d{1,5}|\([^\s()]{0,255}\))?"
"""An address in brackets with its port, or as the link that mail and chat programs make of it."""
_HOPS = rf'"[^"]*"(?: [^\s"]+)?|{NO_HEAD}(?>[^\s,"\[][^\s,"]*(?:(?:\s*,(?:\s*[^\s,"]+)?){{1,64}}{_PEER})?)|{_BRACKETED}'
_NO_NAMES = r"(?!- [^\s\[]|[^\[]+ - \[|\[[0-9A-Fa-f:., ]*\] - )"
"""Stands before a user whose name may hold blanks: a dash at either end, or an address in brackets before it, is identity, host or client of another format."""
QUOTED_OR = r'"[^"]*"|(?!")'
"""Stands before the pattern of a field that may be quoted."""
_GOES_ON = re.compile(r"[\w:./+-]")
"""Characters that times and addresses may go on with."""
MOST_WAYS = 10**7
"""In so many ways at most a line that is looked at may be divided among fields with nothing between them."""


@dataclass(frozen=True)
class Field:
    """A place in a line: the name of its raw text (row.py: Fields), none if it is dropped.

    `unit_ns` is the unit of a duration, `time` the strftime pattern of a time that is neither the server's own
    notation nor ISO 8601, `pattern` a pattern of its own where the text around it does not tell where it ends;
    durations that are parts (`is_part`) are added up. `plain` is a simpler pattern for columns that matches less.
    Of equal fields the one of the lowest `rank` that says anything counts. `is_optional`: it may be `-`. `header` is the name of
    a request header that stands there, as headers are compared.
    """

    name: str = ""
    unit_ns: int = 1
    time: str | None = None
    pattern: str | None = None
    is_part: bool = False
    plain: str | None = None
    rank: int = 0
    is_optional: bool = False
    header: str = ""


Part = str | Field


def header_name(name: str) -> str:
    """Return the name of a header as logs and settings are compared by: `CF-Connecting-IP` is `cf_connecting_ip`."""
    return name.lower().replace("-", "_")


@dataclass(frozen=True)
class Layout:
    """A line as a sequence of literals and fields.

    `is_absolute`: the target of every request is an absolute URL, of which host and target are taken. `decode` undoes
    how agents and users are written where there are no quotes. `separator` stands between fields outside quotes.
    `may_be_quoted`: any field may stand in quotes, and then holds blanks. `day`: that of the times, where lines do not say it.
    """

    parts: tuple[Part, ...]
    is_absolute: bool = False
    decode: Callable[[str], str] | None = None
    separator: str = " "
    may_be_quoted: bool = False
    day: str = ""

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
    def pattern(self) -> re.Pattern[str]:
        """The exact pattern of a whole line."""
        return re.compile("".join(f"({self.patterns[at]})" if at in self.patterns else re.escape(str(part)) for at, part in enumerate(self.parts)))

    @cached_property
    def loose_pattern(self) -> str:
        """A pattern of whole lines for automata, which matches whatever the exact one does, and some more."""
        return f"^(?:{loosened(self.pattern.pattern)})$"

    @cached_property
    def patterns(self) -> dict[int, str]:
        """The pattern of each field, by its place among the parts."""
        padded: list[Part] = ["", *self.parts, ""]
        places = [(at, part) for at, part in enumerate(self.parts) if isinstance(part, Field)]
        patterns = {at: _field_pattern(part, padded[at], padded[at + 2], self.separator) for at, part in places}
        if self.may_be_quoted:
            patterns = {at: f"{QUOTED_OR}(?:{pattern})" for at, pattern in patterns.items()}
        opens = [at for at, part in places if not part.pattern and "*?" in patterns[at]]
        lists = [at for at, pattern in patterns.items() if opens and at > opens[0] and "(?>" in pattern]
        if len(opens) + len(lists) > 1:
            patterns |= {at: _strict(part, padded[at + 2], patterns[at]) for at, part in places if at in opens}
        return patterns

    @cached_property
    def refuses_heads(self) -> bool:
        """Tell whether no line matches that begins as the head of one who carried it does, but for what stands in brackets or quotes."""
        return NO_HEAD in self.patterns.get(0, "")

    @cached_property
    def longest(self) -> float:
        """The most characters of a line that is looked at: fields with nothing between them can be told apart in ever more ways."""
        glued = sum(isinstance(part, Field) and not part.pattern and isinstance(after, Field) for part, after in pairwise(self.parts))
        return MOST_WAYS ** (1 / glued) if glued else inf

    @cached_property
    def suits_columns(self) -> bool:
        """Tell whether fields can mean in columns what they mean alone.

        Not so where a list may stand for a client that has no field, where one size is told by another, and where the plain pattern of a field is not
        certain to find its end or beginning, as what stands beside it may go on with it.
        """
        names = {field.name for field in self.fields}
        if {"bytes", "total"} <= names or ("forwarded_for" in names and "client" not in names):
            return False
        return not any(
            isinstance(field, Field) and field.plain and (not beside.pattern if isinstance(beside, Field) else is_behind and _GOES_ON.match(beside))
            for before, after in pairwise(self.parts)
            for field, beside, is_behind in ((after, before, False), (before, after, True))
        )

    @cached_property
    def has_time(self) -> bool:
        """Tell whether a line says its time itself."""
        return any(field.name == "time" for field in self.fields)

    @cached_property
    def order(self) -> list[int]:
        """The places of the fields that have a name, the lowest ranks first; times stay in the order of the line."""
        named = [place for place, field in enumerate(self.fields) if field.name]
        return sorted(named, key=lambda place: self.fields[place].rank if self.fields[place].name != "time" else 0)

    def naming(self, headers: tuple[str, ...]) -> "Layout":
        """Return the layout with what these headers say as `client_header`, the first of them before the others."""
        ranks = {name: rank for rank, name in enumerate(map(header_name, headers))}
        named = {at: ranks[part.header] for at, part in enumerate(self.parts) if isinstance(part, Field) and not part.name and part.header in ranks}
        parts = [replace(part, name="client_header", rank=named[at]) if at in named and isinstance(part, Field) else part for at, part in enumerate(self.parts)]
        return replace(self, parts=tuple(parts)) if named else self

    def match(self, line: str) -> re.Match[str] | None:
        """Return what stands in each field of a line, null where it does not match."""
        return self.pattern.fullmatch(line) if len(line) <= self.longest else None

    def read(self, line: str) -> Fields | None:
        """Return the raw texts of a line, null where it does not match; the first of equal fields that says anything counts."""
        found = self.match(line)
        if found is None:
            return None
        texts = {"time": self.day} if self.day else {}
        for place in self.order:
            field, value = self.fields[place], found[place + 1]
            if self.may_be_quoted and value.startswith('"'):
                value = value.strip('"')
            if field.name == "time" and value == "-" and (field.pattern or field.is_optional):
                continue
            if field.name == "time":
                texts["time"] = f"{texts['time']} {value}" if "time" in texts else value
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
            return self.decode(value) if field.name in DECODED else value
        return value if field.name in ("rest", "client", "time") else unescape(value)

    def row(self, line: str) -> Row | None:
        """Return the values of a line in the order of values.READ, null where it does not match; raises values.Refused."""
        fields = self.read(line)
        return None if fields is None else row(fields, self.time_pattern, is_absolute=self.is_absolute)


def _field_pattern(field: Field, before: Part, after: Part, separator: str) -> str:
    previous, following = (part if isinstance(part, str) else "" for part in (before, after))
    if field.pattern:
        return field.pattern
    if separator == " " and previous.endswith('"') and following.startswith('"'):
        return r'(?:[^"\\]|\\.)*'
    if field.time:
        return expression(field.time) + ("|-" if field.is_optional else "")
    ending = "" if _GOES_ON.match(following) else re.escape(following[:1].strip())
    is_last = following == "" and isinstance(after, str)
    is_marked = following[:1] not in ("", separator)
    by_name = {
        "time": (
            r'[^\]"\[]{0,64}' if following.startswith("]") else rf"(?>[^\s|;,{ending}]{{1,40}}(?: [+-]\d\d:?\d\d)?)",
            separator == " ",
        ),
        "rest": (r"(?:\s.*)?", is_last),
        "more": (r"(?:\s.*)?", is_last),
        "path": (r'[^"?]*' if previous.endswith('"') else r"[^\s?]*", isinstance(after, Field) and after.name == "query"),
        "client": (_HOPS, following.startswith(" ")),
        "forwarded_for": (r"(?>[^\s,]+(?:\s*,(?:\s*[^\s,]+)?){0,64})", following.startswith(" ") or is_last),
        "user": (rf"(?:{_NO_NAMES}(?! ).*?(?<! ))?", following.startswith(" [") or is_marked or is_last),
        "request": (".*?", True),
        "referer": (".*?", is_marked),
        "user_agent": (".*?", is_marked or (is_last and separator == " ")),
    }
    pattern, holds = by_name.get(field.name, ("", False))
    if holds:
        return pattern
    if following and separator == " ":
        return r"\S+" if following[0] == separator else r"\S*?"
    return rf"[^{separator}]*" if separator != " " else r"\S*"


def _strict(field: Field, after: Part, pattern: str) -> str:
    """Return a pattern for a layout with several fields that could go on at will: a field ends where what follows it first stands."""
    following = after if isinstance(after, str) else ""
    sign = re.escape(following[:1])
    if following.startswith(" ") and field.name == "user":
        return rf"{_NO_NAMES}[^\s\[]*(?: [^\s\[]+){{0,8}}?"
    if following.startswith(" ") and field.name == "request":
        return r"(?>[!-~]+ \S+ HTTP/[\d.]+|\S*)"
    return f"[^{sign}]*" if following and pattern == ".*?" else rf"[^\s{sign}]*" if following else pattern


VHOST_CLIENT = Field("client", pattern=rf"{_ADDRESS}(?:(?:\s*,(?:\s*{_ADDRESS})?){{1,64}}{_PEER})?|\"[^\"]*\"(?: [^\s\"]+)?", plain=_ADDRESS)
"""A client that must look like an address: where a host name stands before it, only that tells them apart."""

VHOST = Field("host", pattern=rf'{NO_HEAD}[^\s,"\[\]()]*[^\s,"\[\]():]|\[[0-9A-Fa-f:.]{{2,45}}\](?::\d{{1,5}})?', plain=r"[A-Z0-9-]*[a-z_*.][\w.*-]*(?::\d{1,5})?")
"""A virtual host at the begin of a line; no program's name before a colon, and no address of a list.

What is of capitals, digits and dashes alone may be the level or the date of a head."""

IDENTITY = Field("", pattern=r"[^\s.:\[|]+")
"""The identity of the client by RFC 1413; with a dot or colon it is an address or a host, and the line of another format; `|` is Docker Compose's."""
