"""Text formats of AWS: classic and application load balancers, S3 server access, as layouts."""

from dagster_project.reading.logs.layouts.layout import Field, Layout, Part

_ISO = Field("time", pattern=r"\d{4}-\d\d-\d\dT[\d:.]+Z")
_SECONDS = Field("duration", 1_000_000_000, pattern=r"-1|\d+(?:\.\d+)?", is_part=True)
_STATUS = Field("status", pattern=r"\d{3}|-")
_COUNT = Field(pattern=r"\d+|-")
_BYTES = Field("bytes", pattern=r"\d+|-")
_REQUEST: tuple[Part, ...] = (' "', Field("request"), '"')
_AGENT: tuple[Part, ...] = (' "', Field("user_agent"), '" ')


def _spaced(*fields: Field) -> tuple[Part, ...]:
    return tuple(part for field in fields for part in (field, " "))[:-1]


_CLIENT: tuple[Part, ...] = (Field("client", pattern=r"\S+"), ":", Field("client_port", pattern=r"\d+"), " ")
_BALANCED: tuple[Part, ...] = (*_CLIENT, *_spaced(Field(), _SECONDS, _SECONDS, _SECONDS, _STATUS, Field(), _COUNT, _BYTES), *_REQUEST)

ALB = (
    Layout(
        (
            Field(pattern="https?|h2|grpcs?|wss?"), " ", _ISO, " ", Field(), " ", *_BALANCED, *_AGENT, Field(), " ", Field(), " ", Field(), Field("more"),
        ),
        is_absolute=True,
    ),
)  # fmt: skip
_ELB: tuple[Part, ...] = (_ISO, " ", Field(), " ", *_BALANCED)
ELB = (Layout((*_ELB, *_AGENT, Field(), " ", Field()), is_absolute=True), Layout(_ELB, is_absolute=True))
"""Classic load balancers logged no agents before 2015."""

_S3_HEAD: tuple[Part, ...] = (
    *_spaced(Field(pattern="[0-9a-f]{1,64}"), Field()), " [", Field("time"), "] ",
    *_spaced(Field("client"), Field("user"), Field(), Field(pattern=r"[A-Z][A-Z0-9]*\.\S+"), Field()),
)  # fmt: skip
_S3_COUNTS = _spaced(_STATUS, Field(), _BYTES, _COUNT, Field("duration", 1_000_000, pattern=r"\d+|-"), _COUNT)
_S3_END: tuple[Part, ...] = (' "', Field("referer"), '" "', Field("user_agent", pattern=".*"), '"', Field("more", pattern=r'(?:\s[^"]*)?'))
_S3_HOST: tuple[Part, ...] = (" ", *_spaced(Field(), Field(), Field(pattern="SigV[24]A?|-"), Field(), Field(), Field("host", pattern=r"[\w.-]+")), Field("more"))
S3 = (
    Layout((*_S3_HEAD, *_REQUEST, " ", *_S3_COUNTS, *_S3_END[:-1], *_S3_HOST)),
    Layout((*_S3_HEAD, *_REQUEST, " ", *_S3_COUNTS, *_S3_END)),
    Layout((*_S3_HEAD, " - ", *_S3_COUNTS, " - -", Field("more"))),
)
"""Agents stand there with their quotes as they came; what AWS itself did has no request."""
