"""AWS CloudTrail: data events are accesses; who acted is in userIdentity, stamps are whole seconds, an errorCode is a denied attempt."""

import hashlib
from dataclasses import replace
from typing import Any

from dagster_project.reading.accesses import digests, reader
from dagster_project.reading.accesses.actions import action
from dagster_project.reading.accesses.attestations import Attestation
from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.events import Events, Given
from dagster_project.reading.accesses.fields import at, count, flag, text_at, texts_at, utc, words
from dagster_project.reading.accesses.reader import Form, adapter

OTHERS = ("management_event", "insight_event", "digest", "public_keys", "signature")
# Before version 1.07 an entry does not say its category; these are the data events of that time.
_DATA_EVENTS = {
    "s3.amazonaws.com": (
        "GetObject", "HeadObject", "PutObject", "CopyObject", "DeleteObject", "DeleteObjects", "ListObjects", "ListObjectsV2", "ListObjectVersions", "RestoreObject",
        "SelectObjectContent", "GetObjectAcl", "PutObjectAcl", "GetObjectAttributes", "GetObjectTagging", "GetObjectTorrent", "CreateMultipartUpload", "UploadPart",
        "UploadPartCopy", "CompleteMultipartUpload", "AbortMultipartUpload", "ListParts", "PostObject",
    ),
    "dynamodb.amazonaws.com": (
        "GetItem", "BatchGetItem", "TransactGetItems", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems", "Query", "Scan", "ExecuteStatement",
        "BatchExecuteStatement", "ExecuteTransaction", "GetRecords", "GetShardIterator",
    ),
    "lambda.amazonaws.com": ("Invoke",),
}  # fmt: skip
# What rows of a database come back by, or leave it, whatever category an entry says.
_QUERIES = {
    "athena.amazonaws.com": ("StartQueryExecution", "GetQueryResults", "GetQueryResultsStream"),
    "dynamodb.amazonaws.com": ("ExportTableToPointInTime",),
    "rds.amazonaws.com": ("StartExportTask",),
    "rdsdata.amazonaws.com": ("ExecuteStatement", "BatchExecuteStatement", "ExecuteSql"),
    "redshift-data.amazonaws.com": ("ExecuteStatement", "BatchExecuteStatement", "GetStatementResult", "GetStatementResultV2"),
}
_KNOWN = words("""
    addendum additionalEventData annotation apiVersion awsRegion edgeDeviceDetails errorCode errorMessage eventCategory eventContext eventID eventName
    eventSource eventTime eventType eventVersion managementEvent readOnly recipientAccountId requestID requestParameters resources responseElements
    serviceEventDetails sessionCredentialFromConsole sharedEventID sourceIPAddress tlsDetails userAgent userIdentity vpcEndpointAccountId vpcEndpointId
""")


def other(entry: Fields) -> str | None:
    """Name an entry that tells of no data."""
    category = text_at(entry, "eventCategory")
    if category == "Data":
        return None
    is_management = flag(at(entry, "managementEvent"))
    source, name = text_at(entry, "eventSource"), text_at(entry, "eventName")
    if category == "Insight" or "insightDetails" in entry:
        return "insight_event"
    if source and name in _QUERIES.get(source, ()):
        return None
    if category == "NetworkActivity":  # any call through an end point, of whatever kind
        is_management = None
    elif category is not None or is_management:
        return "management_event"
    if is_management is False or source is None or source.startswith("aws:") or name is None or name in _DATA_EVENTS.get(source, ()):
        return None
    return "management_event"


def event(entry: Fields, _: Given) -> dict[str, Any]:
    """Return the native columns; none of what is a notice of another service, `aws:s3`, or carries what cannot be opened.

    A call across accounts is logged in both, under a shared id: one access. The other's copy may name nobody; such a one stands for itself.
    """
    if (text_at(entry, "eventSource") or "").startswith("aws:"):
        return {}
    names, name = actors(entry), text_at(entry, "eventName") or ""
    shared = text_at(entry, "sharedEventID")
    if shared is not None and text_at(entry, "userIdentity.type") == "AWSAccount":
        shared = None
    return {
        "event_id": shared or text_at(entry, "eventID"),
        "is_part": shared is not None,
        "actor": names[0] if names else "",
        "actor_aliases": names[1:],
        "occurred_at": utc(text_at(entry, "eventTime")),
        "action": "export" if "Export" in name else action(name),
        "bytes": count(at(entry, "additionalEventData.bytesTransferredOut")),
        "outcome": "denied" if text_at(entry, "errorCode") else "ok",
        "request_id": text_at(entry, "requestID"),
    }


def actors(entry: Fields) -> list[str]:
    """Return the names of who acted, the closest to a person first: source identity, name of the session, user; then the role."""
    identity = at(entry, "userIdentity") or entry  # whose fields a query may have taken out of it
    session = (text_at(identity, "principalId") or "").partition(":")[2] or None
    arn = text_at(identity, "arn")
    by_arn = arn.rpartition("/")[2] if arn and "/" in arn else None
    names = [
        text_at(identity, "sessionContext.sourceIdentity", "sourceIdentity"),
        text_at(identity, "onBehalfOf.userId") if text_at(identity, "type") == "IdentityCenterUser" else None,
        session,
        text_at(identity, "userName"),
        by_arn,
        arn,
        *texts_at(identity, "onBehalfOf.userId", "sessionContext.sessionIssuer.userName", "principalId", "invokedBy"),
    ]
    return list(dict.fromkeys(name for name in names if name)) or texts_at(identity, "accountId")


def read(body: bytes, given: Given) -> Events:
    """Return the events of a log file, with its hash, by which a digest vouches for it; or what a file beside the log files says."""
    if (beside := digests.read(body, given)) is not None:
        return beside
    events = reader.read(body, given, _FORM)
    return replace(events, attestations=(Attestation("file", given.name, hashlib.sha256(body).hexdigest()),))


_FORM = Form("cloudtrail", event, other, _KNOWN, (frozenset({"eventTime", "eventName"}),))
_MARKS = (rb"(?i)\beventVersion\b|\buserIdentity\b|\bdigestS3Object\b", rb"(?i)\beventSource\b|\bdigestStartTime\b", rb"(?i)\beventTime\b|\bdigestEndTime\b")
ADAPTER = replace(adapter(_FORM, *_MARKS, whole_seconds=True), read=read)
