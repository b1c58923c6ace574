"""AWS CloudTrail: data events are accesses; the actor is in userIdentity, stamps are whole seconds, an errorCode marks a denied attempt."""

import re
from dataclasses import replace
from typing import Any

from dagster_project.reading.accesses import reader
from dagster_project.reading.accesses.attestations import Attestation
from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.events import Events, Given
from dagster_project.reading.accesses.fields import acting, at, count, flag, object_at, text_at, texts_at, utc, words
from dagster_project.reading.accesses.reader import Form, adapter
from dagster_project.reading.accesses.services import digests
from dagster_project.reading.accesses.services.actions import action
from dagster_project.reading.files import Body

OTHERS = ("management_event", "key_or_secret", "insight_event", "digest", "public_keys", "signature")
# These are data events whatever an entry says: before version 1.07 it says nothing, and what somebody wrote or mapped may say another category.
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
# What reaches data whatever category an entry says: queries and what they answer, exports, archives, logs, pages that show data, the people of a
# directory of customers and what they said to an agent, commands and consoles of machines and containers.
_REACHING = {
    "athena.amazonaws.com": ("StartQueryExecution", "GetQueryResults", "GetQueryResultsStream", "StartCalculationExecution"),
    "cognito-idp.amazonaws.com": (
        "AdminCreateUser", "AdminDeleteUser", "AdminDeleteUserAttributes", "AdminGetUser", "AdminListDevices", "AdminListUserAuthEvents", "AdminSetUserPassword",
        "AdminUpdateUserAttributes", "ListUsers", "ListUsersInGroup",
    ),
    "connect.amazonaws.com": (
        "DescribeContact", "GetAttachedFile", "GetContactAttributes", "ListContactReferences", "ListRealtimeContactAnalysisSegments", "ListRealtimeContactAnalysisSegmentsV2",
        "MonitorContact", "SearchContacts", "UpdateContactAttributes",
    ),
    "dynamodb.amazonaws.com": ("ExportTableToPointInTime",),
    "ec2-instance-connect.amazonaws.com": ("OpenTunnel", "SendSSHPublicKey", "SendSerialConsoleSSHPublicKey"),
    "ec2.amazonaws.com": ("CreateStoreImageTask", "ExportImage", "GetConsoleOutput", "GetConsoleScreenshot"),
    "ecs.amazonaws.com": ("ExecuteCommand",),
    "glacier.amazonaws.com": ("DeleteArchive", "GetJobOutput", "InitiateJob", "UploadArchive"),
    "glue.amazonaws.com": ("GetStatement", "RunStatement"),
    "logs.amazonaws.com": ("FilterLogEvents", "GetLogEvents", "GetLogObject", "GetLogRecord", "GetQueryResults", "StartLiveTail", "StartQuery"),
    "macie2.amazonaws.com": ("GetSensitiveDataOccurrences",),
    "profile.amazonaws.com": (
        "BatchGetProfile", "CreateProfile", "DeleteProfile", "DeleteProfileObject", "GetMatches", "GetProfileHistoryRecord", "GetSimilarProfiles", "ListProfileHistoryRecords",
        "ListProfileObjects", "MergeProfiles", "PutProfileObject", "SearchProfiles", "UpdateProfile",
    ),
    "quicksight.amazonaws.com": ("GetAnalysis", "GetDashboard", "QueryDatabase"),
    "rds.amazonaws.com": ("DownloadCompleteDBLogFile", "DownloadDBLogFilePortion"),
    "rdsdata.amazonaws.com": ("ExecuteStatement", "BatchExecuteStatement", "ExecuteSql"),
    "redshift-data.amazonaws.com": ("ExecuteStatement", "BatchExecuteStatement", "GetStatementResult", "GetStatementResultV2"),
    "ssm-guiconnect.amazonaws.com": ("StartConnection",),
    "ssm.amazonaws.com": ("GetCommandInvocation", "ResumeSession", "SendCommand", "StartSession"),
}  # fmt: skip
# Keys and secrets open what is read elsewhere, and is told there.
_OPENING = {
    "ec2.amazonaws.com": re.compile(r"GetPasswordData"),
    "kms.amazonaws.com": re.compile(r"(Re)?Encrypt|Decrypt|Generate(DataKey|Mac|Random)\w*|Sign|Verify(Mac)?|DeriveSharedSecret"),
    "secretsmanager.amazonaws.com": re.compile(r"(Batch)?GetSecretValue"),
    "ssm.amazonaws.com": re.compile(r"GetParameter(s|sByPath|History)?"),
}
_EXPORTING = re.compile(r"(Create|Start)\w*Export(Job|Task)")  # of any service
_ACTIVITY = "ActivityAuditLog"  # what an application of one's own, or of a partner, wrote into CloudTrail Lake
# What the page of the event history calls a field.
_RENAMED = {
    "AWS region": "awsRegion", "Error code": "errorCode", "Event ID": "eventID", "Event category": "eventCategory", "Event name": "eventName", "Event source": "eventSource",
    "Event time": "eventTime", "Event type": "eventType", "Read-only": "readOnly", "Recipient Account Id": "recipientAccountId", "Request ID": "requestID",
    "Resources": "resources", "Source IP address": "sourceIPAddress", "User agent": "userAgent", "User name": "userName",
}  # fmt: skip
_KNOWN = words("""
    addendum additionalEventData annotation apiVersion awsRegion edgeDeviceDetails errorCode errorMessage eventCategory eventContext eventData eventID eventName
    eventSource eventTime eventType eventVersion managementEvent metadata readOnly recipientAccountId requestID requestParameters resources responseElements
    serviceEventDetails sessionCredentialFromConsole sharedEventID sourceIPAddress tlsDetails userAgent userIdentity userName vpcEndpointAccountId vpcEndpointId
""")


def other(entry: Fields) -> str | None:
    """Return the name of an entry that reaches no data; None for an access."""
    category, source, name = (text_at(entry, field) for field in ("eventCategory", "eventSource", "eventName"))
    if category == "Insight" or "insightDetails" in entry:
        return "insight_event"
    reaches = any(name in operations.get(source or "", ()) for operations in (_DATA_EVENTS, _REACHING))
    if category in ("Data", _ACTIVITY) or reaches or _EXPORTING.fullmatch(name or ""):
        return None
    if (opening := _OPENING.get(source or "")) is not None and opening.fullmatch(name or ""):
        return "key_or_secret"
    if category in (None, "NetworkActivity"):  # of which there is any call through an end point, of whatever kind
        is_management = flag(at(entry, "managementEvent")) if category is None else None
        is_known = source is not None and not source.startswith("aws:") and name is not None
        return "management_event" if is_management or (is_management is None and is_known) else None
    return "management_event"


def event(entry: Fields, _: Given) -> dict[str, Any]:
    """Return the native columns; none for a notification of another service (`aws:s3`) or an unreadable carrier.

    A call across accounts is logged in both under one shared id and is one access; a copy that names nobody stands for itself.
    """
    if (text_at(entry, "eventSource") or "").startswith("aws:"):
        return {}
    if text_at(entry, "eventCategory") == _ACTIVITY and (activity := object_at(entry, "eventData")):
        entry = {**activity, "eventID": text_at(entry, "eventID")}
    names, name = actors(entry), text_at(entry, "eventName") or ""
    shared = text_at(entry, "sharedEventID")
    if shared is not None and text_at(entry, "userIdentity.type") == "AWSAccount":
        shared = None
    return {
        "event_id": shared or text_at(entry, "eventID"),
        "is_part": shared is not None,
        **acting(names),
        "occurred_at": utc(text_at(entry, "eventTime", "@timestamp")),  # as a shipper moves it
        "action": _action(entry, name),
        "bytes": count(at(entry, "additionalEventData.bytesTransferredOut")),
        "outcome": "denied" if text_at(entry, "errorCode") else "ok",
        "request_id": text_at(entry, "requestID"),
    }


def _action(entry: Fields, name: str) -> str | None:
    """Return what was done, by its name; where that does not tell, AWS may say that nothing was changed."""
    told = "export" if "Export" in name else action(name)
    return "read" if told == name and flag(at(entry, "readOnly")) else told


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


def read(body: Body, given: Given) -> Events:
    """Return the events of a log file, with its hash, by which a digest vouches for it; or what a file beside the log files says."""
    if (beside := digests.read(body, given)) is not None:
        return beside
    events = reader.read(body, given, _FORM)
    return replace(events, attestations=(Attestation("file", given.name, body.digest()),))


_FORM = Form("cloudtrail", event, other, _KNOWN, (frozenset({"eventTime", "eventName"}),), renamed=_RENAMED)
_MARKS = (
    rb"(?i)\beventVersion\b|\buserIdentity\b|\bdigestS3Object\b|\bAWS access key\b",
    rb"(?i)\bevent ?Source\b|\bdigestStartTime\b",
    rb"(?i)\bevent ?Time\b|\bdigestEndTime\b|@timestamp\b",
)
ADAPTER = replace(adapter(_FORM, *_MARKS, whole_seconds=True), read=read)
