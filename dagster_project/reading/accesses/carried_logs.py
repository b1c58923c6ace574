"""PostgreSQL's server log as CloudWatch, Azure, Google, containers and document stores hand it on: each message in an object, or behind a stamp of theirs."""

import re

import orjson

from dagster_project.errors import DamagedError
from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.entries import read as read_entries
from dagster_project.reading.accesses.fields import text_at

_MESSAGE = ("message", "properties.message", "textPayload", "log", "@message", "_raw", "event.original")
_FIRST_BYTES = 1 << 16
_SEVERITY = "error_severity"  # of PostgreSQL's own JSON
# CloudWatch's files in S3, and containers of Kubernetes.
_STAMPED = re.compile(rb"^\d{4}-\d\d-\d\dT[\d:.]+Z (?:std(?:out|err) [FP] )?(?=\d{4}-\d\d-\d\d \d\d:|\{)", re.MULTILINE)


def unpacked(body: bytes, place: str) -> bytes | None:
    """Return the server log that a file carries, a message a line or more; None where the file carries none."""
    start = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _STAMPED.match(start):
        log = _STAMPED.sub(b"", start)
        return unpacked(log, place) or log
    if start[:1] not in (b"{", b"[") or any(_is_log(line) for line in start[:_FIRST_BYTES].split(b"\n")):
        return None
    try:
        entries = [entry for batch in read_entries(body, place).batches for entry in (*batch.entries, *({} for _ in batch.rejects))]
    except DamagedError:
        return None
    return b"".join(map(_line, entries)) if any(_SEVERITY in entry or text_at(entry, *_MESSAGE) for entry in entries) else None


def _is_log(line: bytes) -> bool:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(found, dict) and _SEVERITY in found


def _line(entry: Fields) -> bytes:
    """Return the message that an entry carries; the entry as it is where it carries none, so that it is refused."""
    message = None if _SEVERITY in entry else text_at(entry, *_MESSAGE)
    return (orjson.dumps(entry, default=str) if message is None else message.rstrip("\r\n").encode("utf-8", "surrogatepass")) + b"\n"
