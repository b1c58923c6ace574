"""Text formats of the loggers of frameworks, in which a request stands among other messages, as layouts, and what these messages begin with."""

import re

from dagster_project.reading.logs.layouts.layout import Field, Layout, Part

_MS, _S = 1_000_000, 1_000_000_000
_ADDRESS = Field("client", pattern=r"[0-9A-Fa-f:.]+|\[[0-9A-Fa-f:.]+\]")
_PORT = Field("client_port", pattern=r"\d{1,5}")
_VERB, _TARGET, _STATUS = Field("method", pattern="[A-Z]{3,20}"), Field("target", pattern=r"\S+"), Field("status", pattern=r"\d{3}")
_REST = Field(pattern=r"(?:[ <].*)?")
_SECOND = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_INSTANT = rf"{_SECOND}(?: ?(?:Z|[+-]\d\d:?\d\d))?"
_HEADS: tuple[tuple[Part, ...], ...] = (
    (
        Field(pattern=r"\[?"), Field("time", pattern=_INSTANT),
        Field(pattern=r'[ |\]](?:(?:(?!\d{4}-\d\d-\d\d)[^"]){0,255}?[ |])?', plain=r'[ |\]](?:(?:[^"0-9]+[0-9]?[0-9]?[0-9]?)*[ |])?'),
    ),
    (Field(pattern=r'(?:(?!\d{4}-\d\d-\d\d)[^\s"]{1,255} {1,2}){0,24}', plain=r'(?:[^\s"0-9][^\s"]* {1,2}){0,24}'),),
)  # fmt: skip
"""A time and what else a logger writes before a message; or no time, or one without its day, which has to stand before the line.

A second date is that of the message, and the first that of what carried it.
"""

_SPOKEN = Field("target", pattern=r"\S+(?: (?!responded \d)\S+){0,64}", plain=r"\S+")
"""What Serilog shows of a path is decoded, blanks too."""
_TOOK = Field("duration", _MS, pattern=r"[\d.]+")
_LENGTH: tuple[Part, ...] = (Field("bytes", pattern=r"\d+|-|(?=null )", plain=r"\d+|-"), Field(pattern="(?:null)?"), " ")
_TYPE: tuple[Part, ...] = (Field(pattern=r'[^\s"]+(?: [^\s"]+){0,3}'), " ")
_FINISHED: tuple[Part, ...] = (
    Field(pattern="Request finished HTTP/"), Field("protocol", pattern=r"[\d.]+"), " ", _VERB, " ", _TARGET, Field(pattern=r'(?: [^\s"]+(?: [^\s"]+){0,3} [\d-]+)? - '),
    _STATUS, " ",
)  # fmt: skip
"""Newer ones leave out the type and length of what was sent."""
DOTNET = tuple(
    layout
    for head in _HEADS
    for layout in (
        *(Layout((*head, *_FINISHED, *answered, _TOOK, "ms", _REST), is_absolute=True) for answered in ((*_LENGTH, *_TYPE), _LENGTH, _TYPE)),
        *(
            Layout((*head, Field(pattern="HTTP "), quote, _VERB, f"{quote} {quote}", _SPOKEN, f"{quote} responded ", _STATUS, " in ", _TOOK, " ms", _REST))
            for quote in ("", '"')
        ),
    )
)  # fmt: skip
"""Serilog's line for each request, and that of ASP.NET Core's own diagnostics."""
DOTNET_REMARKS = re.compile(
    rf"(?:\[?{_INSTANT}\]? )?(?:\[(?:\d\d:\d\d:\d\d )?(?:VRB|DBG|INF|WRN|ERR|FTL)\] (?!.{{0,255}}?(?:HTTP \"?[A-Z]|Request finished ))"
    r"|(?:trce|dbug|info|warn|fail|crit): (?!.{0,255}?Request finished ))|Request starting HTTP/|Execut(?:ing|ed) "
)

_REASON = Field(pattern=r" [A-Za-z' -]{1,40}: ")
KTOR = tuple(
    Layout((*head, _STATUS, _REASON, _VERB, " - ", _TARGET, *took))
    for head in _HEADS
    for took in ((" in ", Field("duration", _MS, pattern=r"\d+ms")), ())
)  # fmt: skip
KTOR_REMARKS = re.compile(rf"(?:{_INSTANT}|\d\d:\d\d:\d\d\.\d{{3}}) \[[^\]]{{1,64}}\] .{{0,64}}?(?:TRACE|DEBUG|INFO|WARN|ERROR) {{1,2}}\S{{1,255}} - (?!\d{{3}} )")

TOWER = (
    Layout(
        (
            Field("time", pattern=rf"{_SECOND}Z"), Field(pattern=r' {1,2}[A-Z]{4,5} [^"]{0,255}?[{ ]'), "method=", _VERB, " uri=", Field("target", pattern=r"[^\s}]+"),
            Field(pattern=r"[ }].*?finished processing request"), " latency=", Field("duration", _MS, pattern=r"\d+ ?[a-zµμ]{1,2}"), " status=", _STATUS, _REST,
        )
    ),
)  # fmt: skip
TOWER_REMARKS = re.compile(rf"{_SECOND}Z {{1,2}}[A-Z]{{4,5}} (?!.*finished processing request)")
"""Each request is logged as it starts, and whatever else happens within it names it too."""

SANIC = (
    Layout(
        (
            "[", Field("time"), "] - (", Field(pattern=r"[\w.]+"), ")[", Field(pattern="[A-Z]+"), "][", _ADDRESS, ":", _PORT, "]: ", _VERB, " ", _TARGET, Field(pattern=" {1,2}"),
            _STATUS, " ", Field("bytes", pattern=r"\d+|(?=-1)", plain=r"\d+"), Field(pattern="(?:-1)?"), Field("rest"),
        ),
        is_absolute=True,
    ),
)  # fmt: skip
SANIC_REMARKS = re.compile(rf"\[{_INSTANT}\] \[\d{{1,10}}\] \[[A-Z]{{4,8}}\] ")

_SYNAPSE_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"
SYNAPSE = tuple(
    Layout(
        (
            Field("time", pattern=_SYNAPSE_TIME), " - ", Field(pattern=r"synapse\.access\.\S+ - \d+ - [A-Z]+ - \S+"), " - ", _ADDRESS, " - ", Field(pattern=r"\S+"), " - {",
            Field("user", pattern=r"[^{}]*"), "} Processed request: ", Field("duration", _S, pattern=r"[\d.]+"), "sec/", Field(pattern=r'[^"]*?\)'), " ",
            Field("bytes", pattern=r"\d+"), "B ", _STATUS, Field(pattern="!?"), ' "', Field("request"), *end,
        )
    )
    for end in (('" "', Field("user_agent"), '"', Field(pattern=r"(?: .*)?")), ('"',))
)  # fmt: skip
SYNAPSE_REMARKS = re.compile(rf"{_SYNAPSE_TIME} - [\w.]{{1,128}} - \d{{1,10}} - [A-Z]{{4,8}} - (?!.*Processed request: )")

PHP = (Layout(("[", Field("time"), "] ", _ADDRESS, ":", _PORT, " [", _STATUS, "]: ", _VERB, " ", _TARGET, Field(pattern="(?: - .*)?"))),)
PHP_REMARKS = re.compile(r"\[[^\]]{19,32}\] (?:\S{3,64} (?:Accepted|Closing)|PHP \S{1,32} Development Server )")

KOA = (Layout((Field(pattern="-->|xxx|-x-"), " ", _VERB, " ", _TARGET, " ", _STATUS, " ", Field("duration", _MS, pattern=r"[\d.]+m?s|-"), _REST)),)
"""It writes no time, and of a size two decimals."""
KOA_REMARKS = re.compile("<-- [A-Z]{3,20} ")
