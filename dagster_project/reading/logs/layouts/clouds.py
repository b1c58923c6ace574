"""Text formats of caches, stores, firewalls and registries, as layouts; those of AWS stand in aws.py."""

import re

from dagster_project.reading.logs.layouts.layout import Field, Layout, Part
from dagster_project.reading.logs.layouts.log_formats import nginx

_MS = 1_000_000
_ADDRESS = r"[0-9A-Fa-f:.]+"
_VERB, _STATUS, _SIZE, _NUMBER = Field("method", pattern="[A-Z]{3,20}"), Field("status", pattern=r"\d{3}"), Field("bytes", pattern=r"\d+"), Field(pattern=r"\d+")


def _joined(separator: str, *fields: Part) -> tuple[Part, ...]:
    return tuple(part for field in fields for part in (separator, field))[1:]


BUNNY = (
    Layout(
        _joined(
            "|", Field(pattern="[A-Z-]+"), _STATUS, Field("time", pattern=r"\d{13}"), _SIZE, _NUMBER, Field("client", pattern=_ADDRESS), Field("referer"), Field("target"), Field(),
            Field("user_agent"), Field(), Field(),
        ),
        is_absolute=True, decode=str, separator="|",
    ),
)  # fmt: skip
"""It names no method."""

_STORED: tuple[Part, ...] = (
    Field(pattern=r"[12]\.\d"), Field("time", pattern=r"\d{4}-\d\d-\d\dT[\d:.]+Z"), Field(pattern=r"\w+"), Field(pattern=r"\w+"), _STATUS,
    Field("duration", _MS, pattern=r"\d+"), _NUMBER, Field(), Field("user"), Field(), Field(), Field("target"), *[Field()] * 3, Field("client"), *[Field()] * 4,
    Field("bytes", pattern=r"\d*"), *[Field()] * 6, Field("user_agent"), Field("referer"),
)  # fmt: skip
AZURE_STORAGE = (Layout((*_joined(";", *_STORED, Field()), Field(pattern=r"(?:;[^;]*){0,8}")), is_absolute=True, decode=str, separator=";", may_be_quoted=True),)
"""It names no method, but what was done; the second version has eight fields more."""

_USAGE: tuple[Part, ...] = (
    Field("time", pattern=r"\d{16}"), Field("client"), Field(), Field(), Field("method"), Field("target"), Field("status"), Field(), Field("bytes"),
    Field("duration", 1_000, pattern=r"\d+"), Field("host"), Field("referer"), Field("user_agent"), *[Field()] * 4,
)  # fmt: skip
GOOGLE_STORAGE = (Layout(('"', *_joined('","', *_USAGE), '"'), decode=str),)
GOOGLE_STORAGE_REMARKS = re.compile('"time_micros",')
"""The names of its columns, at the begin of each file."""

_QUOTED = Field(pattern=r'"[^"]*"|[^"]*')
BARRACUDA = (
    Layout(
        (
            Field(pattern=r"(?:<\d{1,3}>)?"), Field("time", pattern=r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [+-]\d{4}"), Field(pattern=r" {1,2}\S+"), " TR ",
            Field(), " ", _NUMBER, " ", Field("client", pattern=_ADDRESS), " ", Field("client_port", pattern=r"\d+"), " ",
            Field("user", pattern=r"\S+"), " ", Field(pattern=r"\S+(?: \S+){0,3}?"), " ", _VERB, " ",
            Field(), " ", Field("host"), " ", Field("protocol"), " ", _STATUS, " ", _SIZE, " ", _NUMBER, " ", Field(pattern=r"\d"), " ",
            Field("duration", _MS, pattern=r"\d+"), " ", Field(pattern=r"\S+ \d+ \d+ \S* {1,3}[A-Z_]+ [A-Z_]+ [A-Z_]+ [A-Z_]+"), " ", Field("path", pattern=r"[^\s?]*"), " ",
            Field("query"), " ", Field("referer"), " ", _QUOTED, ' "', Field("user_agent"), '"', Field(pattern="(?: .*)?"),
        ),
        decode=str, may_be_quoted=True,
    ),
)  # fmt: skip

HARBOR = (
    Layout(
        (
            Field("client", pattern=_ADDRESS),
            *nginx(' - "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time $upstream_response_time $pipe').parts,
        )
    ),
)  # fmt: skip
"""Its nginx writes no time, but what carries it."""
