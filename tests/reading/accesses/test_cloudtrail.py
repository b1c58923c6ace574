"""CloudTrail's entries of every version, category and carrier: who reached data, what came of it, and what reached none."""

import base64
import csv
import gzip
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dagster_project.errors import InputError
from dagster_project.reading.accesses import packed
from dagster_project.reading.accesses.adapters import ADAPTERS, beginning, chosen
from dagster_project.reading.accesses.events import Events, Given
from dagster_project.reading.accesses.structs import struct
from dagster_project.reading.files import Body, Found
from dagster_project.settings import Source

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
AMY = {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": "arn:aws:iam::111122223333:user/amy", "accountId": "111122223333", "userName": "amy"}
ENTRY: dict[str, Any] = {
    "eventVersion": "1.11", "userIdentity": AMY, "eventTime": "2026-03-10T12:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "awsRegion": "eu-central-1",
    "sourceIPAddress": "192.0.2.7", "userAgent": "[aws-cli/2.15]", "requestParameters": {"bucketName": "records", "key": "C1/invoice/r1"}, "responseElements": None,
    "requestID": "RQ1", "eventID": "e1", "readOnly": True, "eventType": "AwsApiCall", "managementEvent": False, "recipientAccountId": "111122223333", "eventCategory": "Data",
}  # fmt: skip
OLD = {"eventVersion": "1.02", "eventCategory": None, "managementEvent": None, "readOnly": None, "recipientAccountId": None}
RECORDS = [{"where": {"requestParameters.bucketName": "records", "requestParameters.key": "{account_id}/{record_class}/{record_id}"}}]


def _entry(**changed: Any) -> dict[str, Any]:
    return {name: value for name, value in (ENTRY | changed).items() if value is not None}


def _read(body: bytes) -> Events:
    return ADAPTERS["cloudtrail"].read(Body.held(body), Given("cloudtrail", declared=Source.model_validate({"records": RECORDS})))


def _told(**changed: Any) -> Any:
    """Return action and outcome of an access, or the name of what is none."""
    read = _read(json.dumps(_entry(**changed)).encode() + b"\n")
    assert (read.rejects.num_rows, read.lines, read.unmapped) == (0, 1, ())
    rows = [(row["action"], row["outcome"]) for row in read.rows.to_pylist()]
    return rows[0] if rows else read.others["name"][0].as_py()


MANAGEMENT = {"eventCategory": "Management", "managementEvent": True}
THROUGH_END_POINT = {"eventCategory": "NetworkActivity", "eventType": "AwsVpceEvent", "vpcEndpointId": "vpce-1"}


@pytest.mark.parametrize(("changed", "expected"), [
    ({}, ("read", "ok")), ({"eventName": "HeadObject"}, ("read", "ok")), ({"eventName": "ListObjects"}, ("list", "ok")), ({"eventName": "PutObject"}, ("write", "ok")),
    ({"eventName": "DeleteObjects"}, ("delete", "ok")), ({"errorCode": "AccessDenied"}, ("read", "denied")), ({"errorCode": "NoSuchKey"}, ("read", "denied")),
    ({"errorCode": ""}, ("read", "ok")), (OLD, ("read", "ok")), (OLD | {"eventName": "ListObjects"}, ("list", "ok")), (OLD | {"eventName": "GetBucketAcl"}, "management_event"),
    (OLD | {"eventSource": "dynamodb.amazonaws.com", "eventName": "Scan"}, ("read", "ok")),
    (OLD | {"eventSource": "dynamodb.amazonaws.com", "eventName": "DescribeTable"}, "management_event"),
    (OLD | {"eventSource": "lambda.amazonaws.com", "eventName": "Invoke"}, ("Invoke", "ok")),
    (OLD | {"eventSource": "lambda.amazonaws.com", "eventName": "UpdateFunctionCode20150331v2"}, "management_event"),
    (OLD | {"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin", "eventType": "AwsConsoleSignIn"}, "management_event"),
    (MANAGEMENT | {"eventSource": "kms.amazonaws.com", "eventName": "Decrypt"}, "key_or_secret"),
    (MANAGEMENT | {"eventSource": "sts.amazonaws.com", "eventName": "AssumeRole"}, "management_event"),
    (MANAGEMENT | {"eventSource": "secretsmanager.amazonaws.com", "eventName": "GetSecretValue"}, "key_or_secret"),
    (MANAGEMENT | {"eventSource": "s3.amazonaws.com", "eventName": "ListBuckets"}, "management_event"),
    (MANAGEMENT | {"eventSource": "athena.amazonaws.com", "eventName": "GetQueryResults"}, ("read", "ok")),
    (MANAGEMENT | {"eventSource": "athena.amazonaws.com", "eventName": "StartQueryExecution", "readOnly": False, "errorCode": "AccessDenied"}, ("StartQueryExecution", "denied")),
    (MANAGEMENT | {"eventSource": "athena.amazonaws.com", "eventName": "ListWorkGroups"}, "management_event"),
    (MANAGEMENT | {"eventSource": "rds.amazonaws.com", "eventName": "StartExportTask"}, ("export", "ok")),
    (MANAGEMENT | {"eventSource": "dynamodb.amazonaws.com", "eventName": "ExportTableToPointInTime"}, ("export", "ok")),
    (MANAGEMENT | {"eventSource": "redshift-data.amazonaws.com", "eventName": "GetStatementResult"}, ("read", "ok")),
    (OLD | {"eventSource": "rdsdata.amazonaws.com", "eventName": "ExecuteStatement"}, ("ExecuteStatement", "ok")),
    ({"eventSource": "rdsdata.amazonaws.com", "eventName": "ExecuteStatement", "readOnly": False, "requestParameters": {"sql": "HIDDEN"}}, ("ExecuteStatement", "ok")),
    ({"eventSource": "bedrock.amazonaws.com", "eventName": "InvokeModel", "readOnly": False}, ("InvokeModel", "ok")),
    ({"eventCategory": "Insight", "insightDetails": {"state": "Start"}, "eventType": "AwsCloudTrailInsight", "userIdentity": None}, "insight_event"),
    (THROUGH_END_POINT, ("read", "ok")), (THROUGH_END_POINT | {"errorCode": "VpceAccessDenied"}, ("read", "denied")),
    (THROUGH_END_POINT | {"eventSource": "ec2.amazonaws.com", "eventName": "DescribeInstances"}, "management_event"),
    (THROUGH_END_POINT | {"eventSource": "cloudtrail.amazonaws.com", "eventName": "UpdateTrail"}, "management_event"),
    ({"eventCategory": "ConfigurationItem", "eventName": None}, "management_event"), (MANAGEMENT, ("read", "ok")),
    (MANAGEMENT | {"eventSource": "secretsmanager.amazonaws.com", "eventName": "BatchGetSecretValue", "errorCode": "AccessDenied"}, "key_or_secret"),
    (MANAGEMENT | {"eventSource": "secretsmanager.amazonaws.com", "eventName": "CreateSecret"}, "management_event"),
    (MANAGEMENT | {"eventSource": "kms.amazonaws.com", "eventName": "DescribeKey"}, "management_event"),
    (THROUGH_END_POINT | {"eventSource": "kms.amazonaws.com", "eventName": "GenerateDataKeyWithoutPlaintext"}, "key_or_secret"),
    (MANAGEMENT | {"eventSource": "ssm.amazonaws.com", "eventName": "StartSession", "readOnly": False}, ("StartSession", "ok")),
    (MANAGEMENT | {"eventSource": "ssm.amazonaws.com", "eventName": "SendCommand", "readOnly": False, "errorCode": "AccessDeniedException"}, ("SendCommand", "denied")),
    (MANAGEMENT | {"eventSource": "ssm.amazonaws.com", "eventName": "DescribeInstanceInformation"}, "management_event"),
    (MANAGEMENT | {"eventSource": "ecs.amazonaws.com", "eventName": "ExecuteCommand", "readOnly": False}, ("ExecuteCommand", "ok")),
    (MANAGEMENT | {"eventSource": "ec2-instance-connect.amazonaws.com", "eventName": "SendSSHPublicKey", "readOnly": False}, ("SendSSHPublicKey", "ok")),
    (MANAGEMENT | {"eventSource": "logs.amazonaws.com", "eventName": "FilterLogEvents"}, ("read", "ok")),
    (MANAGEMENT | {"eventSource": "logs.amazonaws.com", "eventName": "CreateExportTask", "readOnly": False}, ("export", "ok")),
    *((MANAGEMENT | {"eventSource": f"{source}.amazonaws.com", "eventName": name, "readOnly": is_read}, told) for source, name, is_read, told in (
        ("cognito-idp", "AdminGetUser", True, ("read", "ok")), ("cognito-idp", "ListUsers", True, ("list", "ok")),
        ("cognito-idp", "DescribeUserPool", True, "management_event"), ("cognito-idp", "AdminUpdateUserAttributes", False, ("write", "ok")),
        ("iam", "ListUsers", True, "management_event"),
        ("connect", "ListRealtimeContactAnalysisSegmentsV2", True, ("list", "ok")), ("connect", "GetContactAttributes", True, ("read", "ok")),
        ("connect", "MonitorContact", False, ("MonitorContact", "ok")), ("connect", "ListQueues", True, "management_event"),
        ("profile", "SearchProfiles", True, ("list", "ok")), ("profile", "ListProfileObjects", True, ("list", "ok")), ("profile", "ListDomains", True, "management_event"),
        ("glacier", "GetJobOutput", True, ("read", "ok")), ("glacier", "ListVaults", True, "management_event"), ("glue", "GetStatement", True, ("read", "ok")),
        ("macie2", "GetSensitiveDataOccurrences", True, ("read", "ok")), ("macie2", "GetFindings", True, "management_event"),
        ("glue", "RunStatement", False, ("read", "ok")), ("glue", "GetTable", True, "management_event"),
        ("athena", "StartCalculationExecution", False, ("StartCalculationExecution", "ok")),
        ("ssm-guiconnect", "StartConnection", False, ("StartConnection", "ok")), ("ssm-guiconnect", "GetConnection", True, "management_event"),
        ("ssm", "GetParameter", True, "key_or_secret"), ("ssm", "GetParametersByPath", True, "key_or_secret"), ("ssm", "PutParameter", False, "management_event"),
        ("healthlake", "StartFHIRExportJob", False, ("export", "ok")), ("personalize", "CreateDatasetExportJob", False, ("export", "ok")),
        ("ec2", "CreateInstanceExportTask", False, ("export", "ok")), ("personalize", "DescribeDatasetExportJob", True, "management_event"),
        ("logs", "CancelExportTask", False, "management_event"), ("ec2", "GetPasswordData", True, "key_or_secret"), ("ec2", "GetLaunchTemplateData", True, "management_event"),
    )),
    *((MANAGEMENT | {"eventSource": "quicksight.amazonaws.com", "eventName": name, "eventType": "AwsServiceEvent", "readOnly": False}, told) for name, told in (
        ("GetDashboard", ("read", "ok")), ("QueryDatabase", ("read", "ok")), ("UpdateDashboardAccess", "management_event"),
    )),
    ({"eventSource": "qbusiness.amazonaws.com", "eventName": "ChatSync"}, ("read", "ok")), ({"eventName": "RestoreObject", "readOnly": False}, ("write", "ok")),
    ({"eventName": "RenameObject", "readOnly": False}, ("write", "ok")),
])  # fmt: skip
def test_what_reaches_data(changed: dict[str, Any], expected: Any) -> None:
    """Data events do, and queries, exports, logs and consoles, whatever their category; signing in, keys, secrets, roles and settings do not."""
    if "insightDetails" in changed:
        assert _read(json.dumps(_entry(**changed)).encode() + b"\n").others["name"].to_pylist() == [expected]
    else:
        assert _told(**changed) == expected


ROLE = {
    "type": "AssumedRole", "principalId": "AROAEXAMPLE:amy@example.com", "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Support_1/amy@example.com",
    "accountId": "111122223333", "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "AWSReservedSSO_Support_1"}},
}  # fmt: skip


@pytest.mark.parametrize(("identity", "actor"), [
    (ROLE, "amy@example.com"), ({"type": "IdentityCenterUser", "accountId": "111122223333", "onBehalfOf": {"userId": "u-1", "identityStoreArn": "x"}}, "u-1"),
    ({"type": "AWSAccount", "principalId": "AROAEXAMPLE:amy", "accountId": "444455556666"}, "amy"),
    ({"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}, "ANONYMOUS_PRINCIPAL"),
    ({"type": "AWSService", "invokedBy": "athena.amazonaws.com"}, "athena.amazonaws.com"),
    ({"type": "Root", "principalId": "111122223333", "accountId": "111122223333"}, "111122223333"),
    ({"type": "SAMLUser", "principalId": "x=:amy", "userName": "amy", "identityProvider": "x"}, "amy"), (AMY | {"invokedBy": "athena.amazonaws.com"}, "amy"),
])  # fmt: skip
def test_the_person_behind_each_identity(identity: dict[str, Any], actor: str) -> None:
    """Who signed in, not what role that gave."""
    assert _read(json.dumps(_entry(userIdentity=identity)).encode() + b"\n").rows["actor"].to_pylist() == [actor]


def test_a_call_across_accounts_is_one_access() -> None:
    """Both accounts log it under an id of each and one that they share; the copy that names nobody stands for itself."""
    copies = [_entry(eventID=name, sharedEventID="shared", recipientAccountId=account) for name, account in (("e1", "111122223333"), ("e2", "444455556666"))]
    bare = _entry(eventID="e3", sharedEventID="shared", userIdentity={"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "111122223333"})
    rows = _read(b"".join(json.dumps(entry).encode() + b"\n" for entry in (*copies, bare))).rows
    assert (rows["event_id"].to_pylist(), rows["is_part"].to_pylist()) == (["shared", "shared", "e3"], [True, True, False])


def _as_struct(value: Any) -> str:
    """Return a value as engines of SQL write it in a cell."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name.lower()}={_as_struct(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_as_struct, value)) + "]"
    return "null" if value is None else str(value)


LAKE = {
    "eventVersion": "1.11", "userIdentity": _as_struct(ROLE | {"invokedBy": None}), "eventTime": "2026-03-10 12:00:00.000", "eventSource": "s3.amazonaws.com",
    "eventName": "GetObject", "requestParameters": "{bucketName=records, key=C1/invoice/r1}", "eventID": "e1", "readOnly": "true", "managementEvent": "false",
    "eventCategory": "Data", "resources": "[{accountid=null, type=AWS::S3::Object, arn=arn:aws:s3:::records/C1/invoice/r1}]",
}  # fmt: skip


def _csv(row: dict[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, [name.lower() for name in row], quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerow({name.lower(): value for name, value in row.items()})
    return out.getvalue().encode()


ANSWER = {"QueryStatus": "FINISHED", "QueryStatistics": {"ResultsCount": 1}, "QueryResultRows": [[{name: value} for name, value in LAKE.items()]], "NextToken": "x"}


@pytest.mark.parametrize("body", [
    json.dumps(ANSWER, indent=1).encode(), json.dumps(ANSWER).encode() + b"\n",
    _csv(LAKE),
    json.dumps({name.lower(): value for name, value in LAKE.items()}).encode() + b"\n",
])  # fmt: skip
def test_rows_of_a_query_over_the_trail(body: bytes) -> None:
    """CloudTrail Lake and Athena answer with texts: structs without quotes, stamps without a zone."""
    (row,) = _read(body).rows.to_pylist()
    assert [row[name] for name in ("event_id", "actor", "occurred_at", "account_id", "record_id", "outcome")] == ["e1", "amy@example.com", NOON, "C1", "r1", "ok"]
    assert chosen("elsewhere", Source(), body) is ADAPTERS["cloudtrail"]


def test_columns_that_a_query_took_out_of_the_identity() -> None:
    """`select userIdentity.arn, …` gives `arn`."""
    row = {name: value for name, value in LAKE.items() if name != "userIdentity"} | {"arn": ROLE["arn"], "principalId": ROLE["principalId"]}
    assert _read(json.dumps({"QueryResultRows": [[{name: value} for name, value in row.items()]]}).encode()).rows["actor"].to_pylist() == ["amy@example.com"]


ACTIVITY = {
    "version": "1.0", "userIdentity": {"type": "CustomUserIdentity", "principalId": "amy", "details": {"role": "support"}}, "userAgent": "x", "eventSource": "desk.example.com",
    "eventName": "ViewRecord", "eventTime": "2026-03-10T12:00:00Z", "UID": "u1", "requestParameters": {"bucketName": "records", "key": "C1/invoice/r1"}, "errorCode": None,
}  # fmt: skip
INTEGRATED = {
    "eventVersion": "1.0", "eventCategory": "ActivityAuditLog", "eventType": "ActivityLog", "eventID": "e1", "eventTime": "2026-03-10 12:07:00.000", "awsRegion": "eu-central-1",
    "recipientAccountId": "111122223333", "addendum": None, "metadata": {"ingestionTime": "2026-03-10 12:07:01.000", "channelARN": "x"},
}  # fmt: skip


@pytest.mark.parametrize("activity", [ACTIVITY, json.dumps(ACTIVITY), _as_struct(ACTIVITY)])
def test_what_an_application_wrote_into_the_lake(activity: Any) -> None:
    """It is no management of AWS: a desk of one's own logs who saw which record, and when stands within."""
    (row,) = _read(json.dumps(INTEGRATED | {"eventData": activity}).encode() + b"\n").rows.to_pylist()
    assert [row[name] for name in ("event_id", "actor", "occurred_at", "action", "outcome")] == ["e1", "amy", NOON, "read", "ok"]
    (denied,) = _read(json.dumps(INTEGRATED | {"eventData": ACTIVITY | {"errorCode": "Forbidden"}}).encode() + b"\n").rows.to_pylist()
    assert denied["outcome"] == "denied"


def test_a_history_of_events_that_was_downloaded() -> None:
    """The page gives its columns names of their own; what it lists is management, a query may be among it."""
    names = "User name,AWS access key,Event time,Event source,Event name,AWS region,Source IP address,User agent,Error code,Resources,Request ID,Event ID,Read-only"
    lines = [
        "amy,AKIAEXAMPLE,2026-03-10T12:00:00Z,athena.amazonaws.com,GetQueryResults,eu-central-1,192.0.2.7,x,,[],RQ1,e1,true",
        "amy,AKIAEXAMPLE,2026-03-10T12:00:00Z,iam.amazonaws.com,CreateUser,eu-central-1,192.0.2.7,x,AccessDenied,[],RQ2,e2,false",
    ]
    body = "\n".join([names, *lines, ""]).encode()
    read = _read(body)
    assert [(row["event_id"], row["actor"], row["occurred_at"], row["action"]) for row in read.rows.to_pylist()] == [("e1", "amy", NOON, "read")]
    assert (read.others["name"].to_pylist(), read.rejects.num_rows, chosen("elsewhere", Source(), body)) == (["management_event"], 0, ADAPTERS["cloudtrail"])


def test_a_shipper_may_have_moved_the_time() -> None:
    """Logstash's codec of CloudTrail makes its own stamp of it."""
    moved = _entry(eventTime=None) | {"@timestamp": "2026-03-10T12:00:00.000Z", "@version": "1"}
    body = json.dumps(moved).encode() + b"\n"
    assert _read(body).rows["occurred_at"].to_pylist() == [NOON]
    assert chosen("elsewhere", Source(), body) is ADAPTERS["cloudtrail"]


@pytest.mark.parametrize(("text", "expected"), [
    ("{a=1, b={c=x y, d=}, e=null, f=[{g=h}, i]}", {"a": "1", "b": {"c": "x y", "d": None}, "e": None, "f": [{"g": "h"}, "i"]}), ("{}", {}), ("[]", []),
    ("{key=a, b, c}", {"key": "a, b, c"}), ("{name=x=y,z@example.com, b=1}", {"name": "x=y,z@example.com", "b": "1"}),
    ("{bucketname=a, key=x, bucketname=b}", None), ("{key=a}b}", None), ("{key={a}", None), ("{", None), ("{a", None), ("plain", None), ("{=}", None), ("{a=" * 40, None),
])  # fmt: skip
def test_structs_of_a_cell(text: str, expected: Any) -> None:
    """What could be read in two ways is nothing: whoever chose the name of an object chose no other field by it."""
    assert struct(text) == expected


SUBSCRIBED = json.dumps({"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": [{"id": "1", "timestamp": 1, "message": json.dumps(ENTRY)}]}).encode()
PACKED = base64.b64encode(gzip.compress(SUBSCRIBED))


WRAPPED = base64.encodebytes(gzip.compress(SUBSCRIBED))


@pytest.mark.parametrize(("body", "count"), [
    (PACKED, 1), (PACKED + b"\r\n", 1), (WRAPPED, 1), (b"\xef\xbb\xbf" + PACKED, 1), (b"\n".join([PACKED] * 3), 3), (WRAPPED + WRAPPED, 2),
])  # fmt: skip
def test_a_subscription_that_was_kept_as_it_came(body: bytes, count: int, tmp_path: Path) -> None:
    """CloudWatch hands on gzip in base64, with or without line ends."""
    assert _read(body).rows["event_id"].to_pylist() == ["e1"] * count
    path = tmp_path / "payload"
    path.write_bytes(body)
    assert chosen("elsewhere", Source(), beginning(Found("access_events", "elsewhere", path))) is ADAPTERS["cloudtrail"]


@pytest.mark.parametrize("body", [PACKED[: len(PACKED) // 8 * 4], PACKED[:-5], PACKED + b"\n" + PACKED[:40], b"H4sI", b"H4sI\xff,b"])
def test_a_subscription_that_was_cut_refuses_its_file(body: bytes) -> None:
    """Nobody can tell what it held."""
    with pytest.raises(InputError, match="ends early"):
        _read(body)


def test_a_subscription_that_opens_to_too_much_refuses_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces that are small each, but many, would fill the memory all the same."""
    monkeypatch.setattr(packed, "MOST_BYTES", 2 * len(SUBSCRIBED) + 1)
    assert _read(b"\n".join([PACKED] * 2)).rows.num_rows == 2
    with pytest.raises(InputError, match="opens to more than"):
        _read(b"\n".join([PACKED] * 3))
