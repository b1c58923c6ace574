"""Every entry of every source is an access, a named other thing, or refused by its place; who acted, when, and how it went is as the source says."""

import base64
import copy
import csv
import gzip
import hashlib
import io
import json
import re
import tomllib
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.errors import InputError
from dagster_project.reading.accesses.adapters import ADAPTERS, beginning, chosen
from dagster_project.reading.accesses.entries import listed
from dagster_project.reading.accesses.events import Events, Given
from dagster_project.reading.accesses.postgres import pgaudit
from dagster_project.reading.accesses.reader import NOT_SELECTED
from dagster_project.reading.accesses.services import cloudtrail, github, google, ocsf, okta, salesforce, teleport, zendesk
from dagster_project.reading.files import Body, Found
from dagster_project.reading.rows import BLOCK_BYTES, LONGEST_ROW_BYTES
from dagster_project.settings import Access, AccessFormat, Settings, Source

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MS = int(NOON.timestamp() * 1000)

CLOUDTRAIL: dict[str, Any] = {
    "eventVersion": "1.11", "eventTime": "2026-03-10T12:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "awsRegion": "eu-central-1",
    "sourceIPAddress": "192.0.2.7", "userAgent": "[aws-cli/2.15]", "eventID": "00000000-0000-4000-8000-000000000001", "requestID": "RQ1", "readOnly": True,
    "eventType": "AwsApiCall", "managementEvent": False, "eventCategory": "Data", "recipientAccountId": "111122223333",
    "userIdentity": {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": "arn:aws:iam::111122223333:user/amy", "accountId": "111122223333", "userName": "amy"},
    "requestParameters": {"bucketName": "customer-records", "key": "C1/invoice/r1", "Host": "customer-records.s3.example.com"}, "responseElements": None,
    "additionalEventData": {"bytesTransferredIn": 0, "bytesTransferredOut": 512.0},
    "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::customer-records/C1/invoice/r1"}],
}  # fmt: skip
ROLE = {
    "type": "AssumedRole", "principalId": "AROAEXAMPLE:amy", "arn": "arn:aws:sts::111122223333:assumed-role/Support/amy", "accountId": "111122223333",
    "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLE", "userName": "Support"}, "attributes": {"mfaAuthenticated": "true"}},
}  # fmt: skip
GOOGLE: dict[str, Any] = {
    "insertId": "i1", "logName": "projects/example/logs/cloudaudit.googleapis.com%2Fdata_access", "timestamp": "2026-03-10T12:00:00.123456789Z",
    "receiveTimestamp": "2026-03-10T12:00:01.5Z", "severity": "INFO", "resource": {"type": "gcs_bucket", "labels": {"bucket_name": "records"}},
    "protoPayload": {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": "storage.googleapis.com", "methodName": "storage.objects.get", "status": {},
        "authenticationInfo": {"principalEmail": "amy@example.com"}, "resourceName": "projects/_/buckets/records/objects/C1/invoice/r1",
        "authorizationInfo": [{"resource": "projects/_/buckets/records", "permission": "storage.objects.get", "granted": True}],
    },
}  # fmt: skip
TELEPORT: dict[str, Any] = {
    "ei": 0, "event": "db.session.query", "uid": "u1", "code": "TDB02I", "time": "2026-03-10T12:00:00.5Z", "cluster_name": "example", "user": "amy", "sid": "s1",
    "db_service": "records", "db_name": "main", "db_user": "reader", "db_protocol": "postgres", "db_query": "select * from invoices where account_id = 'C1'",
}  # fmt: skip
SALESFORCE: dict[str, Any] = {
    "EVENT_TYPE": "LoginAs", "TIMESTAMP": "20260310120000.123", "REQUEST_ID": "q1", "ORGANIZATION_ID": "00DEXAMPLE", "USER_ID": "005USER", "CLIENT_IP": "192.0.2.7",
    "DELEGATED_USER_ID": "005AMY", "DELEGATED_USER_NAME": "amy@example.com", "TIMESTAMP_DERIVED": "2026-03-10T12:00:00.123Z", "USER_ID_DERIVED": "005USERAAA",
}  # fmt: skip
LOGIN_AS: dict[str, Any] = {
    "attributes": {"type": "LoginAsEvent"}, "EventIdentifier": "ev1", "EventDate": "2026-03-10T12:00:00.000+0000", "ActualUserIdentifier": "005AMY", "UserId": "005USER",
    "OrganizationId": "00DEXAMPLE", "LoginAsCategory": "OrgAdmin",
}  # fmt: skip
OKTA: dict[str, Any] = {
    "uuid": "k1", "published": "2026-03-10T12:00:00.000Z", "eventType": "user.session.impersonation.initiate", "version": "0", "severity": "INFO",
    "actor": {"id": "00u1", "type": "User", "alternateId": "amy@example.com", "displayName": "Amy Example"}, "outcome": {"result": "SUCCESS", "reason": None},
    "target": [{"id": "00u2", "type": "User", "alternateId": "cora@example.org"}, {"id": "C1", "type": "Organization"}], "transaction": {"id": "t1", "type": "WEB"},
}  # fmt: skip
ZENDESK: dict[str, Any] = {
    "id": 4711, "created_at": "2026-03-10T12:00:00Z", "actor_id": 17, "actor_name": "Amy Example", "action": "login", "action_label": "Signed in", "ip_address": "192.0.2.7",
    "source_type": "user", "source_id": 9, "source_label": "Account assumption", "change_description": "Assumed the account", "url": "https://example.com/audit_logs/4711.json",
}  # fmt: skip
GITHUB: dict[str, Any] = {
    "@timestamp": MS,
    "_document_id": "d1",
    "action": "staff.fake_login",
    "actor": "amy",
    "actor_id": 17,
    "user": "cora",
    "org": "c1-org",
    "business": "example",
    "created_at": MS,
}
OCSF: dict[str, Any] = {
    "class_uid": 6005, "class_name": "Datastore Activity", "category_uid": 6, "activity_id": 1, "type_uid": 600501, "time": MS, "severity_id": 1, "status_id": 1,
    "metadata": {"uid": "m1", "version": "1.5.0", "logged_time": MS + 900, "product": {"name": "example"}}, "actor": {"user": {"name": "amy", "uid": "17"}},
    "database": {"name": "main"}, "table": {"name": "invoices"}, "resources": [{"uid": "C1/invoice/r1", "type": "record"}],
}  # fmt: skip
SAMPLES = {
    "cloudtrail": CLOUDTRAIL, "google": GOOGLE, "teleport": TELEPORT, "salesforce": LOGIN_AS, "okta": OKTA, "zendesk": ZENDESK, "github": GITHUB, "ocsf": OCSF,
}  # fmt: skip
MODULES = {"cloudtrail": cloudtrail, "google": google, "teleport": teleport, "salesforce": salesforce, "okta": okta, "zendesk": zendesk, "github": github, "ocsf": ocsf}
Change = dict[str, Any]


def _lines(*entries: Any) -> bytes:
    return b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)


def _base64(entry: Any) -> str:
    return base64.b64encode(json.dumps(entry).encode()).decode()


def _read(name: str, body: bytes, **declared: Any) -> Events:
    return ADAPTERS[name].read(Body.held(body), Given(name, declared=Source.model_validate(declared)))


def _with(name: str, change: Change) -> dict[str, Any]:
    """Return the sample with other values at dotted paths; None takes a key away."""
    entry = copy.deepcopy(SAMPLES[name])
    for path, value in change.items():
        *above, last = path.split("/")
        node = entry
        for key in above:
            node = node[key]
        if value is None:
            node.pop(last, None)
        else:
            node[last] = value
    return entry


def _row(name: str, change: Change | None = None, **declared: Any) -> dict[str, Any]:
    read = _read(name, _lines(_with(name, change or {})), **declared)
    assert read.rejects.num_rows == read.others.num_rows == 0
    row: dict[str, Any] = read.rows.to_pylist()[0]
    return row


@pytest.mark.parametrize("name", SAMPLES)
def test_each_source_is_told_by_its_entries(name: str) -> None:
    """A file that was put into the wrong folder is read as what it is."""
    adapter = chosen("access_events", Source(), _lines(SAMPLES[name]))
    assert adapter is ADAPTERS[name]


def test_native_events_stay_native() -> None:
    """Also in a folder that is called like a source."""
    assert chosen("cloudtrail", Source(), b'{"event_id": "e", "actor": "amy", "occurred_at": "2026-03-10T12:00:00Z"}\n') is None
    assert chosen("cloudtrail", Source(), b"event_id,actor,occurred_at\n") is None
    assert chosen("elsewhere", Source(format="okta"), b"") is ADAPTERS["okta"]
    assert chosen("elsewhere", Source(fields={"actor": "x"}), b"") is ADAPTERS["json"]


def test_formats_of_settings_are_those_that_are_read() -> None:
    """A name that settings take must have a reader."""
    assert set(ADAPTERS) | {"native"} == set(AccessFormat.__args__)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("name", "expected"), [
    ("cloudtrail", {"event_id": "00000000-0000-4000-8000-000000000001", "actor": "amy", "occurred_at": NOON, "action": "read", "outcome": "ok", "bytes": 512, "request_id": "RQ1"}),
    ("google", {"actor": "amy@example.com", "occurred_at": NOON.replace(microsecond=123456), "observed_at": NOON.replace(second=1, microsecond=500000), "action": "read"}),
    ("teleport", {"event_id": "u1", "actor": "amy", "occurred_at": NOON.replace(microsecond=500000), "action": "read", "outcome": "ok"}),
    ("salesforce", {"event_id": "ev1", "actor": "005AMY", "occurred_at": NOON, "action": "impersonate", "account_id": "00DEXAMPLE"}),
    ("okta", {"event_id": "k1", "actor": "amy@example.com", "occurred_at": NOON, "action": "impersonate", "outcome": "ok", "request_id": "t1"}),
    ("zendesk", {"event_id": "4711", "actor": "17", "occurred_at": NOON, "action": "impersonate", "actor_aliases": ["Amy Example"]}),
    ("github", {"event_id": "d1", "actor": "amy", "occurred_at": NOON, "action": "impersonate"}),
    ("ocsf", {"event_id": "m1", "actor": "amy", "occurred_at": NOON, "observed_at": NOON.replace(microsecond=900000), "action": "read"}),
])  # fmt: skip
def test_an_access_of_each_source(name: str, expected: dict[str, Any]) -> None:
    """Who, when, what and how it went; whose record it was is for settings to say."""
    row = _row(name)
    assert {key: row[key] for key in expected} == expected
    assert row["account_id"] == expected.get("account_id")
    assert (row["source"], row["time_status"], row["content"]) == (name, "zoned", True)


@pytest.mark.parametrize(("name", "change", "actor"), [
    ("cloudtrail", {"userIdentity": ROLE}, "amy"),
    ("cloudtrail", {"userIdentity": ROLE | {"sessionContext": {"sourceIdentity": "amy.example", "sessionIssuer": {"userName": "Support"}}}}, "amy.example"),
    ("cloudtrail", {"userIdentity": {"type": "AWSService", "invokedBy": "backup.amazonaws.com"}}, "backup.amazonaws.com"),
    ("cloudtrail", {"userIdentity": {"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"}}, "arn:aws:iam::111122223333:root"),
    ("cloudtrail", {"userIdentity": {"type": "AWSAccount", "accountId": "444455556666"}}, "444455556666"),
    ("cloudtrail", {"userIdentity": {"type": "FederatedUser", "principalId": "111122223333:amy", "arn": "arn:aws:sts::111122223333:federated-user/amy"}}, "amy"),
    ("cloudtrail", {"userIdentity": None}, ""),
    ("google", {"protoPayload/authenticationInfo": {"principalEmail": "robot@example.iam.gserviceaccount.com", "serviceAccountDelegationInfo": [
        {"firstPartyPrincipal": {"principalEmail": "amy@example.com"}}, {"firstPartyPrincipal": {"principalEmail": "other@example.com"}}]}}, "amy@example.com"),
    ("google", {"protoPayload/authenticationInfo": {"principalEmail": "robot@example.iam.gserviceaccount.com", "serviceAccountDelegationInfo": [
        {"firstPartyPrincipal": {"principalEmail": "service-123@compute-system.iam.gserviceaccount.com"}}]}}, "robot@example.iam.gserviceaccount.com"),
    ("google", {"protoPayload/authenticationInfo": {"principalEmail": "robot@example.iam.gserviceaccount.com", "serviceAccountDelegationInfo": [
        {"firstPartyPrincipal": {"principalEmail": "service-123@compute-system.iam.gserviceaccount.com"}}, {"principalSubject": "amy@example.com"}]}}, "amy@example.com"),
    ("google", {"protoPayload/authenticationInfo": {"principalSubject": "principal://iam.googleapis.com/x/subject/amy"}}, "principal://iam.googleapis.com/x/subject/amy"),
    ("google", {"protoPayload/authenticationInfo": {}}, ""),
    ("teleport", {"user": "bot-reader", "impersonator": "amy"}, "amy"),
    ("salesforce", {"ActualUserIdentifier": None, "DelegatedUsername": "amy@example.com"}, "amy@example.com"),
    ("okta", {"actor": {"id": "00u1"}}, "00u1"),
    ("github", {"actor": None, "external_identity_nameid": "amy@example.com"}, "amy@example.com"),
    ("ocsf", {"actor": {"user": {"uid": "17"}}}, "17"),
    ("ocsf", {"actor": {"invoked_by": "batch"}}, "batch"),
    ("ocsf", {"actor": {"user": {"uid": "AROAEXAMPLE:amy", "type": "AssumedRole"}}}, "amy"),
    ("ocsf", {"actor": {"user": {"name": "Support", "uid": "arn:aws:sts::111122223333:assumed-role/Support/amy"}}}, "amy"),
])  # fmt: skip
def test_the_person_behind_an_identity(name: str, change: Change, actor: str) -> None:
    """A role, a bot and a service account act for somebody; where nobody is named, the access stays, by nobody."""
    assert _row(name, change)["actor"] == actor


@pytest.mark.parametrize(("name", "change", "outcome"), [
    ("cloudtrail", {"errorCode": "AccessDenied"}, "denied"), ("cloudtrail", {"errorCode": "NoSuchKey"}, "denied"),
    ("google", {"protoPayload/status": {"code": 7, "message": "PERMISSION_DENIED"}}, "denied"),
    ("google", {"protoPayload/authorizationInfo": [{"permission": "storage.objects.get"}]}, "ok"),
    ("google", {"protoPayload/authorizationInfo": [{"permission": "storage.objects.get"}], "protoPayload/status": {"code": 7}}, "denied"),
    ("google", {"protoPayload/authorizationInfo": [{"granted": False}]}, "denied"),
    ("google", {"protoPayload/authorizationInfo": [{"granted": False}], "protoPayload/numResponseItems": "71"}, "ok"),
    ("google", {"protoPayload/authorizationInfo": [{"granted": "false"}]}, "denied"), ("google", {"protoPayload/authorizationInfo": [{"granted": "true"}]}, "ok"),
    ("google", {"protoPayload/metadata": {"jobChange": {"job": {"jobStatus": {"jobState": "DONE", "errorResult": {"code": 11, "message": "x"}}}}}}, "denied"),
    ("google", {"protoPayload/status": {"code": 0}, "protoPayload/metadata": {"jobChange": {"job": {"jobStatus": {"errorResult": {"code": 11}}}}}}, "denied"),
    ("google", {"protoPayload/metadata": {"jobChange": {"job": {"jobStatus": {"jobState": "DONE", "errorResult": {}}}}}}, "ok"),
    ("google", {"protoPayload/serviceData": {"jobCompletedEvent": {"job": {"jobStatus": {"state": "DONE", "error": {"code": 11}}}}}}, "denied"),
    ("teleport", {"code": "TDB02W"}, "denied"), ("teleport", {"code": "TDB02E"}, "denied"),
    ("teleport", {"event": "kube.request", "code": "T3009I", "response_code": 403}, "denied"), ("teleport", {"event": "kube.request", "response_code": 200}, "ok"),
    ("teleport", {"event": "session.disk", "code": "T4001I", "return_code": -13}, "denied"), ("teleport", {"event": "session.command", "return_code": 1}, "ok"),
    ("teleport", {"success": False}, "denied"), ("teleport", {"success": "false"}, "denied"),
    ("okta", {"outcome": {"result": "FAILURE"}}, "denied"), ("okta", {"outcome": {"result": "DENY"}}, "denied"), ("okta", {"outcome": None}, "ok"),
    ("github", {"action": "api.request", "status_code": 403}, "denied"), ("ocsf", {"status_id": 2}, "denied"), ("ocsf", {"status_id": 99}, "ok"),
    ("ocsf", {"status_id": None, "status": "failure"}, "denied"), ("ocsf", {"status_id": 99, "status": "Denied"}, "denied"),
    ("ocsf", {"status_id": None, "api": {"response": {"code": 403}}}, "denied"), ("ocsf", {"status_id": 0, "status": "Unknown", "http_response": {"code": 404}}, "denied"),
    ("ocsf", {"status_id": None, "api": {"response": {"code": 201}}}, "ok"), ("ocsf", {"status_id": 1, "api": {"response": {"code": 403}}}, "ok"),
    ("ocsf", {"status_id": None, "api": {"response": {"error": "AccessDenied"}}}, "denied"), ("ocsf", {"status_id": 1, "api": {"response": {"error": "x"}}}, "ok"),
])  # fmt: skip
def test_only_what_failed_is_denied(name: str, change: Change, outcome: str) -> None:
    """An outcome that a source leaves out is an access that took place."""
    assert _row(name, change)["outcome"] == outcome


@pytest.mark.parametrize(("name", "change", "other"), [
    ("cloudtrail", {"eventCategory": "Management", "managementEvent": True, "eventName": "CreateUser"}, "management_event"),
    ("cloudtrail", {"eventCategory": None, "managementEvent": None, "eventName": "DescribeInstances", "eventSource": "ec2.amazonaws.com"}, "management_event"),
    ("cloudtrail", {"eventCategory": "Insight"}, "insight_event"),
    ("google", {"logName": "projects/example/logs/cloudaudit.googleapis.com%2Factivity"}, "setting_changed"),
    ("google", {"logName": "projects/example/logs/cloudaudit.googleapis.com%2Fsystem_event"}, "system_event"),
    ("google", {"logName": "organizations/1/logs/cloudaudit.googleapis.com%2Faccess_transparency"}, "provider_access"),
    ("google", {"protoPayload/authorizationInfo": [{"permissionType": "ADMIN_READ", "granted": True}]}, "metadata_read"),
    ("google", {"protoPayload": None, "jsonPayload": {"a": 1}}, "not_audit_log"),
    ("google", {"protoPayload/serviceName": "login.googleapis.com", "protoPayload/methodName": "google.login.LoginService.loginSuccess"}, "login"),
    ("google", {"protoPayload/serviceName": "iamcredentials.googleapis.com", "protoPayload/methodName": "GenerateAccessToken"}, "login"),
    ("cloudtrail", {"eventCategory": None, "managementEvent": "true", "eventName": "ListVaults"}, "management_event"),
    ("teleport", {"event": "access_request.review", "code": "T5002I", "state": "APPROVED"}, "vendor_approval"),
    ("teleport", {"event": "db.session.start", "code": "TDB00I"}, "session"), ("teleport", {"event": "user.login", "code": "T1000I"}, "login"),
    ("teleport", {"event": "role.created", "code": "T9000I"}, "setting_changed"), ("teleport", {"event": "db.session.postgres.statements.bind"}, "statement_prepared"),
    ("teleport", {"event": "something.new"}, "other_event"), ("teleport", {"event": "db.session.result", "code": "TDB05I"}, "session"),
    ("teleport", {"event": "db.session.cassandra.prepare"}, "statement_prepared"), ("teleport", {"event": "db.session.mysql.process_kill"}, "setting_changed"),
    ("teleport", {"event": "saml.idp.auth"}, "login"),
    ("salesforce", {"attributes": {"type": "LoginEvent"}}, "not_login_as"),
    ("okta", {"eventType": "user.session.impersonation.grant"}, "setting_changed"), ("okta", {"eventType": "user.session.impersonation.end"}, "session"),
    ("okta", {"eventType": "policy.rule.update"}, "setting_changed"), ("okta", {"eventType": "user.authentication.sso"}, "login"),
    ("zendesk", {"action": "update", "source_type": "account_setting"}, "setting_changed"),
    ("zendesk", {"source_label": "Amy", "change_description": "Signed in"}, "login"),
    ("github", {"action": "repo.access"}, "setting_changed"), ("github", {"action": "business.support_access_enable"}, "setting_changed"),
    ("github", {"action": "business.disable_support_access"}, "setting_changed"), ("github", {"action": "repo.request_staff_unlock"}, "setting_changed"),
    ("github", {"action": "user.login"}, "login"), ("ocsf", {"class_uid": 3002}, "login"), ("ocsf", {"class_uid": 4001}, "other_class"), ("ocsf", {"activity_id": 3}, "session"),
])  # fmt: skip
def test_what_is_no_access_has_a_name(name: str, change: Change, other: str) -> None:
    """Switching a setting, approving a colleague and logging in reach no record; none of it is lost."""
    read = _read(name, _lines(_with(name, change)))
    assert (read.others["name"].to_pylist(), read.rows.num_rows, read.lines) == ([other], 0, 1)


@pytest.mark.parametrize("change", [
    {"eventCategory": None, "managementEvent": None}, {"eventCategory": None}, {"eventCategory": None, "managementEvent": "false", "eventSource": "sqs.amazonaws.com"},
    {"eventCategory": "NetworkActivity", "errorCode": "VpceAccessDenied"},
    {"eventCategory": None, "managementEvent": None, "eventSource": "dynamodb.amazonaws.com", "eventName": "Query"},
])  # fmt: skip
def test_data_events_of_every_version(change: Change) -> None:
    """Before version 1.07 an entry does not say what it is."""
    assert _row("cloudtrail", change)["occurred_at"] == NOON


@pytest.mark.parametrize("kind", ["staff.fake_login", "staff.unlock", "staff.repo_unlock", "repo.staff_unlock", "repo.download_zip", "git.clone", "secret_scanning_alert.view"])
def test_accesses_of_github(kind: str) -> None:
    """Who unlocks a repository, or all of a user's, has come in."""
    assert _row("github", {"action": kind})["outcome"] == "ok"


def test_names_of_others_are_in_the_suite() -> None:
    """What is counted by name stands in a closed list."""
    suite = json.loads((Path(__file__).parents[3] / "expectations" / "1_ledger" / "non_accesses.json").read_text())
    (allowed,) = [each["kwargs"]["value_set"] for each in suite["expectations"] if each["type"] == "expect_column_values_to_be_in_set"]
    assert {NOT_SELECTED, *(name for module in (*MODULES.values(), pgaudit) for name in module.OTHERS)} == set(allowed)  # type: ignore[attr-defined]


def test_the_page_of_sources_is_true() -> None:
    """Its example is read, it has every form and every name, and the example finds the record."""
    page = (Path(__file__).parents[3] / "docs" / "access-sources.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    declared = Settings.model_validate(tomllib.loads(example)).sources["cloudtrail"]
    read = ADAPTERS["cloudtrail"].read(Body.held(_lines(_with("cloudtrail", {"requestParameters/key": "C1/invoice/2026/03/r1"}))), Given("cloudtrail", declared=declared))
    assert (read.rows["account_id"].to_pylist(), read.rows["record_id"].to_pylist()) == (["C1"], ["r1"])
    assert {*ADAPTERS, *(name for module in (*MODULES.values(), pgaudit) for name in module.OTHERS)} <= set(re.findall(r"`([a-z_]+)`", page))  # type: ignore[attr-defined]


RECORDS = {
    "cloudtrail": {"requestParameters.bucketName": "customer-records", "requestParameters.key": "{account_id}/{record_class}/{record_id}"},
    "google": {"protoPayload.resourceName": "projects/_/buckets/records/objects/{account_id}/{record_class}/{record_id}"},
    "ocsf": {"resources[type=record].uid": "{account_id}/{record_class}/{record_id}"},
}


@pytest.mark.parametrize("name", RECORDS)
def test_records_by_declared_patterns(name: str) -> None:
    """One mechanism for every source: patterns over fields."""
    row = _row(name, records=[{"where": RECORDS[name]}])
    assert (row["account_id"], row["record_class"], row["record_id"], row["record_ids"]) == ("C1", "invoice", "r1", None)


@pytest.mark.parametrize(("change", "expected"), [
    ({"requestParameters/key": "C1/invoice"}, (None, None, None)),
    ({"requestParameters/key": "x/C1/invoice/r1"}, (None, None, None)),
    ({"requestParameters/bucketName": "customer-records-2"}, (None, None, None)),
    ({"requestParameters": None}, (None, None, None)),
    ({"requestParameters": "denied"}, (None, None, None)),
])  # fmt: skip
def test_a_pattern_that_does_not_fit_whole_tells_nothing(change: Change, expected: tuple[None, ...]) -> None:
    """An account is never guessed."""
    row = _row("cloudtrail", change, records=[{"where": RECORDS["cloudtrail"]}])
    assert (row["account_id"], row["record_class"], row["record_id"]) == expected


@pytest.mark.parametrize(("uids", "expected"), [
    (["C1/invoice/r1", "C1/invoice/r2"], ("C1", "invoice", None, ["r1", "r2"])),
    (["C1/invoice/r1", "C2/invoice/r1"], (None, "invoice", "r1", None)),
    (["C1/invoice/r1", "C1/person/r2"], ("C1", None, None, ["r1", "r2"])),
])  # fmt: skip
def test_several_records_of_one_access(uids: list[str], expected: tuple[Any, ...]) -> None:
    """Several records are a list; of two accounts it is nobody's, since one event has one."""
    row = _row("ocsf", {"resources": [{"uid": uid, "type": "record"} for uid in uids]}, records=[{"where": RECORDS["ocsf"]}])
    assert (row["account_id"], row["record_class"], row["record_id"], row["record_ids"]) == expected


def test_rules_in_order_and_what_they_give() -> None:
    """The first rule that fits decides; what a field does not say, the rule can."""
    rules = [
        {"where": {"db_service": "other"}},
        {"where": {"db_service": "records", "db_query": "* account_id = '{account_id}'"}, "gives": {"record_class": "invoice", "content": "false"}},
    ]
    row = _row("teleport", records=rules)
    assert (row["account_id"], row["record_class"], row["content"]) == ("C1", "invoice", False)


def test_columns_by_declared_fields() -> None:
    """A column of settings goes before the source's own; of several fields the first that is there."""
    row = _row("okta", fields={"account_id": "target[type=Organization].id", "case_id": ["debugContext.ticket", "transaction.id"]})
    assert (row["account_id"], row["case_id"]) == ("C1", "t1")


def test_accesses_by_declared_patterns() -> None:
    """What settings call an access is one, and nothing else, whatever the form says."""
    body = _lines(_with("cloudtrail", {"eventCategory": "Management", "eventName": "GetSecretValue"}), CLOUDTRAIL)
    read = _read("cloudtrail", body, accesses=[{"eventName": "GetSecret*"}])
    assert (read.rows["line_number"].to_pylist(), read.others.to_pylist()) == ([1], [{"line_number": 2, "name": NOT_SELECTED}])


def test_any_json_by_a_mapping() -> None:
    """What is not mapped is reported, once, by its path."""
    entry = {"id": 7, "who": {"login": "amy", "team": "x"}, "at": MS / 1000, "customer": {"id": "C1"}, "result": "blocked", "items": ["r1", 2], "kind": "view"}
    fields = {"event_id": "id", "actor": "who.login", "occurred_at": "at", "account_id": "customer.id", "outcome": "result", "record_ids": "items", "action": "kind"}
    read = _read("json", _lines(entry, entry | {"id": 8, "result": "fine"}), fields=fields, denied=["blocked"])
    rows = read.rows.to_pylist()
    assert [(row["event_id"], row["actor"], row["occurred_at"], row["account_id"], row["outcome"]) for row in rows] == [
        ("7", "amy", NOON, "C1", "denied"),
        ("8", "amy", NOON, "C1", "ok"),
    ]
    assert (rows[0]["record_ids"], read.unmapped) == (["r1", "2"], ("who.team",))


SECONDS = MS // 1000
EPOCHS = [SECONDS, MS, MS * 1000, MS * 1_000_000, float(SECONDS), f"{SECONDS}.000", str(MS), f"{MS}.0", f"{SECONDS / 1e9}E9", f"{MS // 1000}e3"]
NO_EPOCHS = [0, -MS, 1, "20260310", 202603101200, 20260310120000, 10**9 // 2, 99_999_999_999, 10**30, "1e99", "12:00", True]
STAMPED = {
    "cloudtrail": "eventTime", "github": "@timestamp", "google": "timestamp", "ocsf": "time", "okta": "published", "salesforce": "EventDate", "teleport": "time",
    "zendesk": "created_at",
}  # fmt: skip


@pytest.mark.parametrize("value", EPOCHS)
def test_the_unit_of_an_epoch_is_told_by_its_size(value: Any) -> None:
    """Streams count seconds, exports milliseconds; read in the other unit it is 1970, and nobody's grant stood then."""
    fields = {"event_id": "id", "actor": "id", "occurred_at": "at"}
    assert _read("json", _lines({"id": "a", "at": value}), fields=fields).rows["occurred_at"].to_pylist() == [NOON]
    assert {name: _row(name, {stamp: value})["occurred_at"] for name, stamp in STAMPED.items()} == dict.fromkeys(STAMPED, NOON)


@pytest.mark.parametrize("name", STAMPED)
def test_a_service_whose_stamps_are_utc_needs_no_zone(name: str) -> None:
    """A warehouse leaves it out; each service writes UTC, and nothing else."""
    row = _row(name, {STAMPED[name]: "2026-03-10 12:00:00"})
    assert (row["occurred_at"], row["time_status"]) == (NOON, "zoned")


@pytest.mark.parametrize("value", NO_EPOCHS)
def test_a_number_that_is_no_epoch_is_refused(value: Any) -> None:
    """No unit puts it into the years of any log."""
    fields = {"event_id": "id", "actor": "id", "occurred_at": "at"}
    assert _read("json", _lines({"id": "a", "at": value}), fields=fields).rejects["reason"].to_pylist() == ["bad_time"]


@pytest.mark.parametrize("edge", [datetime(1990, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)])
def test_epochs_of_the_first_and_the_last_year(edge: datetime) -> None:
    """Between them every unit has numbers of its own."""
    fields = {"event_id": "id", "actor": "id", "occurred_at": "at"}
    whole = int(edge.timestamp())
    values = [whole * per_second for per_second in (1, 1_000, 1_000_000, 1_000_000_000)]
    assert set(_read("json", _lines(*({"id": str(value), "at": value} for value in values)), fields=fields).rows["occurred_at"].to_pylist()) == {edge}
    assert _read("json", _lines({"id": "a", "at": whole - 1 if edge.year == 1990 else whole + 1}), fields=fields).rows.num_rows == 0


def test_the_second_stamp_counts_where_the_first_cannot_be_read() -> None:
    """OCSF and GitHub write one instant in two ways."""
    assert _row("ocsf", {"time": 0, "time_dt": "2026-03-10T12:00:00Z"})["occurred_at"] == NOON
    assert _row("github", {"@timestamp": None, "created_at": "2026-03-10T12:00:00.000Z"})["occurred_at"] == NOON


def test_a_column_a_pattern_and_a_name_are_checked_when_settings_are_read() -> None:
    """A mapping that can mean nothing ends the run, not each entry."""
    for wrong in ({"fields": {"who": "x"}}, {"records": [{"where": {"a": "{person}"}}]}, {"records": [{"where": {"a": "{account_id"}}]}, {"records": [{"where": {}}]},
                  {"records": [{"where": {"a": "x"}, "gives": {"actor": "amy"}}]}, {"format": "xml"}):  # fmt: skip
        with pytest.raises(ValueError, match=r"validation error"):
            Source.model_validate(wrong)


def test_the_two_ends_of_a_long_operation_are_one_event() -> None:
    """They share an id, and say so."""
    first = _with("google", {"operation": {"id": "op", "producer": "p", "first": True}})
    last = _with("google", {"insertId": "i2", "timestamp": "2026-03-10T12:05:00Z", "operation": {"id": "op", "producer": "p", "last": True}})
    whole = _with("google", {"operation": {"id": "op", "producer": "p", "first": True, "last": True}})
    rows = _read("google", _lines(first, last, whole)).rows.to_pylist()
    assert _row("google", {"timestamp": "2026-03-10 12:00:00"})["occurred_at"] == NOON  # as BigQuery's command line gives it back
    assert [row["is_part"] for row in rows] == [True, True, False]
    assert rows[0]["event_id"] == rows[1]["event_id"] != rows[2]["event_id"]


def test_the_tables_that_one_operation_reads_are_as_many_events() -> None:
    """BigQuery logs a read of each table of a job, under the job's id."""
    reads = [_with("google", {"operation": {"id": "job"}, "insertId": name, "protoPayload/resourceName": f"projects/p/datasets/d/tables/{name}"}) for name in ("a", "b")]
    assert len(set(_read("google", _lines(*reads)).rows["event_id"].to_pylist())) == 2


def _csv(*rows: dict[str, Any]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def test_salesforce_event_log_files() -> None:
    """Hourly files come again: the same row is the same event, also where it has no derived stamp."""
    unzoned = SALESFORCE | {"TIMESTAMP_DERIVED": "2026-03-10 12:00:00.123", "REQUEST_ID": "q4"}
    body = _csv(SALESFORCE, SALESFORCE | {"EVENT_TYPE": "Login", "REQUEST_ID": "q2"}, SALESFORCE | {"TIMESTAMP_DERIVED": "", "REQUEST_ID": "q3"}, unzoned)
    read = _read("salesforce", body)
    rows = read.rows.to_pylist()
    assert chosen("x", Source(), body) is ADAPTERS["salesforce"]
    assert [row["occurred_at"] for row in rows] == [NOON.replace(microsecond=123000)] * 3
    assert _row("cloudtrail", {"eventTime": "2026-03-10 12:00:00.000"})["occurred_at"] == NOON  # as CloudTrail Lake gives it back
    assert (rows[0]["actor"], rows[0]["actor_aliases"], rows[0]["account_id"]) == ("005AMY", ["amy@example.com"], "00DEXAMPLE")
    assert (read.others.to_pylist(), read.blank, read.lines, read.has_lines) == ([{"line_number": 3, "name": "not_login_as"}], 1, 5, True)
    assert _read("salesforce", body).rows.equals(read.rows)


UNKNOWN, READ_C1 = [(None, None, "read", True)], [("C1", None, "read", True)]
TABLES = Access.model_validate({"tables": {"invoices": {"record_class": "invoice", "account_column": "account_id", "record_column": "id"}}, "other_tables": ["jobs"]})


def _reached(name: str, change: Change, **declared: Any) -> list[tuple[Any, ...]]:
    read = ADAPTERS[name].read(Body.held(_lines(_with(name, change))), Given(name, declared=Source.model_validate(declared), access=TABLES))
    assert read.rejects.num_rows == 0
    return [(row["account_id"], row["record_id"], row["action"], row["content"]) for row in read.rows.to_pylist()] or read.others["name"].to_pylist()


@pytest.mark.parametrize(("change", "reached"), [
    ({}, READ_C1),
    ({"db_query": "select * from invoices where account_id in ('C1', 'C2') and id = 'r1'"}, [("C1", "r1", "read", True), ("C2", "r1", "read", True)]),
    ({"db_query": "select count(*) from invoices where account_id = 'C1'"}, [("C1", None, "read", False)]),
    ({"db_query": "delete from invoices where account_id = $1", "db_query_parameters": ["C1"]}, [("C1", None, "delete", True)]),
    ({"db_query": "select * from invoices where account_id = $1 and body = $2", "db_query_parameters": [None, "C1"]}, UNKNOWN),
    ({"db_query": "select * from invoices where account_id = $1"}, UNKNOWN),
    ({"db_query": "select * from invoices"}, UNKNOWN), ({"db_query": "selec"}, UNKNOWN), ({"db_query": None}, UNKNOWN),
    ({"db_query": "begin"}, ["no_customer_table"]), ({"db_query": "-- ping"}, ["no_customer_table"]), ({"db_query": "savepoint a"}, ["no_customer_table"]),
    ({"db_query": "select * from jobs, pg_class where pg_table_is_visible(oid)"}, ["no_customer_table"]),
    ({"db_query": "select invoice_of('r1')"}, UNKNOWN), ({"db_query": "execute kept('C1')"}, UNKNOWN),
    ({"db_query": "do $$ begin perform 1; end $$"}, UNKNOWN), ({"db_query": "select tools.now()"}, UNKNOWN),
    ({"db_query": "select query_to_xml('table invoices', true, true, '')"}, UNKNOWN),
    ({"db_query": "select pg_read_file('x')"}, UNKNOWN), ({"db_query": "select now(), jsonb_pretty('{}'), pg_catalog.version()"}, ["no_customer_table"]),
    ({"db_query": "select 1; select * from invoices where account_id = 'C1'"}, READ_C1),
    ({"db_query": "select * from invoices where account_id = 'C1'" + " " * 30_000}, UNKNOWN),
    ({"db_protocol": "mysql", "db_query": "select * from invoices where account_id = 'C1'"}, UNKNOWN),
    ({"event": "db.session.mysql.statements.execute"}, [(None, None, "db.session.mysql.statements.execute", True)]),
])  # fmt: skip
def test_a_query_of_teleport_reaches_what_its_text_says(change: Change, reached: list[Any]) -> None:
    """One entry is an access to each customer; what it calls is not logged beside it, and a long one is cut without a mark."""
    assert _reached("teleport", change) == reached


STEPS = "db.session.postgres.statements"


def _step(step: str, second: float = 0, **more: Any) -> dict[str, Any]:
    """Return one step of a statement in PostgreSQL's extended protocol."""
    plain = {name: value for name, value in TELEPORT.items() if name != "db_query"}
    code = {"parse": "TPG00I", "bind": "TPG01I", "execute": "TPG02I", "close": "TPG03I"}[step]
    return {**plain, "event": f"{STEPS}.{step}", "code": code, "uid": f"{step} {second} {more.get('sid', '')}", "time": f"2026-03-10T12:00:0{second}Z", **more}


def _stepwise(query: str = "select * from invoices where account_id = $1", parameters: Any = ("C1",), name: str = "", portal: str = "", **more: Any) -> list[dict[str, Any]]:
    return [
        _step("parse", statement_name=name, query=query, **more), _step("bind", statement_name=name, portal_name=portal, parameters=list(parameters), **more),
        _step("execute", portal_name=portal, **more),
    ]  # fmt: skip


PARSE, BIND, EXECUTE = _stepwise()
C3 = [_step("parse", 1, query="select * from invoices where account_id = 'C3'"), _step("bind", 1), _step("execute", 1)]


@pytest.mark.parametrize(("entries", "accounts"), [
    ([PARSE, BIND, EXECUTE], ["C1"]), ([PARSE, BIND, EXECUTE, EXECUTE, *C3], ["C1", "C1", "C3"]),
    (_stepwise(parameters=["C2"], name="s_1", portal="p_1"), ["C2"]),
    ([PARSE, BIND, *_stepwise(parameters=["C2"], sid="s2"), EXECUTE], ["C2", "C1"]),
    ([BIND, EXECUTE], [None]), ([PARSE, EXECUTE], [None]), ([EXECUTE], [None]), ([PARSE, BIND | {"statement_name": "other"}, EXECUTE], [None]),
    ([PARSE, BIND, EXECUTE | {"portal_name": "other"}], [None]), ([PARSE, BIND | {"parameters": []}, EXECUTE], [None]), ([PARSE, BIND | {"parameters": None}, EXECUTE], [None]),
    ([*reversed([PARSE, BIND, EXECUTE, *C3])], [None, None]),
    ([*reversed(C3), *reversed([PARSE, BIND, EXECUTE]), _step("parse", 2)], [None, None]),
    ([PARSE, BIND, _step("close", portal_name=""), EXECUTE], [None]),
    ([PARSE, TELEPORT | {"db_query": "deallocate all"}, BIND, EXECUTE], ["no_customer_table", None]),
    ([PARSE, BIND | {"time": "2026-03-10T11:00:00Z"}, EXECUTE], [None]),
    ([PARSE | {"ei": 5}, BIND | {"ei": 6}, EXECUTE | {"ei": 7}], ["C1"]), ([PARSE | {"ei": 5}, BIND | {"ei": 7}, EXECUTE | {"ei": 8}], [None]),
    ([PARSE | {"ei": 5}, BIND | {"ei": 6}, EXECUTE | {"ei": 6}], [None]),
    ([one | {"ei": number} for one, number in zip(_stepwise(name="kept", portal="p"), (5, 9, 14), strict=True)], ["C1"]),
    (_stepwise("select * from invoices where account_id = $1" + " " * 30_000), [None]), (_stepwise("select invoice_of($1)"), [None]),
    (_stepwise("select 1", []), ["no_customer_table"]), (_stepwise(db_protocol="mysql"), [None]),
    (_stepwise(parameters=["QzE="]), [None]), (_stepwise(parameters=["AAAAKg=="]), [None]), (_stepwise(parameters=["ACME"]), ["ACME"]), (_stepwise(parameters=["acme"]), [None]),
    (_stepwise(parameters=["6f1a2b3c-0000-4000-8000-000000000001"]), ["6f1a2b3c-0000-4000-8000-000000000001"]),
    (_stepwise(parameters=["C12345678901"]), [None]), (_stepwise(parameters=[None]), [None]),
])  # fmt: skip
def test_a_statement_in_steps_reaches_what_its_steps_say(entries: list[dict[str, Any]], accounts: list[str | None]) -> None:
    """Names are used again and again: what is not certain to belong together is unknown."""
    read = ADAPTERS["teleport"].read(Body.held(_lines(*entries)), Given("teleport", access=TABLES))
    named = [name for name in read.others["name"].to_pylist() if name != "statement_prepared"]
    assert [*named, *read.rows["account_id"].to_pylist()] == accounts
    assert read.lines == len(entries)


def test_no_more_steps_are_kept_than_a_bound() -> None:
    """Whoever opens ever more sessions and statements fills no memory; what was dropped is unknown."""
    many = [_step("parse", sid=f"s{number}", query="select 1") for number in range(300)]
    long = [_step("parse", statement_name=f"n{number}", query="select 1" + " " * 20_000) for number in range(60)]
    for between in (many, long):
        read = ADAPTERS["teleport"].read(
            Body.held(_lines(PARSE | {"statement_name": "kept"}, *between, BIND | {"statement_name": "kept"}, EXECUTE)), Given("teleport", access=TABLES)
        )
        assert read.rows["account_id"].to_pylist() == [None]


def test_whoever_watches_a_recorded_session_reads_what_was_shown_in_it() -> None:
    """A recording is a copy of records that were read by somebody else."""
    row = _row("teleport", {"event": "session.recording.access", "code": "T2012I", "user": "ben"})
    assert (row["actor"], row["action"], row["account_id"]) == ("ben", "read", None)


def test_several_accesses_of_one_entry_have_ids_of_their_own() -> None:
    """Each counts, and comes again as the same; what settings say of the account goes before the text."""
    entry = _with("teleport", {"db_query": "select * from invoices where account_id in ('C1', 'C2')"})
    read = ADAPTERS["teleport"].read(Body.held(_lines(entry, entry | {"uid": None})), Given("teleport", access=TABLES))
    assert read.rows["event_id"].to_pylist()[:2] == ["u1", "u1/1"]
    assert len(set(read.rows["event_id"].to_pylist())) == 4
    assert read.rows["line_number"].to_pylist() == [1, 1, 2, 2]
    assert _reached("teleport", {"db_query": "select * from invoices -- C7"}, records=[{"where": {"db_query": "* -- {account_id}"}}]) == [("C7", None, "read", True)]


PG_AUDIT = {
    "@type": "type.googleapis.com/google.cloud.sql.audit.v1.PgAuditEntry", "auditClass": "READ", "auditType": "SESSION", "chunkCount": "1", "chunkIndex": "1", "command": "SELECT",
    "database": "main", "databaseSessionId": 7, "parameter": "[not logged]", "statement": "select * from invoices where account_id = 'C1'", "statementId": 2, "substatementId": 1,
    "user": "amy",
}  # fmt: skip


@pytest.mark.parametrize(("changed", "reached"), [
    ({}, READ_C1), ({"statement": "select f()"}, ["no_customer_table"]), ({"chunkCount": "2"}, UNKNOWN),
    ({"statement": "select * from invoices where account_id = $1"}, UNKNOWN),
    ({"statement": "select * from invoices where account_id = $1 and id = $2", "parameter": 'C1,"r,1"'}, [("C1", "r,1", "read", True)]),
    ({"statement": "select * from invoices where account_id = $1", "parameter": "[none]"}, UNKNOWN),
    ({"@type": "type.googleapis.com/google.cloud.alloydb.audit.v1.PgAuditEntry"}, READ_C1),
])  # fmt: skip
def test_statements_of_cloud_sql(changed: Change, reached: list[Any]) -> None:
    """The entries of pgAudit there come through Google's audit log, and the role is the person."""
    change = {"protoPayload/request": PG_AUDIT | changed, "protoPayload/methodName": "cloudsql.instances.query"}
    assert _reached("google", change) == reached
    assert _row("google", {**change, "protoPayload/request": PG_AUDIT | {name: value for name, value in changed.items() if name == "@type"}})["actor"] == "amy"


def test_an_entry_without_an_id_has_that_of_its_content() -> None:
    """The same content is the same event, other content another."""
    entry = _with("teleport", {"uid": None})
    one, again, other = _read("teleport", _lines(entry, entry, entry | {"sid": "s2"})).rows["event_id"].to_pylist()
    assert one == again != other


ENVELOPES = {
    "records": lambda entries: json.dumps({"Records": entries}).encode(),
    "pretty": lambda entries: json.dumps({"Records": entries}, indent=2).encode(),
    "array": lambda entries: json.dumps(entries).encode(),
    "pages": lambda entries: json.dumps({"entries": entries, "nextPageToken": "x"}).encode(),
    "answered": lambda entries: json.dumps({"result": entries, "success": True, "errors": [], "messages": [], "result_info": {"page": 1}}).encode(),
    "data": lambda entries: json.dumps({"data": entries, "meta": {"next": "c"}, "links": {}}).encode(),
    "glued": lambda entries: b"".join(json.dumps(entry).encode() for entry in entries),
    "spread": lambda entries: b"\n".join(json.dumps(entry, indent=1).encode() for entry in entries),
    "documents": lambda entries: b"".join(json.dumps({"Records": [entry]}).encode() + b"\n" for entry in entries),
    "watch": lambda entries: json.dumps({"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "timestamp": 1, "message": json.dumps(entry)} for entry in entries]}).encode(),
    "bridge": lambda entries: _lines(*({"version": "0", "detail-type": "AWS API Call via CloudTrail", "detail": entry} for entry in entries)),
    "look-up": lambda entries: json.dumps({"Events": [{"EventId": "1", "CloudTrailEvent": json.dumps(entry)} for entry in entries]}).encode(),
    "look-ahead": lambda entries: json.dumps({"events": [{"timestamp": 1, "message": json.dumps(entry)} for entry in entries], "nextForwardToken": "f"}).encode(),
    "health": lambda entries: json.dumps({"messageType": "CONTROL_MESSAGE", "logEvents": [{"message": "checking"}]}).encode() + ENVELOPES["watch"](entries),
    "notified": lambda entries: json.dumps({"Messages": [{"Body": json.dumps({"Message": json.dumps({"detail-type": "x", "detail": entry})})} for entry in entries]}).encode(),
    "queued": lambda entries: json.dumps({"Records": [{"eventSource": "aws:sqs", "awsRegion": "eu-central-1", "body": json.dumps(entry)} for entry in entries]}).encode(),
    "streamed": lambda entries: json.dumps({"Records": [{"eventSource": "aws:kinesis", "kinesis": {"data": _base64(entry)}} for entry in entries]}).encode(),
    "subscribed": lambda entries: json.dumps({"awslogs": {"data": base64.b64encode(gzip.compress(ENVELOPES["watch"](entries))).decode()}}).encode(),
    "subscribed and streamed": lambda entries: json.dumps(
        {"Records": [{"eventSource": "aws:kinesis", "kinesis": {"data": base64.b64encode(gzip.compress(ENVELOPES["watch"]([entry]))).decode()}} for entry in entries]}
    ).encode(),
    "published": lambda entries: _lines(*({"data": {"schema": "x", "payload": entry, "event": {"replayId": 1}}, "channel": "/event/x"} for entry in entries)),
    "pulled": lambda entries: json.dumps({"receivedMessages": [{"ackId": "a", "message": {"data": _base64(entry), "messageId": "1"}} for entry in entries]}).encode(),
    "exported": lambda entries: _lines(*({"event_type": "x", "uid": "u", "event_data": json.dumps(entry)} for entry in entries)),
    "found": lambda entries: json.dumps({"took": 1, "hits": {"total": 3, "hits": [{"_id": "1", "_source": entry} for entry in entries]}}).encode(),
    "indexed": lambda entries: _lines(*({"preview": False, "result": {"_raw": json.dumps(entry), "host": "example"}} for entry in entries)),
    "contained": lambda entries: _lines(*({"log": json.dumps(entry) + "\n", "stream": "stdout", "time": "2026-03-10T12:00:05Z"} for entry in entries)),
    "prefixed": lambda entries: b"".join(b"Mar 10 12:00:05 host audit[1]: " + line for line in _lines(*entries).splitlines(keepends=True)),
    "stamped": lambda entries: b"".join(b"2026-03-10T12:00:05.000Z " + line for line in _lines(*entries).splitlines(keepends=True)),
    "commas": lambda entries: b"".join(json.dumps(entry).encode() + b",\n" for entry in entries),
    "lines of several": lambda entries: _lines(*entries[:1], {"Records": []}, {"Records": entries[1:]}),
    "lines": lambda entries: b"\xef\xbb\xbf" + _lines(*entries),
    "collected": lambda entries: json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": json.dumps(entry)}}]}]} for entry in entries]}).encode(),
    "crlf": lambda entries: _lines(*entries).replace(b"\n", b"\r\n\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_entries_in_every_envelope(envelope: str) -> None:
    """However a file was collected, an entry is an entry."""
    entries = [_with("cloudtrail", {"eventID": f"e{number}"}) for number in range(3)]
    read = _read("cloudtrail", ENVELOPES[envelope](entries))
    assert (read.rows["event_id"].to_pylist(), read.rejects.num_rows) == (["e0", "e1", "e2"], 0)
    assert envelope in ("streamed", "subscribed", "subscribed and streamed", "pulled") or chosen("x", Source(), ENVELOPES[envelope](entries)) is ADAPTERS["cloudtrail"]
    assert read.has_lines == (
        envelope in ("lines", "crlf", "bridge", "indexed", "contained", "prefixed", "stamped", "commas", "lines of several", "subscribed", "published", "exported")
    )


def test_what_an_entry_says_is_no_envelope() -> None:
    """Whoever can write a text into an entry cannot pass for somebody else by it."""
    forged = json.dumps({"event": "db.session.query", "code": "TDB02I", "user": "ben", "time": "2026-03-10T12:00:00Z", "uid": "u2"})
    assert [_row("teleport", {name: forged})["actor"] for name in ("message", "db_query", "body")] == ["amy"] * 3


def test_an_envelope_that_cannot_be_opened_is_refused() -> None:
    """It is no setting, for nobody can tell what it carried."""
    records = [{"messageId": "1", "eventSource": "aws:sqs", "body": "cut"}, {"eventSource": "aws:kinesis", "eventName": "aws:kinesis:record", "kinesis": {"data": "H4sIAAAA"}}]
    records.append({"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": "2026-03-10T12:00:00Z", "userIdentity": {"principalId": "X"}})
    read = _read("cloudtrail", _lines(*records))
    assert (set(read.rejects["reason"].to_pylist()), read.rejects.num_rows, read.others.num_rows) == ({"field_missing"}, 3, 0)


def _lowered(value: Any) -> Any:
    return {name.lower(): _lowered(inner) for name, inner in value.items()} if isinstance(value, dict) else value


def test_tables_of_logs_write_keys_in_lower_case_and_objects_as_text() -> None:
    """As Athena and its like give CloudTrail back."""
    entry = _lowered(CLOUDTRAIL | {"userIdentity": ROLE, "managementEvent": None, "eventCategory": None})
    entry["requestparameters"] = json.dumps(CLOUDTRAIL["requestParameters"])
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([entry]), out)
    for table in (_lines(entry), out.getvalue()):
        read = _read("cloudtrail", table, records=[{"where": RECORDS["cloudtrail"]}])
        (row,) = read.rows.to_pylist()
        assert [row[name] for name in ("event_id", "actor", "occurred_at", "account_id", "record_id")] == [CLOUDTRAIL["eventID"], "amy", NOON, "C1", "r1"]
        assert read.unmapped == ()


def test_audit_logs_from_bigquery() -> None:
    """An export renames the payload and writes its stamps with the name of their zone."""
    entry = {name: value for name, value in GOOGLE.items() if name != "protoPayload"} | {
        "protopayload_auditlog": GOOGLE["protoPayload"],
        "timestamp": "2026-03-10 12:00:00.123456 UTC",
    }
    read = _read("google", _lines(entry), records=[{"where": RECORDS["google"]}])
    (row,) = read.rows.to_pylist()
    assert (row["actor"], row["account_id"], row["occurred_at"], read.unmapped) == ("amy@example.com", "C1", NOON.replace(microsecond=123456), ())
    assert chosen("x", Source(), _lines(entry)) is ADAPTERS["google"]
    as_text = _lines(entry | {"protopayload_auditlog": json.dumps(entry["protopayload_auditlog"])})
    assert _read("google", as_text, records=[{"where": RECORDS["google"]}]).rows.to_pylist() == [row]


def test_a_line_that_is_broken_spoils_no_other() -> None:
    """Also where it is the first; its place is told, its text is not."""
    body = b'{"eventVersion": "1.1\n' + _lines(CLOUDTRAIL) + b"[1]\n\n\xff\n" + _lines({}, {"eventTime": "never", "eventID": "x", "eventSource": None})
    read = _read("cloudtrail", body)
    reasons = dict(zip(read.rejects["line_number"].to_pylist(), read.rejects["reason"].to_pylist(), strict=True))
    assert reasons == {1: "json_error", 3: "json_not_object", 5: "bad_utf8", 6: "field_missing", 7: "bad_time"}
    assert (read.rows["line_number"].to_pylist(), read.blank, read.lines) == ([2], 1, 7)


@pytest.mark.parametrize("body", [b'{"Records": [{"eventVersion": "1.11"', b"[1, 2", b'{"a": 1}{"b": ', b'{"Records": []}\n{"Rec'])
def test_a_document_that_ends_early_refuses_its_file(body: bytes) -> None:
    """Nobody can tell what it held; it is read when it is whole."""
    with pytest.raises(InputError, match="ends early"):
        _read("cloudtrail", body)


def test_entries_of_a_document_that_are_no_objects_are_refused() -> None:
    """They are counted like lines."""
    read = _read("cloudtrail", json.dumps({"Records": [CLOUDTRAIL, None, 3]}).encode())
    assert (read.rows.num_rows, read.rejects["line_number"].to_pylist(), read.rejects["reason"].to_pylist()) == (1, [2, 3], ["json_not_object"] * 2)


def test_ocsf_in_parquet(tmp_path: Path) -> None:
    """As Security Lake stores it."""
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([OCSF, OCSF | {"metadata": OCSF["metadata"] | {"uid": "m2"}}]), out)
    read = _read("ocsf", out.getvalue(), records=[{"where": RECORDS["ocsf"]}])
    path = tmp_path / "events.parquet"
    path.write_bytes(out.getvalue())
    assert chosen("access_events", Source(), beginning(Found("access_events", "lake", path))) is ADAPTERS["ocsf"]
    assert (read.rows["event_id"].to_pylist(), read.rows["account_id"].to_pylist(), read.has_lines) == (["m1", "m2"], ["C1", "C1"], False)
    with pytest.raises(InputError, match="Parquet"):
        _read("ocsf", out.getvalue()[:-20])


def test_instants_of_parquet_have_digits_below_the_microsecond() -> None:
    """As Spark and Athena write them: what Python cannot hold of an instant is no reason to refuse an access."""
    out = io.BytesIO()
    stamps = pa.array([1_773_136_800_123_456_789], pa.timestamp("ns", "UTC"))
    pq.write_table(pa.Table.from_pylist([OCSF]).append_column("end_time_dt", stamps), out)
    read = _read("ocsf", out.getvalue(), records=[{"where": RECORDS["ocsf"]}])
    assert (read.rows["event_id"].to_pylist(), read.rejects.num_rows) == (["m1"], 0)


def test_unknown_fields_are_reported() -> None:
    """What a source begins to write may matter."""
    assert _read("okta", _lines(OKTA, OKTA | {"newField": 1})).unmapped == ("newField",)
    assert all(_read(name, _lines(sample)).unmapped == () for name, sample in SAMPLES.items())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8) | st.sampled_from(["2026-03-10T12:00:00Z", "", "{", '{"a": 1}', "\0", "9" * 400]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.sampled_from(["message", "detail", "detail-type", "id", "type", "name"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def _mutated(draw: st.DrawFn) -> tuple[str, list[Any]]:
    """Draw a source and entries of it in which some values are anything."""
    name = draw(st.sampled_from(sorted(SAMPLES)))
    entries = []
    for _ in range(draw(st.integers(1, 3))):
        entry = copy.deepcopy(SAMPLES[name])
        for _ in range(draw(st.integers(0, 4))):
            node: Any = entry
            while isinstance(node, dict | list) and node:
                key = draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
                if not isinstance(node[key], dict | list) or draw(st.booleans()):
                    node[key] = draw(JSON)
                    break
                node = node[key]
        entries.append(entry)
    return name, entries


def test_an_answer_that_tells_of_an_error_is_no_list() -> None:
    """It may lack entries, and nobody would know."""
    assert listed({"result": [], "error": None}) == []
    assert listed({"result": [], "error": {"code": 500}}) is None


@given(_mutated(), st.sampled_from(["lines", "records", "pretty", "array", "glued"]))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_an_entry_holds_it_is_accounted_for(mutated: tuple[str, list[Any]], envelope: str) -> None:
    """None is lost, and none crashes."""
    name, entries = mutated
    declared = {"records": [{"where": RECORDS.get(name, {"a": "{account_id}"})}], "fields": {"case_id": "id", "rows": "rows"}}
    body = re.sub(rb"\b(NaN|-?Infinity)\b", b"1e999", ENVELOPES[envelope](entries))
    if envelope != "lines" and listed(entries[0]) is not None:
        return
    try:
        read = _read(name, body, **declared)
    except InputError:
        assert envelope != "lines"
        return
    assert read.lines == len(entries)
    numbers = [*read.rows["line_number"].to_pylist(), *read.rejects["line_number"].to_pylist(), *read.others["line_number"].to_pylist()]
    assert sorted(numbers) == list(range(1, len(entries) + 1))


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\n\r01abT', max_size=60).map(str.encode), st.sampled_from(sorted(ADAPTERS)))
@settings(max_examples=300, deadline=None)
def test_whatever_a_file_holds_nothing_crashes(body: bytes, name: str) -> None:
    """A file that no source wrote is refused, or its lines are."""
    try:
        read = _read(name, body)
    except InputError:
        return
    assert read.lines >= read.rejects.num_rows


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_lines_are_read_some_at_a_time(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """A month of events in one file, or an archive of it, must fit into the memory of any machine."""
    entries = [_with("cloudtrail", {"eventID": f"e{number}", "additionalEventData": "x" * 250_000}) for number in range(200)]
    path = tmp_path / "log.jsonl"
    path.write_bytes(pack(_lines(*entries)))
    rows, peaks = [], []

    def take(taken: pa.Table, _has_lines: bool) -> None:
        rows.append(taken.num_rows)
        peaks.append(tracemalloc.get_traced_memory()[1])

    tracemalloc.start()
    ADAPTERS["cloudtrail"].read(Body.of(path), Given("cloudtrail", take=take))
    tracemalloc.stop()
    assert (sum(rows), len(rows) > 5) == (200, True)
    assert max(peaks) < 2.5 * LONGEST_ROW_BYTES + 4 * BLOCK_BYTES < len(_lines(*entries)) * 1.2


def test_what_a_file_gains_while_it_is_read_belongs_to_the_next_run(tmp_path: Path) -> None:
    """Else what was accounted for is not what was read."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(_lines(CLOUDTRAIL, CLOUDTRAIL))
    body = Body.of(path, len(_lines(CLOUDTRAIL)))
    assert body.whole() == body.head(1 << 20) == _lines(CLOUDTRAIL)
    assert body.digest() == hashlib.sha256(_lines(CLOUDTRAIL)).hexdigest()
    assert ADAPTERS["cloudtrail"].read(body, Given("cloudtrail")).lines == 1


def test_packed_files_are_told_by_content(tmp_path: Path) -> None:
    """S3 delivers gzip."""
    from dagster_project.reading.files import Found

    path = tmp_path / "log.json"
    path.write_bytes(gzip.compress(_lines(CLOUDTRAIL)))
    file = Found("access_events", "elsewhere", path)
    assert chosen("elsewhere", Source(), beginning(file)) is ADAPTERS["cloudtrail"]
    assert _read("cloudtrail", Body.of(file.path).whole()).rows.num_rows == 1
