"""OCSF: API activity (6003), datastore activity (6005), user access management (3005) and their like."""

import re
from typing import Any

from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.events import Given
from dagster_project.reading.accesses.fields import acting, at, count, is_refused, stamp_at, text_at, texts_at, utc, words
from dagster_project.reading.accesses.reader import Form, adapter
from dagster_project.reading.accesses.services import cloudtrail
from dagster_project.reading.accesses.services.actions import action
from dagster_project.reading.accesses.services.teleport_kinds import is_discovery

OTHERS = ("other_class", "session", "login", "management_event", "insight_event", "key_or_secret", "metadata_read")
_CLASSES = {
    "3005": {"1": "assign_privileges", "2": "revoke_privileges", "3": "assign_role", "4": "remove_role"},
    "6001": {"1": "write", "2": "read", "3": "write", "4": "delete", "5": "list", "6": "import", "7": "export", "8": "share"},
    "6003": {"1": "write", "2": "read", "3": "write", "4": "delete"},
    "6004": {"1": "grant", "2": "deny", "3": "revoke", "4": "error"},
    "6005": {"1": "read", "2": "write", "4": "read", "5": "write", "6": "write", "7": "delete", "8": "list", "9": "write", "10": "read"},
    "6006": {
        "1": "write", "2": "read", "3": "write", "4": "delete", "5": "write", "6": "write", "7": "write", "8": "write", "9": "read", "12": "share", "14": "read", "15": "read",
    },
}  # fmt: skip
_SESSION = re.compile(r"A[A-Z0-9]{3,}:(.+)|arn:aws[\w-]*:sts::\d*:assumed-role/[^/]+/(.+)")
_BEHIND = ("actor.process.user.name", "actor.process.user.uid", "actor.invoked_by", "actor.app_name", "actor.session.issuer")  # where no user is named
_CONNECT, _NO_PERMISSION = ("6005", "3"), ("6004", "2")
_REFUSED = frozenset({"2", "6", "25", "26"})  # dispositions: blocked, dropped, rejected, unauthorized
_API = "6003"
_CLUSTER = re.compile(r"k8s|kubernetes|\beks\b", re.IGNORECASE)  # in the name of what logged a call
_REVIEW = re.compile(r"/apis/auth(?:orization|entication)\.k8s\.io/.*reviews\b.*")
_CATEGORIES = frozenset({"Data", "Management", "NetworkActivity"})  # of CloudTrail; where an entry is older than these, all of them are named
_KNOWN = words("""
    access_list access_mask accountid action action_id activity_id activity_name actor api app_name attacks authorizations category_name category_uid class_name class_uid cloud
    confidence confidence_id confidence_score connection_info count database databucket device disposition disposition_id dst_endpoint duration end_time end_time_dt enrichments
    eventday eventhour expiration_time file file_result firewall_rule http_request http_response is_alert malware message metadata observables osint policy privileges
    query_info raw_data raw_data_hash raw_data_size region resource resources risk_details risk_level risk_level_id risk_score severity severity_id share share_type
    share_type_id src_endpoint start_time start_time_dt status status_code status_detail status_id table time time_dt timezone_offset tls trace type type_id type_name type_uid
    unmapped user web_resources web_resources_result
""")


def other(entry: Fields) -> str | None:
    """Return the name of an entry whose class reaches no record; None for an access."""
    kind = _kind(entry)
    if kind is None:
        return None
    if kind == _API and text_at(entry, "metadata.product.name") == "CloudTrail":
        return cloudtrail.other(_as_cloudtrail(entry))
    if kind == _API and any(map(_CLUSTER.search, texts_at(entry, "metadata.product.name", "metadata.product.version", "metadata.product.feature.name"))):
        return _other_of_cluster(entry)
    if (kind, text_at(entry, "activity_id")) == _CONNECT:
        return None if _is_denied(entry) else "session"  # what is done in one is told by itself, that nobody was let in is told nowhere else
    return None if kind in _CLASSES else "login" if kind == "3002" else "other_class"


def _other_of_cluster(entry: Fields) -> str | None:
    """Return the name of a call to a cluster that asks for a secret, for what there is to ask for, or for what somebody may do."""
    path = text_at(entry, "http_request.url.path") or ""
    return "metadata_read" if is_discovery(path) or _REVIEW.fullmatch(path) else "key_or_secret" if "secrets" in texts_at(entry, "resources.type") else None


def _kind(entry: Fields) -> str | None:
    """Return the class; the number that user access management has now was that of API activity before version 1.0."""
    kind = text_at(entry, "class_uid")
    return _API if kind == "3005" and text_at(entry, "class_name") == "API Activity" else kind


def _as_cloudtrail(entry: Fields) -> Fields:
    """Return what an entry tells of the call that CloudTrail logged."""
    category = text_at(entry, "metadata.product.feature.name") or ""
    return {
        "eventCategory": "Insight" if category == "Insights" else category if category in _CATEGORIES else None,
        "eventSource": text_at(entry, "api.service.name"),
        "eventName": text_at(entry, "api.operation"),
    }


def event(entry: Fields, _: Given) -> dict[str, Any]:
    """Return the native columns."""
    kind, activity = _kind(entry) or "", text_at(entry, "activity_id") or ""
    names = texts_at(entry, *(f"{user}.{name}" for user in ("actor.user", "identity.user") for name in ("name", "uid", "email_addr", "uid_alt")))
    # Who took a role of AWS stands behind it.
    names = [*(found[1] or found[2] for name in names if (found := _SESSION.fullmatch(name))), *names]
    names += texts_at(entry, *_BEHIND) if not names else []
    return {
        "event_id": text_at(entry, "metadata.uid", "metadata.event_uid"),
        **acting(names),
        "occurred_at": utc(stamp_at(entry, "time", "time_dt")),
        "observed_at": utc(stamp_at(entry, "metadata.logged_time", "metadata.logged_time_dt")),
        "action": _CLASSES.get(kind, {}).get(activity) or action(text_at(entry, "api.operation", "activity_name")),
        "rows": count(at(entry, "query_info.rows_returned", "query_info.row_count")),
        "outcome": "denied" if _is_denied(entry) else "ok",
        "request_id": text_at(entry, "api.request.uid"),
    }


def _is_denied(entry: Fields) -> bool:
    status, number = (text_at(entry, "status") or "").lower(), text_at(entry, "status_id")
    is_told = status not in ("", "unknown") or number not in (None, "0")
    is_error = not is_told and (text_at(entry, "api.response.error") is not None or is_refused(text_at(entry, "api.response.code", "http_response.code")))
    if (_kind(entry), text_at(entry, "activity_id")) == _NO_PERMISSION or text_at(entry, "disposition_id") in _REFUSED:
        return True
    return is_error or "2" in (number, text_at(entry, "action_id")) or status in ("failure", "failed", "denied", "blocked")


ADAPTER = adapter(Form("ocsf", event, other, _KNOWN, (frozenset({"class_uid", "time"}), frozenset({"class_uid", "metadata"}))), rb"class_uid", rb"metadata|activity_id")
