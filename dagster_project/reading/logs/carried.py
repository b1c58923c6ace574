"""Lines as those who carry logs leave them: with a head of syslog or of a container before them, their blanks doubled."""

import re
from collections.abc import Iterator
from functools import lru_cache

import orjson

FIRST_LINES = 2
"""The lines that every format is tried on."""

_STAMP = (
    r"(?:[A-Z][a-z]{2} [ \d]\d(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d{1,9})?"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d))"
)
_HEAD = re.compile(
    rf"(?:<\d{{1,3}}>)?{_STAMP} (?:[^\s:]{{1,255}} )?[^\s:\[]{{1,48}}(?:\[\d{{1,10}}\])?: "
    rf"|<\d{{1,3}}>1 {_STAMP} \S{{1,255}} \S{{1,48}} \S{{1,128}} \S{{1,32}} (?:-|\[[^\]]{{0,1024}}\]) "
    rf"|{_STAMP} std(?:out|err) [FP] |[\w.-]{{1,64}} +\| |ACCESS (?=\[)"
)
"""Syslog (RFC 3164, RFC 5424), Kubernetes, Docker Compose, Ambassador."""

_BLANKS = re.compile(r'("(?:[^"\\]|\\.)*+(?:"|\\?$))| {2,}', re.DOTALL)
_DOCKER = '{"log":"'


def readings(line: str) -> Iterator[str]:
    """Yield a line as it stands, then without what was put before it, then with one blank for many outside quotes.

    Docker's own JSON stands for the line that it holds.
    """
    if line.startswith(_DOCKER):
        line = _logged(line)
    yield line
    yield from _mended(line)


@lru_cache(maxsize=FIRST_LINES)
def _mended(line: str) -> tuple[str, ...]:
    """Return what else a line may be read as; detection asks that of its first lines once for each format."""
    bare = _bare(line)
    single = _BLANKS.sub(lambda found: found[1] or " ", bare.strip(" ")) if "  " in bare else bare.strip(" ")
    return tuple(text for text, before in ((bare, line), (single, bare)) if text != before)


def _logged(line: str) -> str:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line
    return record["log"].rstrip("\r\n") if isinstance(record, dict) and isinstance(record.get("log"), str) else line


def _bare(line: str) -> str:
    found = _HEAD.match(line)
    return line[found.end() :] if found else line
