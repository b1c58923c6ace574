"""Lines that are records of keys and values: JSON, logfmt (`key=value` between blanks) and LTSV (`label:value` between tabs)."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from dagster_project.reading.logs.records import json_lines
from dagster_project.reading.logs.records.json_lines import fields_of, has_request, row_of
from dagster_project.reading.logs.records.json_names import NAMES, Names
from dagster_project.reading.logs.values.row import Refused, Row, unescape

_PAIR = re.compile(r'([^\s="]{1,128})=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?:\s+|$)')
_LABEL = re.compile(r"[A-Za-z_][\w.-]{0,63}")
_LABELS = {"req": "request", "reqtime": "request_time", "reqtime_microsec": "duration_us", "forwardedfor": "forwarded_for"}
"""What LTSV calls otherwise than JSON does."""
_CALLER = "caller"
"""In JSON it tells zap, in pairs go-kit, whose numbers are no seconds."""


@dataclass(frozen=True)
class Notation:
    """A way to write records, one to a line.

    `begin`: what every record begins with, as a regular expression that automata can match. `read`: the row of a line (json_lines.read).
    `pairs`: its values by key; null of JSON, which json_columns.py loads itself.
    """

    begin: str
    read: Callable[[str, Names, str | None], Row]
    pairs: Callable[[str, Names], dict[str, object]] | None = None


@dataclass(frozen=True)
class Records:
    """How the records of a format are written, and what their keys mean."""

    notation: Notation
    names: Names = NAMES


def _logfmt_row(line: str, names: Names, stamp: str | None) -> Row:
    return row_of(line, fields_of(_logfmt_pairs(line, names), names), stamp, has_request)


def _ltsv_row(line: str, names: Names, stamp: str | None) -> Row:
    record = _ltsv_pairs(line, names)
    fields = fields_of(record, names)
    return row_of(line, {"request": "-", **fields} if "request" in record else fields, stamp or None, has_request)


def _logfmt_pairs(line: str, _: Names) -> dict[str, object]:
    """Return the values of a line of logfmt by key; raises Refused with no_match."""
    found: dict[str, object] = {}
    end = 0
    while not found or end < len(line):  # never looks for a pair behind what is none
        if not (pair := _PAIR.match(line, end)):
            raise Refused("no_match")
        if pair[1] != _CALLER:
            found[pair[1]] = unescape(pair[2]) if pair[2] is not None else pair[3]
        end = pair.end()
    return found


def _ltsv_pairs(line: str, names: Names) -> dict[str, object]:
    """Return the values of a line of LTSV by key, as JSON calls them; its `host` is the client where nothing else is. Raises Refused with no_match."""
    found = [pair.partition(":") for pair in line.split("\t")]
    if len(found) < 2 or not all(sign and _LABEL.fullmatch(label) for label, sign, _ in found):
        raise Refused("no_match")
    record: dict[str, object] = {_LABELS.get(label, label): unescape(value) for label, _, value in found}
    if "host" in record and not names.has_client(record):
        record["remote_host"] = record.pop("host")
    return record


JSON = Notation(r"^\{", json_lines.read)
LOGFMT = Notation(r'^[^\s="]+=', _logfmt_row, _logfmt_pairs)
LTSV = Notation(r"^[A-Za-z_][\w.-]*:[^\t]*\t", _ltsv_row, _ltsv_pairs)
