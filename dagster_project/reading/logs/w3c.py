"""W3C extended logs: IIS, CloudFront, NetScaler; the fields are those of the last `#Fields` line."""

import re
from functools import lru_cache
from urllib.parse import unquote

from dagster_project.reading.logs.layouts import Field, Layout, Part
from dagster_project.reading.logs.lines import Lines

_ADDRESS, _NUMBER = r"[0-9A-Fa-f.:%]+|-", r"\d+|-"
_FIELDS = {
    "date": Field("time", pattern=r"\d{4}-\d\d-\d\d"), "time": Field("time", pattern=r"\d\d:\d\d:\d\d(?:\.\d+)?"),
    "c-ip": Field("client", pattern=_ADDRESS), "c-port": Field("client_port"), "cs-username": Field("user"),
    "cs-method": Field("method"), "cs-uri-stem": Field("path"), "cs-uri-query": Field("query"), "cs-uri": Field("target"),
    "sc-status": Field("status", pattern=r"\d{1,3}|-"), "sc-bytes": Field("bytes", pattern=_NUMBER),
    "cs(user-agent)": Field("user_agent"), "cs(referer)": Field("referer"), "cs(referrer)": Field("referer"),
    "cs-host": Field("host"), "cs(host)": Field("host"), "cs-version": Field("protocol"), "cs-protocol-version": Field("protocol"),
    "x-forwarded-for": Field("forwarded_for"), "cs(x-forwarded-for)": Field("forwarded_for"),
    "s-ip": Field("", pattern=_ADDRESS), "s-port": Field("", pattern=_NUMBER),
}  # fmt: skip
_START, _MIDDLE = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip", "sc-status sc-substatus sc-win32-status"
_CLOUDFRONT = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) "
    "x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher "
    "x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte "
    "x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end"
)
_DIRECTIVE = re.compile(rb"^#[^\n]*", re.MULTILINE)


@lru_cache(maxsize=256)
def layout(names: str) -> Layout:
    """Return the layout of the fields that a `#Fields` line names."""
    is_cloudfront = "x-edge-location" in names
    parts: list[Part] = []
    for name in names.split():
        field = _FIELDS.get(name.lower(), Field())
        if name.lower() == "time-taken":
            field = Field("duration", 1_000_000_000 if is_cloudfront else 1_000_000)
        if name.lower() == "cs(host)" and "x-host-header" in names:
            field = Field()
        parts += [field if name.lower() != "x-host-header" else Field("host"), "\t" if is_cloudfront else " "]
    return Layout(tuple(parts[:-1]), decode=_percent if is_cloudfront else _plus, separator="\t" if is_cloudfront else " ")


def _plus(text: str) -> str:
    return text.replace("+", " ")


def _percent(text: str) -> str:
    """Undo CloudFront's own encoding, which older files carry twice."""
    once = unquote(text)
    return unquote(once) if "%20" in once and " " not in once else once


DEFAULTS = tuple(
    layout(names)
    for names in (
        f"{_START} cs(User-Agent) cs(Referer) {_MIDDLE} time-taken",
        f"{_START} cs(User-Agent) {_MIDDLE} time-taken",
        f"{_START} cs(User-Agent) cs(Referer) {_MIDDLE} time-taken x-forwarded-for",
        f"{_START} cs(User-Agent) {_MIDDLE}",
        f"date time s-sitename s-computername {_START[10:]} cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host {_MIDDLE} sc-bytes cs-bytes time-taken",
        f"date time s-sitename s-computername {_START[10:]} cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host {_MIDDLE} sc-bytes cs-bytes time-taken x-forwarded-for",
        _CLOUDFRONT,
    )
)
"""Orders of fields of files whose head is lost: what IIS writes unless told otherwise, and CloudFront."""


def header_of(body: bytes, header: bytes | None) -> bytes | None:
    """Return the `#Fields` line in force after `body`, `header` where it holds none."""
    return next((found[0] for found in reversed(list(_DIRECTIVE.finditer(body))) if found[0].startswith(b"#Fields:")), header)


def parts(lines: Lines, header: bytes | None) -> list[tuple[int, int, tuple[Layout, ...]]]:
    """Return the runs of lines between directives, as first line, end, and layouts to try in order."""
    runs: list[tuple[int, int, tuple[Layout, ...]]] = []
    start, layouts = 0, _layouts(header)
    for found in _DIRECTIVE.finditer(lines.body):
        index = lines.index(found.start())
        if index > start:
            runs.append((start, index, layouts))
        start = index + 1
        layouts = _layouts(found[0]) if found[0].startswith(b"#Fields:") else layouts
    return [*runs, (start, len(lines), layouts)] if start < len(lines) else runs


def _layouts(header: bytes | None) -> tuple[Layout, ...]:
    names = (header or b"").decode("utf-8", "replace").partition(":")[2] or (header or b"").decode("utf-8", "replace")
    own = layout(" ".join(names.split())) if names.split() else None
    return (own, *DEFAULTS) if own else DEFAULTS
