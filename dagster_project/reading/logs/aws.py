"""Text formats of AWS: classic and application load balancers, S3 server access, as layouts."""

from dagster_project.reading.logs.layouts import Field, Layout, Part

_ISO = Field("time", pattern=r"\d{4}-\d\d-\d\dT[\d:.]+Z")
_SECONDS = Field("duration", 1_000_000_000, pattern=r"-1|\d+(?:\.\d+)?", is_part=True)
_STATUS = Field("status", pattern=r"\d{3}|-")
_COUNT = Field(pattern=r"\d+|-")
_BYTES = Field("bytes", pattern=r"\d+|-")
_REQUEST_AND_AGENT: tuple[Part, ...] = (' "', Field("request"), '" "', Field("user_agent"), '" ')


def _spaced(*fields: Field) -> tuple[Part, ...]:
    return tuple(part for field in fields for part in (field, " "))[:-1]


_BALANCED = _spaced(Field("client"), Field(), _SECONDS, _SECONDS, _SECONDS, _STATUS, Field(), _COUNT, _BYTES)

ALB = (
    Layout(
        (
            Field(pattern="https?|h2|grpcs|wss?"), " ", _ISO, " ", Field(), " ", *_BALANCED, *_REQUEST_AND_AGENT,
            Field(), " ", Field(), " ", Field(), Field("rest"),
        ),
        is_absolute=True,
    ),
)  # fmt: skip
ELB = (Layout((_ISO, " ", Field(), " ", *_BALANCED, *_REQUEST_AND_AGENT, Field(), " ", Field()), is_absolute=True),)

_S3_COUNTS = _spaced(_STATUS, Field(), _BYTES, _COUNT, Field("duration", 1_000_000, pattern=r"\d+|-"), _COUNT)
S3 = (
    Layout(
        (
            *_spaced(Field(pattern="[0-9a-f]{64}"), Field()), " [", Field("time"), "] ",
            *_spaced(Field("client"), Field("user"), Field(), Field(pattern=r"[A-Z][A-Z0-9]*\.\S+"), Field()),
            ' "', Field("request"), '" ', *_S3_COUNTS, ' "', Field("referer"), '" "', Field("user_agent"), '"', Field("rest"),
        ),
    ),
)  # fmt: skip
