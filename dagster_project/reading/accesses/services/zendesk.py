"""Zendesk: support that assumes an account, exports, and requests of the access log are accesses; permission to assume one is a setting."""

import re
from typing import Any

from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.events import Given
from dagster_project.reading.accesses.fields import acting, is_refused, text_at, texts_at, utc, words
from dagster_project.reading.accesses.reader import Form, adapter
from dagster_project.reading.accesses.services.actions import action

OTHERS = ("setting_changed", "login")
_ASSUMED = re.compile(r"assum|impersonat", re.IGNORECASE)
_SETTING = ("create", "update", "destroy")
_RECORD = "ticket"  # of a customer's; all else that is made, changed and removed is how the account is set up
_GRAPHQL = {"query": "read", "mutation": "write"}
_METHODS = {"GET": "read", "HEAD": "read", "POST": "write", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
_KNOWN = words("""
    action action_label actor_id actor_name change_description created_at fields graphql id ip_address method operation_name originated_by query source_id source_label source_type
    status timestamp url user_agent user_id
""")


def other(entry: Fields) -> str | None:
    """Return the name of an entry that reaches no record; None for an access."""
    kind = text_at(entry, "action")
    if kind in _SETTING and text_at(entry, "source_type") != _RECORD:
        return "setting_changed"
    return "login" if kind == "login" and not _is_assumed(entry) else None


def event(entry: Fields, _: Given) -> dict[str, Any]:
    """Return the native columns, of the audit log or of the access log."""
    names = texts_at(entry, "actor_id", "user_id", "actor_name")
    method, operation = text_at(entry, "method") or "", (text_at(entry, "graphql.operation_type") or "").lower()
    return {
        "event_id": text_at(entry, "id"),
        **acting(names),
        "occurred_at": utc(text_at(entry, "created_at", "timestamp")),
        "action": "impersonate" if _is_assumed(entry) else _GRAPHQL.get(operation) or _METHODS.get(method) or action(text_at(entry, "action")),
        "outcome": "denied" if is_refused(text_at(entry, "status")) else "ok",
    }


def _is_assumed(entry: Fields) -> bool:
    return any(_ASSUMED.search(told) for told in texts_at(entry, "source_type", "source_label", "change_description", "action_label", "action"))


_WHOLE = (frozenset({"action", "created_at"}), frozenset({"method", "timestamp", "url"}))
ADAPTER = adapter(
    Form("zendesk", event, other, _KNOWN, _WHOLE), rb'"source_(label|id)"\s*:|"access_logs"\s*:|"originated_by"\s*:', rb'"actor_id"\s*:|"user_id"\s*:', whole_seconds=True
)
