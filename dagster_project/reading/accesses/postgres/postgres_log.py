"""PostgreSQL's server log in its three formats, stderr, csvlog and jsonlog, as the same entries. Keep out: what an entry means."""

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from sys import intern

from dagster_project.reading.accesses.postgres import server_json, server_own_csv, server_text
from dagster_project.reading.accesses.postgres.heads import behind_heads, without_heads
from dagster_project.reading.accesses.postgres.server_entries import Ahead, Entry, Found, Line, cells_of, joined, record_lines, refused
from dagster_project.reading.accesses.postgres.server_stamps import iso
from dagster_project.reading.files import Body
from dagster_project.reading.rejects import Place
from dagster_project.reading.rows import blocks

CSV_FIELDS = range(23, 27)  # PostgreSQL 9.0 to 17
_CSV_START = re.compile(rb'"?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [\w+:<>-]+"?,')  # behind the zone, so that no prefix with commas looks like it
_LINES_LOOKED_AT = 200


@dataclass(frozen=True)
class Log:
    """The lines of a log, freed of their carrier, once: `form` is stderr, csvlog, jsonlog or own_csv (server_own_csv.py), `prefix` the log_line_prefix of stderr."""

    form: str
    prefix: str
    lines: Iterable[Line]


def opened(body: Body, prefix: str | None) -> Log:
    """Open a log and recognise its form; `prefix` is the log_line_prefix that settings declare, None to recognise a usual one."""
    looked_at = _lines(body)
    sample = [*islice(looked_at, _LINES_LOOKED_AT), *islice((line for line in looked_at if b"AUDIT: " in line.text), _LINES_LOOKED_AT)]
    looked_at.close()
    texts = behind_heads(sample, partial(_severity, prefixes=[prefix] if prefix else server_text.USUAL_PREFIXES))
    found = prefix or server_text.usual_prefix(texts)
    return Log(_form(texts), found, without_heads(_lines(body), sample, partial(_severity, prefixes=[found])))


def entries(log: Log, zone: str | None) -> Iterator[Found | None]:
    """Yield entries and refused lines in the order of the log, None for a blank line; `zone` is the time zone that abbreviations belong to."""
    forms = {"jsonlog": server_json.entries, "csvlog": _csv, "own_csv": server_own_csv.entries}
    found = server_text.entries(log.lines, log.prefix) if log.form == "stderr" else forms[log.form](log.lines)
    for each in found:
        yield _shared(each, zone) if isinstance(each, Entry) else each


def _shared(entry: Entry, zone: str | None) -> Entry:
    """Return an entry with its stamp in ISO 8601, and one text in memory for all that have the same: a log names few sessions, users and programs."""
    user, database, application = (text and intern(text) for text in (entry.user, entry.database, entry.application))
    return replace(entry, stamp=iso(entry.stamp, zone), session=intern(entry.session), user=user, database=database, application=application, severity=intern(entry.severity))


def _lines(body: Body) -> Generator[Line]:
    number = 0
    with body.opened() as stream:
        for block in blocks(stream):
            offset = block.byte_offset
            for raw in block.lines():
                number, text = number + 1, raw.removesuffix(b"\r")
                yield Line((Place(number, offset, text),), text, is_whole=not block.cut_bytes, is_cut=block.cut_bytes > 0)
                offset += len(raw) + 1


def _form(texts: Iterable[bytes]) -> str:
    written = [text for text in texts if text.strip()]
    if written and sum(text.lstrip().startswith(b"{") for text in written) * 2 >= len(written):
        return "jsonlog"
    if any(server_own_csv.STARTS.match(text) for text in written):
        return "own_csv"
    return "csvlog" if any(_CSV_START.match(text) for text in written) else "stderr"


def _severity(text: bytes, prefixes: Sequence[str]) -> str | None:
    return "" if text.startswith(b"{") or _CSV_START.match(text) else server_text.severity(text, prefixes)


# csvlog


def _csv(lines: Iterable[Line]) -> Iterator[Found | None]:
    ahead = Ahead(lines)
    while ahead.has():
        count, entry, fault = 1, None, "no_match"
        if _CSV_START.match(ahead[0].text):
            found = record_lines(ahead)
            count, fault = found or 1, "field_count" if found else "truncated_last"
            entry = _csv_entry(joined(ahead.next(count), b"\n")) if found else None
        # Where a record ends that is none cannot be told: each of its lines is refused on its own.
        read = ahead.read(count if entry else 1)
        yield from (entry,) if entry else refused(read[0], fault)


def _csv_entry(record: Line) -> Entry | None:
    cells = cells_of(record.text.decode("utf-8", "replace"))
    if len(cells) not in CSV_FIELDS or not record.is_whole:
        return None
    return Entry(
        place=record.place,
        lines=len(record.places),
        stamp=cells[0],
        session=cells[5] or cells[3],
        user=cells[1] or None,
        database=cells[2] or None,
        application=cells[22] or None,
        severity=cells[11],
        state=cells[12] or None,
        message=cells[13],
        statement=cells[19] or None,
        is_raised=bool(cells[18]),
    )
