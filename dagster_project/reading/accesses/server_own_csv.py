"""The CSV that pgauditlogtofile writes beside the server log, in both of its forms: each cell as JSON, or, in older versions, as it is."""

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO

import orjson

from dagster_project.reading.accesses.server_entries import Entry, Found, Line, refused
from dagster_project.reading.rejects import Place

_STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [^ ,\"]+"
# Stamp, user, database, process, client, session, what it does, its transactions, the state.
_HEAD = rf'("?){_STAMP}\1,(?:[^,]*,){{2}}("?)\d+\2,[^,]*,("?)[0-9a-f]+\.[0-9a-f]+\3,[^,]*,(?:("?)-?\d+/\d+\4)?,("?)\d+\5,("?)[0-9A-Z]{{5}}\6,'
STARTS = re.compile(_HEAD.encode())
_QUOTED = re.compile(r'("(?:[^"\\\n]|\\.)*+"|)(?:,|$)')
_CELL = r'(?:"(?:[^"]|"")*+"|[^",\n]*)'
_AUDIT = re.compile(rf"(?:SESSION|OBJECT),\d+,\d+(?:,{_CELL}){{6}}(?:,\d+)?(?=,)")
_BEGINS_AUDIT = re.compile(r"(?:SESSION|OBJECT),\d+,\d+,")
_RAISED = re.compile(r"[^\n]* RAISE(?:[\n,]|$)")
_OF_HEAD, _OF_AUDIT = 10, 8
_NO_CONTEXT = ",,,,,,"  # behind an audit: no detail, no hint, no query inside, and no context
_MOST_LINES = 100_000


def is_raised(context: str | None, query: str | None) -> bool:
    """Tell whether a statement made an entry up: then the query that did stands beside it, which pgAudit hides, or `raise` in its context."""
    return bool(query) or _RAISED.match(context or "") is not None


def entries(lines: Sequence[Line]) -> Iterator[Found | None]:
    """Yield the entries of lines; one that is not quoted goes on over the lines of its statement and of its context."""
    at = 0
    while at < len(lines):
        end, entry = at + 1, None
        if STARTS.match(lines[at].text):
            end, entry = _quoted(lines, at) if lines[at].text.startswith(b'"') else _plain(lines, at)
        yield from (entry,) if entry else refused(lines[at], "field_count" if STARTS.match(lines[at].text) else "no_match")
        at = end


def _quoted(lines: Sequence[Line], at: int) -> tuple[int, Entry | None]:
    found, text, place = list[str](), lines[at].text.decode("utf-8", "replace"), 0
    while place < len(text) and (cell := _QUOTED.match(text, place)):
        found.append(cell[1])
        place = cell.end()
    try:
        cells = [orjson.loads(cell) if cell else "" for cell in found]
    except orjson.JSONDecodeError:
        return at + 1, None
    is_audit = len(cells) > _OF_HEAD and cells[_OF_HEAD] in ("SESSION", "OBJECT")
    rest = cells[_OF_HEAD + (_OF_AUDIT if is_audit else 1) :]
    if place < len(text) or len(rest) < 9 or not lines[at].is_whole:
        return at + 1, None
    message = _message(cells[_OF_HEAD : _OF_HEAD + 7], cells[_OF_HEAD + 7]) if is_audit else cells[_OF_HEAD]
    return at + 1, _entry(lines[at : at + 1], cells, message, rest[8], is_made_up=is_raised(rest[4], rest[5]))


def _message(cells: Sequence[str], content: str) -> str:
    written = StringIO()
    csv.writer(written, lineterminator="").writerow(cells)
    return f"AUDIT: {written.getvalue()},{content}"


def _plain(lines: Sequence[Line], at: int) -> tuple[int, Entry | None]:
    first = lines[at].text.decode("utf-8", "replace")
    cells = first.split(",", _OF_HEAD)
    if not _BEGINS_AUDIT.match(cells[_OF_HEAD]):
        return at + 1, _entry(lines[at : at + 1], cells, cells[_OF_HEAD], "", is_made_up=False)
    quotes, end = 0, at
    while end < min(len(lines), at + _MOST_LINES):
        quotes += lines[end].text.count(b'"')
        end += 1
        if quotes % 2 == 0:
            break
    behind = b"\n".join(line.text for line in lines[at:end]).decode("utf-8", "replace").split(",", _OF_HEAD)[_OF_HEAD]
    if (audit := _AUDIT.match(behind)) is None or not all(line.is_whole for line in lines[at:end]):
        return at + 1, None
    end = at + 1 + audit[0].count("\n")
    rest = behind[audit.end() :].split("\n")[0]
    while not rest.startswith(_NO_CONTEXT) and end < len(lines) and not STARTS.match(lines[end].text):
        end += 1
    context, (_, _, application) = rest[len(_NO_CONTEXT) - 1 :], lines[end - 1].text.decode("utf-8", "replace").rpartition(",")
    return end, _entry(lines[at:end], cells, f"AUDIT: {audit[0]}", application, is_made_up=is_raised(context, None))


def _entry(lines: Sequence[Line], cells: Sequence[str], message: str, application: str, *, is_made_up: bool) -> Entry:
    first = lines[0].places[0]
    place = Place(first.line_number, first.byte_offset, b"\n".join(line.text for line in lines))
    return Entry(
        place, sum(len(line.places) for line in lines), cells[0], cells[5], cells[1] or None, cells[2] or None, application or None, "LOG", cells[9], message, is_raised=is_made_up,
    )  # fmt: skip
