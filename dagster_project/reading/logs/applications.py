"""Text formats of servers that are part of an application: Gin, Uvicorn and uWSGI, as layouts."""

from dagster_project.reading.logs.layouts import Field, Layout, Part

_PADDING = Field(pattern=r"(?:[ |]|\x1b\[[\d;]{1,8}m){1,64}")
"""What stands between Gin's columns, in colours where it writes to a terminal."""

GIN = (
    Layout(
        (
            Field(pattern=r"(?:\[GIN(?:-debug)?\] )?"), Field("time", time="%Y/%m/%d - %H:%M:%S"), _PADDING, Field("status", pattern=r"\d{3}"), _PADDING,
            Field("duration", 1_000_000_000, pattern=r"[\d.]+[a-zµμ]{1,2}(?:[\d.]+[a-z]{1,2}){0,2}"), _PADDING, Field("client", pattern=r"[0-9A-Fa-f:.]*"), _PADDING,
            Field("method", pattern="[A-Z]+"), _PADDING, Field(pattern='"?'), Field("target", pattern=r'(?:[^"\\ ]|\\.)+'), Field(pattern='"?'),
        )
    ),
)  # fmt: skip

_UVICORN: tuple[Part, ...] = (
    Field("client", pattern=r"\[?[0-9A-Fa-f:.]+\]?"), ":", Field("client_port", pattern=r"\d{1,5}"),
    ' - "', Field("request"), '" ', Field("status", pattern=r"\d{3}"), Field(pattern="(?: [A-Z][A-Za-z' -]{0,40})?"),
)  # fmt: skip
UVICORN = (
    Layout((Field("time", pattern=r"\d{4}-\d\d-\d\d[T ][\d:.,]{8,18}(?:Z|[+-]\d\d:\d\d)?"), Field(pattern=r" (?:std(?:out|err) F )?(?:[a-z.]+: )?INFO: {1,8}"), *_UVICORN)),
    Layout(_UVICORN),
)
"""It writes no time, and the reason of the status or none; where a container or a head of Python's writes a time before the line, it is that."""

UWSGI = tuple(
    Layout(
        (
            "[pid: ", Field(pattern=r"\d+\|app: [\d-]+\|req: [\d-]+/\d+"), "] ",
            Field("client", pattern=r"[^\s,]*(?:, ?[^\s,]+){0,16}"), " (", Field("user", pattern=r"[^)]*"), ") {",
            Field(pattern=r"\d+ vars in \d+ bytes"), "} [", Field("time"), "] ", Field("method", pattern=r"[A-Z_-]*"), " ", Field("target", pattern=r"\S*"),
            " => generated ", Field("bytes", pattern=r"\d+"), " bytes in ", Field("duration", unit_ns, pattern=r"\d+"), f" {unit} (", Field("protocol", pattern=r"[^\s)]*"), " ",
            Field("status", pattern=r"\d{3}"), ")", Field(pattern=r" .*"),
        )
    )
    for unit, unit_ns in (("msecs", 1_000_000), ("micros", 1_000))
)  # fmt: skip
