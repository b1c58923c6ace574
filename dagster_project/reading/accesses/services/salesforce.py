"""Salesforce: logins of staff as a customer's user, from event log files (CSV) and event objects (JSON); hourly files are issued repeatedly."""

import re
from dataclasses import replace
from functools import partial
from typing import Any

from dagster_project.reading.accesses import reader
from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.events import Events, Given
from dagster_project.reading.accesses.fields import acting, text_at, texts_at, utc, words
from dagster_project.reading.accesses.reader import Form, adapter
from dagster_project.reading.accesses.services.page_stamps import is_day_first, page_stamp
from dagster_project.reading.files import Body
from dagster_project.reading.rows import blocks

OTHERS = ("not_login_as",)
_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?", re.ASCII)
_KNOWN = words("""
    Action ActualUserIdentifier AdditionalInfo API_TYPE API_VERSION Application attributes Browser BROWSER_TYPE CLIENT_IP ClientIp CPU_TIME CpuTime CreatedBy CreatedByContext
    CreatedById CreatedByIssuer CreatedDate Date DB_TOTAL_TIME DELEGATED_USER_ID DELEGATED_USER_ID_DERIVED DELEGATED_USER_NAME DelegatedOrganizationId DelegatedUserId
    DelegatedUserIdentifier DelegatedUserName DelegatedUsername DelegateUser Display EvaluationTime EVENT_TYPE EventDate EventIdentifier EventType EventUuid Id LOGIN_KEY
    LoginAsCategory LoginHistoryId LoginKey LoginType LoginUrl METHOD_NAME ORGANIZATION_ID OrganizationId Platform PLATFORM_TYPE PolicyId PolicyOutcome RelatedEventIdentifier
    ReplayId REQUEST_ID REQUEST_STATUS RequestIdentifier ResponsibleNamespacePrefix RUN_TIME RunTime Section SESSION_KEY SessionKey SessionLevel SourceIp Status TargetUrl
    TIMESTAMP Timestamp TIMESTAMP_DERIVED URI Uri URI_ID_DERIVED User USER_AGENT USER_ID USER_ID_DERIVED USER_NAME USER_TYPE UserId UserIdentifier Username UserType
""")
_TYPES = re.compile(r"LoginAs(Event)?(Stream|Log|Store)?", re.IGNORECASE)
_BY_DELEGATE = (
    "DELEGATED_USER_ID_DERIVED", "DELEGATED_USER_ID", "DELEGATED_USER_NAME", "ActualUserIdentifier", "DelegatedUserId", "DelegatedUserIdentifier", "DelegatedUsername",
    "DelegatedUserName",
)  # fmt: skip
_BY_USER = ("DelegateUser", "Delegate User", "USER_ID_DERIVED", "USER_ID", "UserId", "Username", "CreatedById", "CreatedBy.Username", "User")
_SETUP = re.compile(r"su[A-Z]\w*Login|Logged in using Login-As.*", re.IGNORECASE)  # the action of SetupAuditTrail: somebody logged in as another


def other(entry: Fields) -> str | None:
    """Return the name of an entry that is no login as another user; one that names no kind is judged by its fields."""
    kind, setup = text_at(entry, "EVENT_TYPE", "EventType", "attributes.type"), text_at(entry, "Action", "ACTION")
    if setup is not None:
        return None if _SETUP.fullmatch(setup) else "not_login_as"
    if kind is None:
        return None if texts_at(entry, *_BY_DELEGATE, "LoginAsCategory") or not texts_at(entry, "LoginTime", "LoginType") else "not_login_as"
    return None if _TYPES.fullmatch(kind) else "not_login_as"


def event(entry: Fields, given: Given, *, day_first: bool | None = None) -> dict[str, Any]:
    """Return the native columns; the delegated user is who logged in, the user whom they logged in as.

    `day_first`: whether the stamps of a downloaded trail have the day before the month; None where that is unknown.
    """
    names = texts_at(entry, *_BY_DELEGATE) or texts_at(entry, *_BY_USER)
    stamp = _stamp(text_at(entry, "TIMESTAMP_DERIVED", "EventDate", "TIMESTAMP", "Timestamp", "CreatedDate"))
    if stamp is None and (shown := text_at(entry, "Date")) is not None:
        stamp = page_stamp(shown, given.zones.get(given.source), day_first=day_first) or _stamp(shown)
    request = text_at(entry, "REQUEST_ID", "RequestIdentifier", "Id")
    return {
        "event_id": text_at(entry, "EventIdentifier", "EventUuid") or (request and f"{request} {stamp}"),
        **acting(names),
        "occurred_at": stamp,
        "account_id": text_at(entry, "ORGANIZATION_ID", "OrganizationId"),
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


_WHOLE = (frozenset({"EVENT_TYPE"}), frozenset({"EventIdentifier", "EventDate"}), *(frozenset({"Action", name}) for name in ("CreatedDate", "Date")))
_FORM = Form("salesforce", event, other, _KNOWN, _WHOLE)
_MARKS = (
    rb"EVENT_TYPE|\bLoginAs|ActualUserIdentifier|DelegatedUsername|Delegate ?User",
    rb"ORGANIZATION_ID|OrganizationId|DELEGATED_USER|Delegated|LoginAs|CreatedById|Source Namespace Prefix",
)


def read(body: Body, given: Given) -> Events:
    """Return the events of a file; how its stamps are meant, all of them tell together."""
    with body.opened() as stream:
        day_first = is_day_first(block.body for block in blocks(stream))
    return reader.read(body, given, replace(_FORM, event=partial(event, day_first=day_first)))


ADAPTER = replace(adapter(_FORM, *_MARKS), read=read)
