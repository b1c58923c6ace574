"""W3C extended logs: IIS, CloudFront, NetScaler, and Zeek's in their likeness; the fields are those of the last `#Fields` line.

Fields that have a time and no date are of the day of the last `#Date` line (W3C working draft WD-logfile, which writes it `12-Jan-1996`).
"""

import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache, reduce
from typing import cast
from urllib.parse import unquote

from dagster_project.reading.logs.carried import alone
from dagster_project.reading.logs.layouts.headless import UNREAD, fields_of
from dagster_project.reading.logs.layouts.layout import Field, Layout, Part, header_name
from dagster_project.reading.logs.lines import Lines, split
from dagster_project.reading.logs.values.row import Row

_ADDRESS, _NUMBER = r"[0-9A-Fa-f.:%]+|-|\[[0-9A-Fa-f.:%]+\](?:\(\S*\))?", r"\d+|-"
_HOST = r"\d*[^\s\d]\S*"
"""A host; digits alone are a status or a size, where lines have other fields than the first ones."""
_DAY, _TIME_OF_DAY = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d:\d\d(?:\.\d+)?"
_FIELDS = {
    "date": Field("time", pattern=_DAY), "time": Field("time", pattern=_TIME_OF_DAY),
    "date-local": Field("time", pattern=_DAY), "time-local": Field("time", pattern=_TIME_OF_DAY),
    "c-ip": Field("client", pattern=_ADDRESS), "cs-ip": Field("client", pattern=_ADDRESS, rank=1), "c-port": Field("client_port"), "cs-username": Field("user"),
    "cs-method": Field("method"), "cs-uri-stem": Field("path"), "cs-uri-path": Field("path"), "cs-uri-query": Field("query"), "cs-uri": Field("target"),
    "sc-status": Field("status", pattern=r"\d{1,3}|-"), "c-status": Field("status", pattern=r"\d{1,3}|-"),
    "sc-bytes": Field("bytes", pattern=_NUMBER), "bytes": Field("bytes", pattern=_NUMBER),
    "cs(user-agent)": Field("user_agent"), "cs(referer)": Field("referer"), "cs(referrer)": Field("referer"),
    "cs-host": Field("host", pattern=_HOST), "cs(host)": Field("host", pattern=_HOST), "cs-version": Field("protocol"), "cs-protocol-version": Field("protocol"),
    "x-forwarded-for": Field("forwarded_for"), "cs(x-forwarded-for)": Field("forwarded_for"), "s-xff": Field("forwarded_for"),
    "s-ip": Field("", pattern=_ADDRESS), "s-port": Field("", pattern=_NUMBER),
    "timestamp": Field("time"), "timestamp(ms)": Field("time"), "cs-user-agent": Field("user_agent"), "cs-referer": Field("referer"),
    "c-user-agent": Field("user_agent"), "c-referrer": Field("referer"),
    "time-taken": Field("duration", 1_000_000), "timetakenms": Field("duration", 1_000_000, rank=1),
}  # fmt: skip
_ZEEK = {
    "ts": Field("time"), "id.orig_h": Field("client", pattern=_ADDRESS), "id.orig_p": Field("client_port"), "method": Field("method"), "uri": Field("target"),
    "host": Field("host"), "version": Field("protocol"), "referrer": Field("referer"), "user_agent": Field("user_agent"), "username": Field("user"),
    "response_body_len": Field("bytes", pattern=_NUMBER), "status_code": Field("status", pattern=r"\d{1,3}|-"),
}  # fmt: skip
_CLIENT_OF_ZEEK, _ASKED_OF_ZEEK = "id.orig_h", {"id.orig_h", "method", "uri"}
_SECONDS = Field("duration", 1_000_000_000, pattern=r"\d*\.\d+")
_NAMED = "#(?:Fields|Version|Software|Date|Start-Date|End-Date|Remark): "
_DIRECTIVE = re.compile(rb"^(?:%b)?#|%b" % (BOM_UTF8, _NAMED.encode()), re.MULTILINE)
"""Where a comment stands, at the begin of a line, or a directive may stand, behind what carries it."""
_DATE = "#Date:"
_HEADER_LINES = re.compile(rf"({_DATE}[^\n]*)?\s*(.*)", re.DOTALL)
_HEADER = re.compile(r"cs\([^)]*\)", re.IGNORECASE)
_FEW_LINES = 20


@lru_cache(maxsize=256)
def layout(names: str, separator: str = " ", day: str = "") -> Layout:
    """Return the layout of the fields that a `#Fields` line names, of times of a day where they say none.

    NetScaler and CloudFront take times in seconds; the real-time logs of the latter have the viewer's host in `cs-host` and the query in the stem.
    """
    is_zeek, is_netscaler = _CLIENT_OF_ZEEK in names, "sc-servicename" in names
    is_cloudfront, has_query = "x-edge-" in names, "cs-uri-query" in names.lower()
    is_real_time = is_cloudfront and "cs-host" in names
    parts: list[Part] = []
    for name in names.split():
        field = (_ZEEK if is_zeek else _FIELDS).get(name.lower(), Field(header=header_name(name[3:-1]) if _HEADER.fullmatch(name) else ""))
        if name.lower() == "time-taken" and (is_cloudfront or is_netscaler):
            field = replace(field, unit_ns=1_000_000_000)
        if name.lower() == "cs-uri" and has_query:
            field = Field("path")
        if is_real_time and name == "cs-uri-stem":
            field = Field("target")
        if name == "x-host-header" and not is_real_time:
            field = Field("host")
        if (name.lower() == "cs(host)" and "x-host-header" in names) or (name.startswith("timestamp") and "date time" in names):
            field = Field()
        parts += [field, separator]
    has_host = "cs-uri" in names.lower().split()
    decode = None if is_zeek else _percent if is_cloudfront else _plus
    return Layout(tuple(parts[:-1]), is_absolute=has_host, decode=decode, separator=separator, may_be_quoted=True, day=day)


def row_of(record: Mapping[str, object]) -> Row | None:
    """Return the values of an object that has fields of W3C as its keys, as CloudFront writes JSON; null where it has not; raises values.Refused."""
    known = {key: str(value) for key, value in record.items() if key.lower() in _FIELDS or key.startswith("x-")}
    return layout(" ".join(known), "\t").row("\t".join(re.sub(r"\s", " ", value) for value in known.values()))


def _plus(text: str) -> str:
    return text.replace("+", " ")


def _percent(text: str) -> str:
    """Undo CloudFront's own encoding, which older files carry twice."""
    once = unquote(text)
    return unquote(once) if "%20" in once and " " not in once else once


def _directives(lines: Lines) -> Iterator[tuple[int, str]]:
    """Yield the lines, from 0, that are directives or comments, each with its text alone."""
    last = -1
    for found in _DIRECTIVE.finditer(lines.body):
        index = lines.index(found.start())
        if index > last:
            text = lines.text(index)
            if text.startswith("#") or re.match(_NAMED, text := alone(text)):
                yield index, text
        last = index


def header_of(body: bytes, header: bytes | None) -> bytes | None:
    """Return the `#Fields` line in force after `body`, and before it the `#Date` line if those fields have a time and no day; `header` where it holds neither."""
    return reduce(_in_force, (text for _, text in _directives(split(body))), header)


def _in_force(header: bytes | None, text: str) -> bytes | None:
    """Return the header in force behind a directive."""
    date, fields = _date_and_fields(header)
    date, fields = (text, fields) if text.startswith(_DATE) else (date, _fields(text) or fields)
    return "\n".join(filter(None, (date if not fields or _lacks_day(fields.split()) else "", fields))).encode() or None


def _date_and_fields(header: bytes | None) -> tuple[str, str]:
    """Return the `#Date` line of a header, and what names its fields; nothing where it has none."""
    date, fields = cast("re.Match[str]", _HEADER_LINES.fullmatch((header or b"").decode("utf-8", "replace"))).groups("")
    return date, fields


def _lacks_day(names: list[str]) -> bool:
    """Tell whether a time of a day is all that these fields say of when."""
    known = (_FIELDS.get(name.lower(), Field()) for name in names)
    return {field.pattern for field in known if field.name == "time"} == {_TIME_OF_DAY}


def _fields(text: str) -> str:
    """Return a line that names the fields of requests, as W3C writes it, nothing for any other; Zeek writes it with tabs, and in logs of much else, too."""
    if text.startswith("#Fields:"):
        return text
    names = text.split()[1:] if text.startswith("#fields\t") else []
    return f"#Fields: {' '.join(names)}" if set(names) >= _ASKED_OF_ZEEK else ""


def kind(lines: Lines) -> str:
    """Return the name of the format: only IIS knows sub-status and Windows status, only CloudFront edges."""
    named = header_of(lines.body, None)
    found = (fields_of(alone(lines.text(index))) for index in range(min(len(lines), _FEW_LINES)))
    known = named.decode() if named else " ".join(next(filter(None, found), ()))
    return "cloudfront" if "x-edge-location" in known else "iis" if "sc-substatus" in known or "s-sitename" in known else "w3c"


def parts(lines: Lines, header: bytes | None) -> list[tuple[int, int, tuple[Layout, ...]]]:
    """Return the runs of lines between directives, as first line, end, and layouts to try in order."""
    bounds: list[tuple[int, int, bytes | None]] = []
    start = 0
    for index, text in _directives(lines):
        if index > start:
            bounds.append((start, index, header))
        start = index + 1
        header = _in_force(header, text)
    bounds += [(start, len(lines), header)] if start < len(lines) else []
    return [(first, end, _layouts(lines, first, end, of_these)) for first, end, of_these in bounds]


def _by_unit(known: Layout, few: list[str]) -> tuple[Layout, ...]:
    """Return a layout, and before it, where one of a few lines is so, that of a time taken with a decimal point: seconds, as W3C has it; IIS writes whole milliseconds."""
    in_seconds = replace(known, parts=tuple(_SECONDS if part == _FIELDS["time-taken"] else part for part in known.parts))
    return (in_seconds, known) if any(map(in_seconds.match, few)) else (known,)


def _layouts(lines: Lines, start: int, end: int, header: bytes | None) -> tuple[Layout, ...]:
    """Return the layout of a header, and those of first lines that have other fields than it says, or none to say it."""
    few = [alone(lines.text(index)) for index in range(start, min(end, start + _FEW_LINES))]
    separators = Counter("\t" if "\t" in text else " " for text in few)
    date, text = _date_and_fields(header)
    names = (_fields(text).partition(":")[2] or text).split()
    day = " ".join(date.split()[1:2]) if _lacks_day(names) else ""
    own = tuple(layout(" ".join(names), separator, day) for separator, _ in separators.most_common()) if names else ()
    own = tuple(each for known in own for each in _by_unit(known, few))
    found = {(" ".join(fields), "\t" if "\t" in line else " "): fields.count(UNREAD) for line in few if (fields := fields_of(line))}
    return tuple(dict.fromkeys((*own, *(layout(*of_line) for of_line in sorted(found, key=lambda of_line: found[of_line])))))
