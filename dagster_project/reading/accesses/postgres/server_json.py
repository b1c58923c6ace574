"""PostgreSQL's server log as JSON: its own jsonlog, and its csvlog as CloudNativePG, pgauditlogtofile and Supabase write it in JSON."""

from collections.abc import Iterable, Iterator

import orjson

from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.envelopes import Shape, unwrapped
from dagster_project.reading.accesses.fields import object_at, text, words
from dagster_project.reading.accesses.postgres import server_own_csv
from dagster_project.reading.accesses.postgres.server_entries import Entry, Found, Line, csv_of, refused

SHAPE = Shape(words("application_name error_severity log.source log_time logger logging_pod message pid record session_id sql_state_code state_code timestamp"))
_AUDIT = ("audit_type", "statement_id", "substatement_id", "class", "command", "object_type", "object_name")
_OPERATORS = frozenset({"level", "ts", "msg"})
_NOT_LOGGED = "<not logged>"  # by pgAudit, and in place of what is left out because it is empty


def is_entry(fields: Fields) -> bool:
    """Tell whether an object is an entry of the server, not something that carries one."""
    return "error_severity" in fields or _is_record(fields) or "custom.audit_type" in fields or bool(_of_supabase(fields))


def _is_record(fields: Fields) -> bool:
    """Tell whether an object is one of CloudNativePG's."""
    return any(name.startswith("logging_pod") for name in fields) or ("logger" in fields and "record" in fields)


def entries(lines: Iterable[Line]) -> Iterator[Found | None]:
    """Yield the entries of lines that hold an object each."""
    for line in lines:
        try:
            fields = orjson.loads(line.text)
        except orjson.JSONDecodeError:
            yield from refused(line, "json_error" if line.is_whole else "line_missing")
            continue
        if not isinstance(fields, dict):
            yield from refused(line, "json_not_object")
            continue
        entry = _entry(line, fields if "error_severity" in fields else _carried(fields))
        yield from refused(line, "field_missing") if entry is None else (entry,)


def _of_supabase(fields: Fields) -> Fields:
    """Return the cells of an entry that Supabase keeps apart from its message; none for anything else."""
    told = object_at(fields, "metadata.parsed")
    return {**told, "message": fields["event_message"]} if told and "event_message" in fields else {}


def _carried(fields: Fields) -> Fields:
    if supabase := _of_supabase(fields):
        return supabase
    found = unwrapped(fields, SHAPE)
    return found[0] if len(found) == 1 else {}


def _entry(line: Line, fields: Fields) -> Entry | None:
    told = record if isinstance(record := fields.get("record"), dict) else fields
    message = _audited(told) or _told(told, "message", "content")
    if message is None and record is None and (_is_record(fields) or fields.keys() >= _OPERATORS):  # what the operator itself writes, or the server before it has a log
        written = _told(fields, "msg") or ""
        message = None if "AUDIT: " in written or _AUDIT[0] in written else written
    stamp = _told(told, "timestamp", "log_time") or _told(fields, "ts")
    if message is None or stamp is None:
        return None
    return Entry(
        place=line.place,
        lines=len(line.places),
        stamp=stamp,
        session=_told(told, "session_id", "custom.session_id", "pid", "process_id") or "",
        user=_told(told, "user", "user_name", "db.user"),
        database=_told(told, "dbname", "database_name", "db.name"),
        application=_told(told, "application_name", "custom.application_name"),
        severity=_told(told, "error_severity") or "",
        state=_told(told, "state_code", "sql_state_code", "custom.state_code"),
        message=message,
        statement=_told(told, "statement", "query"),
        is_raised=_is_raised(told),
    )


def _is_raised(told: Fields) -> bool:
    return bool(_told(told, "context")) or server_own_csv.is_raised(_told(told, "custom.context"), _told(told, "custom.debug_query"))


def _told(fields: Fields, *names: str) -> str | None:
    """Return the first text that is not empty."""
    return next((found for name in names if (found := text(fields.get(name)))), None)


def _audited(told: Fields) -> str | None:
    """Return the message that pgAudit's fields were; None where there are none."""
    if text(told.get("custom.audit_type")):  # pgauditlogtofile, whose content is the statement and its parameters as they were
        return f"AUDIT: {csv_of([text(told.get(f'custom.{name}')) or '' for name in _AUDIT])},{text(told.get('content')) or ''}"
    audit = told.get("audit")
    if not isinstance(audit, dict):
        return None
    first = [text(audit.get(name)) or "" for name in _AUDIT]
    rest = [text(audit.get(name)) or _NOT_LOGGED for name in ("statement", "parameter")]
    return f"AUDIT: {csv_of([*first, *rest, *([rows] if (rows := text(audit.get('rows'))) else [])])}"
