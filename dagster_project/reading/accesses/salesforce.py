"""Salesforce: staff who log in as a customer's user, from event log files (CSV) and event objects (JSON); hourly files come again."""

import re
from typing import Any

from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.events import Given
from dagster_project.reading.accesses.fields import text_at, texts_at, utc, words
from dagster_project.reading.accesses.reader import Form, adapter

OTHERS = ("not_login_as",)
_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?", re.ASCII)
_KNOWN = words("""
    ActualUserIdentifier AdditionalInfo API_TYPE API_VERSION Application attributes Browser BROWSER_TYPE CLIENT_IP CPU_TIME CreatedDate DB_TOTAL_TIME
    DELEGATED_USER_ID DELEGATED_USER_ID_DERIVED DELEGATED_USER_NAME DelegatedOrganizationId DelegatedUserId DelegatedUsername EvaluationTime EVENT_TYPE EventDate
    EventIdentifier EventType EventUuid Id LOGIN_KEY LoginAsCategory LoginHistoryId LoginKey LoginType LoginUrl METHOD_NAME ORGANIZATION_ID OrganizationId Platform
    PLATFORM_TYPE PolicyId PolicyOutcome RelatedEventIdentifier ReplayId REQUEST_ID REQUEST_STATUS RUN_TIME SESSION_KEY SessionKey SessionLevel SourceIp Status
    TargetUrl TIMESTAMP Timestamp TIMESTAMP_DERIVED URI URI_ID_DERIVED USER_AGENT USER_ID USER_ID_DERIVED USER_NAME USER_TYPE UserId Username UserType
""")
_TYPES = re.compile(r"LoginAs(Event)?(Stream)?", re.IGNORECASE)


def other(entry: Fields) -> str | None:
    """Name an entry of another kind of event; one that says no kind is what it looks like."""
    kind = text_at(entry, "EVENT_TYPE", "EventType", "attributes.type")
    return "not_login_as" if kind and not _TYPES.fullmatch(kind) else None


def event(entry: Fields, _: Given) -> dict[str, Any]:
    """Return the native columns; the delegated user is who logged in, the user is whom they logged in as."""
    names = texts_at(entry, "DELEGATED_USER_ID_DERIVED", "DELEGATED_USER_ID", "DELEGATED_USER_NAME", "ActualUserIdentifier", "DelegatedUserId", "DelegatedUsername")
    names = names or texts_at(entry, "USER_ID_DERIVED", "USER_ID", "UserId", "Username")
    stamp, request = _stamp(text_at(entry, "TIMESTAMP_DERIVED", "EventDate", "TIMESTAMP", "Timestamp")), text_at(entry, "REQUEST_ID")
    return {
        "event_id": text_at(entry, "EventIdentifier", "EventUuid") or (request and f"{request} {stamp}"),
        "actor": names[0] if names else "",
        "actor_aliases": names[1:],
        "occurred_at": stamp,
        "account_id": text_at(entry, "ORGANIZATION_ID", "OrganizationId", "DelegatedOrganizationId"),
        "action": "impersonate",
        "outcome": "denied" if text_at(entry, "PolicyOutcome", "Status") in ("Block", "Denied", "Failed", "Failure") else "ok",
    }


def _stamp(written: str | None) -> str | None:
    """Return an ISO stamp; digits alone, and a stamp without a zone, are UTC."""
    if written is None:
        return None
    if found := _DIGITS.fullmatch(written):
        return "{}-{}-{}T{}:{}:{}{}Z".format(*(part or "" for part in found.groups()))
    return utc(written)


_FORM = Form("salesforce", event, other, _KNOWN)
ADAPTER = adapter(_FORM, rb"EVENT_TYPE|\bLoginAs|ActualUserIdentifier|DelegatedUsername", rb"ORGANIZATION_ID|OrganizationId|DELEGATED_USER|Delegated|LoginAs")
