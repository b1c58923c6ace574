"""OpenTelemetry's log records in JSON (its specification, "JSON Protobuf Encoding") as plain objects."""

from collections.abc import Iterator, Mapping
from typing import Any

from dagster_project.reading.accesses.fields import stamp_at

LIST = "resourceLogs"
_DEEPEST = 32


def records(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the records of a document: each with its body, its stamp and its attributes."""
    return [_record(each) for resource in _dicts(document.get(LIST)) for scope in _dicts(resource.get("scopeLogs")) for each in _dicts(scope.get("logRecords"))]


def _record(record: Mapping[str, Any]) -> dict[str, Any]:
    at = stamp_at(record, "timeUnixNano", "observedTimeUnixNano")
    return {**_pairs(record.get("attributes"), _DEEPEST), "body": _value(record.get("body"), _DEEPEST), "timestamp": at}


def _value(value: Any, deepest: int) -> Any:
    """Return what a typed value holds, bytes in base64 as they come."""
    if not isinstance(value, dict) or not deepest:
        return None
    if isinstance(listed := value.get("arrayValue"), dict):
        return [_value(each, deepest - 1) for each in _dicts(listed.get("values"))]
    if isinstance(pairs := value.get("kvlistValue"), dict):
        return _pairs(pairs.get("values"), deepest - 1)
    return next(iter(value.values()), None)


def _pairs(pairs: Any, deepest: int) -> dict[str, Any]:
    return {str(each.get("key")): _value(each.get("value"), deepest) for each in _dicts(pairs)}


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    return (each for each in (value if isinstance(value, list) else ()) if isinstance(each, dict))
