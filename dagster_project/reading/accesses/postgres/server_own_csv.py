"""The CSV that pgauditlogtofile writes beside the server log, in both of its forms: each cell as JSON or, in older versions, unquoted."""

import re
from collections.abc import Iterable, Iterator, Sequence

import orjson

from dagster_project.reading.accesses.postgres.server_entries import MOST_LINES_OF_A_RECORD, Ahead, Entry, Found, Line, csv_of, joined, record_lines, refused

_STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [^ ,\"]+"
# Stamp, user, database, process, client, session, what it does, its transactions, the state; before version 1.7 the line of the session and its begin, too.
_DOES = rf'(?:\d+,[^",]*, ?{_STAMP},|[^,]*,)'
_HEAD = rf'("?){_STAMP}\1,(?:[^,]*,){{2}}("?)\d+\2,[^,]*,("?)[0-9a-f]+\.[0-9a-f]+\3,{_DOES}(?:("?)-?\d+/\d+\4)?,("?)\d+\5,("?)[0-9A-Z]{{5}}\6,'
STARTS = re.compile(_HEAD.encode())
_QUOTED = re.compile(r'("(?:[^"\\\n]|\\.)*+"|)(?:,|$)')
_CELL = r'(?:"(?:[^"]|"")*+"|[^",\n]*)'
_AUDIT = re.compile(rf"(?:SESSION|OBJECT),\d+,\d+(?:,{_CELL}){{6}}(?:,\d+)?(?=,)")
_BEGINS_AUDIT = re.compile(r"(?:SESSION|OBJECT),\d+,\d+,")
_RAISED = re.compile(r"[^\n]* RAISE(?:[\n,]|$)")
_OF_AUDIT = 8
_NO_CONTEXT = ",,,,,,"  # behind an audit: no detail, no hint, no query inside, and no context


def is_raised(context: str | None, query: str | None) -> bool:
    """Tell whether an entry was written by a statement's `raise`: then its query, which pgAudit hides, is logged with it, or `raise` is in its context."""
    return bool(query) or _RAISED.match(context or "") is not None


def entries(lines: Iterable[Line]) -> Iterator[Found | None]:
    """Yield the entries of lines; an unquoted one spans the lines of its statement and of its context."""
    ahead = Ahead(lines)
    while ahead.has():
        line, count, entry = ahead[0], 1, None
        if head := STARTS.match(line.text):
            of_head = head[0].count(b",")
            count, entry = (1, _quoted(line, of_head)) if line.text.startswith(b'"') else _plain(ahead, of_head)
        yield from (entry,) if entry else refused(line, "field_count" if head else "no_match")
        ahead.read(count)


def _quoted(line: Line, of_head: int) -> Entry | None:
    found, text, place = list[str](), line.text.decode("utf-8", "replace"), 0
    while place < len(text) and (cell := _QUOTED.match(text, place)):
        found.append(cell[1])
        place = cell.end()
    try:
        cells = [orjson.loads(cell) if cell else "" for cell in found]
    except orjson.JSONDecodeError:
        return None
    is_audit = len(cells) > of_head and cells[of_head] in ("SESSION", "OBJECT")
    rest = cells[of_head + (_OF_AUDIT if is_audit else 1) :]
    if place < len(text) or len(rest) < 9 or not line.is_whole:
        return None
    message = f"AUDIT: {csv_of(cells[of_head : of_head + 7])},{cells[of_head + 7]}" if is_audit else cells[of_head]
    return _entry(line, cells[:of_head], message, rest[8], is_made_up=is_raised(rest[4], rest[5]))


def _plain(lines: Ahead, of_head: int) -> tuple[int, Entry | None]:
    cells = lines[0].text.decode("utf-8", "replace").split(",", of_head)
    if not _BEGINS_AUDIT.match(cells[of_head]):
        return 1, _entry(lines[0], cells[:of_head], cells[of_head], "", is_made_up=False)
    record = joined(lines.next(record_lines(lines) or MOST_LINES_OF_A_RECORD), b"\n")
    behind = record.text.decode("utf-8", "replace").split(",", of_head)[of_head]
    if (audit := _AUDIT.match(behind)) is None or not record.is_whole:
        return 1, None
    count = 1 + audit[0].count("\n")
    rest = behind[audit.end() :].split("\n")[0]
    while not rest.startswith(_NO_CONTEXT) and lines.has(count) and not STARTS.match(lines[count].text):
        count += 1
    context, (_, _, application) = rest[len(_NO_CONTEXT) - 1 :], lines[count - 1].text.decode("utf-8", "replace").rpartition(",")
    return count, _entry(joined(lines.next(count), b"\n"), cells[:of_head], f"AUDIT: {audit[0]}", application, is_made_up=is_raised(context, None))


def _entry(line: Line, head: Sequence[str], message: str, application: str, *, is_made_up: bool) -> Entry:
    return Entry(
        place=line.place,
        lines=len(line.places),
        stamp=head[0],
        session=head[5],
        user=head[1] or None,
        database=head[2] or None,
        application=application or None,
        severity="LOG",
        state=head[-1],
        message=message,
        is_raised=is_made_up,
    )
