"""PostgreSQL's server log as CloudWatch, Azure, Google, log shippers, containers and document stores deliver it, turned back into lines."""

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

import orjson

from dagster_project.errors import InputError
from dagster_project.reading.accesses.entries import Fields, listed
from dagster_project.reading.accesses.entries import read as read_entries
from dagster_project.reading.accesses.envelopes import unwrapped
from dagster_project.reading.accesses.fields import text, text_at
from dagster_project.reading.accesses.postgres.server_json import SHAPE, is_entry
from dagster_project.reading.files import Body
from dagster_project.reading.rows import LONGEST_ROW_BYTES

_MESSAGE = ("event.original", "message", "properties.message", "textPayload", "log", "@message", "_raw", "body")
_STAMP = ("timestamp", "@timestamp", "time")
_FIRST_BYTES = 1 << 16
_LEVEL = re.compile(r"(?<![^\W\d_])[^\W\d_]+\d?:  ")
_BESIDE = {"properties.context": "CONTEXT", "properties.statement": "STATEMENT"}  # Azure's, which the server has on lines of their own
_ZONED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


def unpacked(body: Body, place: str) -> Body | None:
    """Return the server log that a file carries, each message with a head as a container's log has it; None where the file carries none."""
    start = body.head(LONGEST_ROW_BYTES).removeprefix(BOM_UTF8).lstrip()
    first = [found for line in start[:_FIRST_BYTES].split(b"\n") if (found := _object(line)) is not None]
    is_of_objects = start.startswith((b"{", b"[")) or (first and start.split(b"\n", 1)[0].rstrip().endswith(b"}"))
    if not is_of_objects and _names(start).isdisjoint(_MESSAGE):
        return None
    if is_of_objects and not any(_ends(each) or listed(each) is not None for each in first) and any(map(_entries, first)):
        return None
    try:
        entries = _again(body, place)
        is_split = sum(map(_ends, entries())) > 0
        carries = any(_entries(entry) or text_at(entry, *_MESSAGE) for entry in entries())
    except InputError:  # it is no list of objects: each of its lines is looked at on its own
        return None
    return Body.made(lambda: (_line(entry, is_part=is_split and not _ends(entry)) for entry in entries())) if carries else None


def _again(body: Body, place: str) -> Callable[[], Iterable[Fields]]:
    """Return how to get at the entries of a file, an empty one for each that cannot be read, as often as they are asked for: those of a document are held."""

    def entries() -> Iterator[Fields]:
        return chain.from_iterable((*batch.entries, *({} for _ in batch.rejects)) for batch in read_entries(body, place).batches)

    if read_entries(body, place).form != "document":
        return entries
    held = list(entries())
    return lambda: held


def _names(start: bytes) -> set[str]:
    """Return the names of the columns of a CSV."""
    return {name.strip('" \r') for name in start.split(b"\n", 1)[0].decode("utf-8", "replace").split(",")}


def _object(line: bytes) -> Fields | None:
    """Return the object that a line ends with."""
    try:
        found = orjson.loads(line[line.find(b"{") :]) if b"{" in line else None
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _entries(carrier: Fields) -> list[Fields]:
    """Return the entries of the server that an object is or carries."""
    return [carrier] if is_entry(carrier) else [found for found in unwrapped(carrier, SHAPE) if is_entry(found)]


def _ends(entry: Fields) -> bool:
    """Tell whether what Docker holds is the end of a line: it takes 16 KiB at most."""
    return (text(entry.get("log")) or "").endswith("\n")


def _line(entry: Fields, *, is_part: bool) -> bytes:
    """Return the message that an entry carries; the entry as it is where it carries none, so that it is refused."""
    message = text_at(entry, *_MESSAGE)
    if (found := _entries(entry)) or message is None:
        return b"".join(map(_written, found or [entry]))
    stamp = text_at(entry, *_STAMP) or ""
    head = f"{stamp} {text_at(entry, 'stream') or 'stdout'} {'P' if is_part else 'F'} " if _ZONED.fullmatch(stamp) else ""
    begin = message[: level.start()] if (level := _LEVEL.search(message)) else ""
    beside = [f"{head}{begin}{name}:  {told}" for path, name in _BESIDE.items() if (told := text_at(entry, path))]
    lines = "".join(line.replace("\n", "\n\t") + "\n" for line in beside)
    body, end = (message, "\n" if head else "") if is_part else (message.rstrip("\r\n"), "\n")
    return f"{head}{body}{end}{lines}".encode("utf-8", "surrogatepass")


def _written(entry: Fields) -> bytes:
    """Return a line with an object; an empty one, to be refused, where it nests deeper than anybody writes."""
    try:
        return orjson.dumps(entry, default=str) + b"\n"
    except orjson.JSONEncodeError:
        return b"{}\n"
