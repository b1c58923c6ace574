"""Entries of Google, Salesforce, Okta, Zendesk, GitHub and OCSF, kind by kind: an access, with what was done and how it went, or something else by name."""

import base64
import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from dagster_project.reading.accesses.adapters import ADAPTERS, chosen
from dagster_project.reading.accesses.events import Events, Given
from dagster_project.reading.files import Body
from dagster_project.settings import Source

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
SECONDS = int(NOON.timestamp())


def _read(name: str, body: bytes) -> Events:
    return ADAPTERS[name].read(Body.held(body), Given(name))


def _told(name: str, entry: dict[str, Any]) -> Any:
    """Return who did what, and how it went; or the name of what is no access."""
    read = _read(name, json.dumps({field: value for field, value in entry.items() if value is not None}).encode() + b"\n")
    assert (read.rejects.num_rows, read.lines, read.unmapped) == (0, 1, ())
    rows = [(row["actor"], row["action"], row["outcome"]) for row in read.rows.to_pylist()]
    assert all(at == NOON for at in read.rows["occurred_at"].to_pylist())
    return rows[0] if rows else read.others["name"][0].as_py()


def _csv(*rows: dict[str, Any]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


AMY = "amy@example.com"
AUDIT = {"@type": "type.googleapis.com/google.cloud.audit.AuditLog", "authenticationInfo": {"principalEmail": AMY}, "status": {}}
OF_BIGQUERY = {"@type": "type.googleapis.com/google.cloud.audit.BigQueryAuditMetadata"}


def _google(service: str, method: str, log: str = "data_access", **more: Any) -> dict[str, Any]:
    payload = {**AUDIT, "serviceName": f"{service}.googleapis.com", "methodName": method, "resourceName": "projects/p/x", **more}
    return {
        "insertId": "i1", "logName": f"projects/p/logs/cloudaudit.googleapis.com%2F{log}", "timestamp": "2026-03-10T12:00:00Z", "receiveTimestamp": "2026-03-10T12:00:01Z",
        "resource": {"type": "x"}, "severity": "INFO", "protoPayload": payload,
    }  # fmt: skip


def _needs(kind: str, *, granted: bool = True) -> list[dict[str, Any]]:
    return [{"permission": "x", "permissionType": kind, "granted": granted}]


def _job(event: str, **config: Any) -> dict[str, Any]:
    return {**OF_BIGQUERY, event: {"job": {"jobConfig": config}}}


INSERT = "google.cloud.bigquery.v2.JobService.InsertJob"


@pytest.mark.parametrize(("entry", "expected"), [
    (_google("bigquery", INSERT, metadata=_job("jobInsertion", type="QUERY", queryConfig={"statementType": "SELECT"})), (AMY, "read", "ok")),
    (_google("bigquery", INSERT, metadata=_job("jobChange", type="QUERY", queryConfig={"statementType": "INSERT"})), (AMY, "write", "ok")),
    (_google("bigquery", INSERT, metadata=_job("jobChange", type="QUERY", queryConfig={"statementType": "DELETE"})), (AMY, "delete", "ok")),
    (_google("bigquery", INSERT, metadata=_job("jobChange", type="EXPORT")), (AMY, "export", "ok")),
    (_google("bigquery", INSERT, metadata=_job("jobChange", type="LOAD")), (AMY, "write", "ok")),
    (_google("bigquery", INSERT, metadata={**OF_BIGQUERY, "tableDataRead": {"reason": "JOB"}}, authorizationInfo=_needs("DATA_READ")), (AMY, "read", "ok")),
    (_google("bigquery", INSERT, metadataJson=json.dumps({**OF_BIGQUERY, "tableDataRead": {"reason": "JOB"}})), (AMY, "read", "ok")),
    (_google("bigquery", INSERT, metadata={**OF_BIGQUERY, "tableDataChange": {"reason": "QUERY"}}), (AMY, "write", "ok")),
    (_google("bigquery", "google.cloud.bigquery.v2.TableDataService.List", metadata={**OF_BIGQUERY, "tableDataRead": {"reason": "TABLEDATA_LIST_REQUEST"}}), (AMY, "read", "ok")),
    (_google("bigquery", "jobservice.jobcompleted", serviceData={"jobCompletedEvent": {"job": {"jobConfiguration": {"query": {"statementType": "SELECT"}}}}}), (AMY, "read", "ok")),
    (_google("bigquery", INSERT, metadata=_job("jobInsertion", type="QUERY", queryConfig={"statementType": "SELECT"}), status={"code": 7}), (AMY, "read", "denied")),
    (_google("bigquery", "jobservice.insert", serviceData={"jobInsertRequest": {}}), (AMY, "jobservice.insert", "ok")),
    (_google("bigquery", "google.cloud.bigquery.v2.DatasetService.GetDataset", authorizationInfo=_needs("ADMIN_READ")), "metadata_read"),
    (_google("bigtable", "google.bigtable.v2.Bigtable.MutateRow"), (AMY, "write", "ok")), (_google("compute", "beta.compute.instances.aggregatedList"), (AMY, "list", "ok")),
    (_google("storage", "storage.objects.get", authorizationInfo=_needs("DATA_READ")), (AMY, "read", "ok")), (_google("storage", "storage.objects.list"), (AMY, "list", "ok")),
    (_google("storage", "storage.objects.get", authorizationInfo=[{"permissionType": {"a": 1}, "granted": True}]), (AMY, "read", "ok")),
    (_google("spanner", "google.spanner.v1.Spanner.Commit", authorizationInfo=[{"permissionType": [{}]}, {"permissionType": "DATA_WRITE"}]), (AMY, "write", "ok")),
    (_google("storage", "storage.objects.delete", status={"code": 7}), (AMY, "delete", "denied")),
    (_google("storage", "storage.objects.get", status={"code": 5}), (AMY, "read", "denied")),
    (_google("storage", "storage.objects.get", "policy", status={"code": 7}), (AMY, "read", "denied")),
    (_google("storage", "storage.setIamPermissions", "activity"), "setting_changed"),
    (_google("spanner", "google.spanner.v1.Spanner.ExecuteStreamingSql", authorizationInfo=_needs("DATA_READ")), (AMY, "read", "ok")),
    *((_google("spanner", f"google.spanner.v1.Spanner.{method}", authorizationInfo=_needs("DATA_WRITE")), told) for method, told in (
        ("CreateSession", "login"), ("BatchCreateSessions", "login"), ("BeginTransaction", "login"), ("Rollback", "login"), ("Commit", (AMY, "write", "ok")),
    )),
    (_google("spanner", "google.spanner.v1.Spanner.CreateSession", status={"code": 7}), (AMY, "write", "denied")),
    (_google("bigquery", "google.cloud.bigquery.storage.v1.BigQueryRead.CreateReadSession", authorizationInfo=_needs("DATA_READ")), (AMY, "read", "ok")),
    (_google("datastore", "google.datastore.v1.Datastore.RunQuery", authorizationInfo=_needs("DATA_READ")), (AMY, "read", "ok")),
    (_google("datastore", "google.datastore.v1.Datastore.Commit", authorizationInfo=_needs("DATA_WRITE")), (AMY, "write", "ok")),
    (_google("bigtable", "google.bigtable.v2.Bigtable.ReadRows", authorizationInfo=_needs("DATA_READ")), (AMY, "read", "ok")),
    (_google("cloudsql", "cloudsql.instances.connect", authorizationInfo=_needs("DATA_WRITE")), "login"),
    (_google("cloudsql", "cloudsql.instances.export", "activity"), (AMY, "export", "ok")),
    (_google("firestore", "google.firestore.admin.v1.FirestoreAdmin.ExportDocuments", "activity"), (AMY, "export", "ok")),
    (_google("k8s", "io.k8s.core.v1.pods.exec.create", "activity"), (AMY, "exec", "ok")), (_google("k8s", "io.k8s.core.v1.pods.create", "activity"), "setting_changed"),
    *((_google("x", method, "activity"), told) for method, told in (
        ("io.k8s.core.v1.nodes.proxy.create", (AMY, "proxy", "ok")), ("io.k8s.core.v1.services.proxy.delete", (AMY, "proxy", "ok")),
        ("io.k8s.core.v1.services.create", "setting_changed"),
        ("google.cloud.alloydb.v1.AlloyDBAdmin.ExportCluster", (AMY, "export", "ok")), ("google.cloud.redis.v1.CloudRedis.ExportInstance", (AMY, "export", "ok")),
        ("google.cloud.healthcare.v1.fhir.FhirService.ExportResources", (AMY, "export", "ok")), ("google.cloud.asset.v1.AssetService.ExportAssets", "setting_changed"),
        ("google.cloud.alloydb.v1.AlloyDBAdmin.ExecuteSql", (AMY, "google.cloud.alloydb.v1.AlloyDBAdmin.ExecuteSql", "ok")), ("cloudsql.instances.failover", "setting_changed"),
    )),
    (_google("k8s", "io.k8s.core.v1.nodes.proxy.get", resourceName="core/v1/nodes/n1/proxy/logs"), (AMY, "proxy", "ok")),
    (_google("k8s", "io.k8s.core.v1.pods.portforward.create", "activity", status={"code": 7}), (AMY, "portforward", "denied")),
    (_google("ssh-serialport", "google.ssh-serialport.v1.connect", "activity"), (AMY, "google.ssh-serialport.v1.connect", "ok")),
    (_google("compute", "v1.compute.instances.setMetadata", "activity"), "setting_changed"), (_google("login", "google.login.LoginService.loginSuccess"), "login"),
    (_google("ssh-serialport", "google.ssh-serialport.v1.connect", "activity", authenticationInfo=None, request={"username": "amy_example_com"}),
     ("amy_example_com", "google.ssh-serialport.v1.connect", "ok")),
    (_google("secretmanager", "google.cloud.secretmanager.v1.SecretManagerService.AccessSecretVersion", authorizationInfo=_needs("DATA_READ")), "key_or_secret"),
    (_google("secretmanager", "google.cloud.secretmanager.v1.SecretManagerService.CreateSecret", "activity"), "setting_changed"),
    (_google("secretmanager", "google.cloud.secretmanager.v1.SecretManagerService.GetSecret", authorizationInfo=_needs("ADMIN_READ")), "metadata_read"),
    (_google("cloudkms", "Decrypt", authorizationInfo=_needs("DATA_READ")), "key_or_secret"), (_google("cloudkms", "Encrypt", status={"code": 9}), "key_or_secret"),
    (_google("compute", "v1.compute.instances.getSerialPortOutput", authorizationInfo=_needs("ADMIN_READ")), (AMY, "read", "ok")),
    (_google("compute", "v1.compute.instances.get", authorizationInfo=_needs("ADMIN_READ")), "metadata_read"),
    (_google("k8s", "io.k8s.get", resourceName="readyz"), "metadata_read"), (_google("k8s", "io.k8s.get", resourceName="apis/apps/v1"), "metadata_read"),
    (_google("k8s", "io.k8s.get", resourceName="core/v1/namespaces/x/configmaps/y"), (AMY, "read", "ok")),
    (_google("k8s", "io.k8s.authorization.v1.subjectaccessreviews.create"), "metadata_read"), (_google("k8s", "io.k8s.core.v1.configmaps.list"), (AMY, "list", "ok")),
    (_google("k8s", "io.k8s.core.v1.secrets.get", status={"code": 7}), "key_or_secret"), (_google("k8s", "io.k8s.core.v1.secrets.create", "activity"), "setting_changed"),
    (_google("compute", "v1.compute.instances.hostError", "system_event"), "system_event"), (_google("x", "GoogleInternal.Read", "access_transparency"), "provider_access"),
])  # fmt: skip
def test_entries_of_google(entry: dict[str, Any], expected: Any) -> None:
    """A job is inserted whatever it does; what reaches data from the log of activity is an access all the same."""
    assert _told("google", entry) == expected


def test_an_entry_of_google_tells_itself_by_its_payload() -> None:
    """An export to a table may leave out the log's name, and rename what a type begins with."""
    entry = _google("storage", "storage.objects.get")
    del entry["logName"], entry["protoPayload"]["@type"]
    assert chosen("x", Source(), json.dumps(entry).encode()) is ADAPTERS["google"]
    assert _told("google", entry) == (AMY, "read", "ok")


@pytest.mark.parametrize(("changed", "expected"), [
    ({}, ("amy", "read", "ok")), ({"cmd": "delete"}, ("amy", "delete", "ok")), ({"cmd": "load"}, ("amy", "load", "ok")), ({"cmd": None}, ("amy", "read", "ok")),
    ({"status": "unsuccessful", "errCode": "1142"}, ("amy", "read", "denied")), ({"cmd": "connect", "status": "unsuccessful", "errCode": "1045"}, "login"),
    ({"cmd": "Disconnect"}, "login"),
])  # fmt: skip
def test_entries_of_mysql_in_cloud_sql(changed: dict[str, Any], expected: Any) -> None:
    """The server logs them and names nobody but the user of the database."""
    logged = {"@type": "type.googleapis.com/google.cloud.sql.audit.v1.MysqlAuditEntry", "cmd": "select", "msgType": "activity", "status": "success", "user": "amy", "query": "x"}
    request = {name: value for name, value in (logged | changed).items() if value is not None}
    assert _told("google", _google("cloudsql", "cloudsql.instances.query", authenticationInfo=None, request=request)) == expected


GOT = _google("storage", "storage.objects.get", authorizationInfo=_needs("DATA_READ"))


@pytest.mark.parametrize(("authentication", "names"), [
    ({"principalEmail": AMY}, [AMY]), ({"principalEmail": AMY, "principalSubject": f"user:{AMY}"}, [AMY, f"user:{AMY}"]),
    ({"principalSubject": "principal://iam.googleapis.com/locations/global/workforcePools/p/subject/amy"},
     ["principal://iam.googleapis.com/locations/global/workforcePools/p/subject/amy", "amy"]),
    ({"principalEmail": "robot@p.iam.gserviceaccount.com", "serviceAccountDelegationInfo": [{"principalSubject": f"user:{AMY}"}]}, [f"user:{AMY}", AMY]),
])  # fmt: skip
def test_a_subject_ends_with_a_name(authentication: dict[str, Any], names: list[str]) -> None:
    """Whoever signs in through a pool has no address there; its provider's name is in the ledger of staff."""
    (row,) = _read("google", json.dumps(GOT | {"protoPayload": {**GOT["protoPayload"], "authenticationInfo": authentication}}).encode()).rows.to_pylist()
    assert [row["actor"], *row["actor_aliases"]] == names


def test_audit_logs_that_were_downloaded_as_a_table() -> None:
    """Each field is a column, with the path that it had."""
    row = {name: value for name, value in GOT.items() if isinstance(value, str)}
    row |= {
        f"protoPayload.{name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in GOT["protoPayload"].items()
        if name not in ("authenticationInfo", "status")
    }
    row |= {"protoPayload.authenticationInfo.principalEmail": AMY, "protoPayload.status.code": ""}
    read = _read("google", _csv(row))
    assert [(each["actor"], each["action"], each["occurred_at"], each["outcome"]) for each in read.rows.to_pylist()] == [(AMY, "read", NOON, "ok")]
    assert read.unmapped == ()
    assert chosen("x", Source(), _csv(row)) is ADAPTERS["google"]


def test_audit_logs_as_a_subscription_pushes_them() -> None:
    """One message, with the entry in base64."""
    message = {"message": {"data": base64.b64encode(json.dumps(GOT).encode()).decode(), "messageId": "1", "publishTime": "2026-03-10T12:00:03Z"}, "subscription": "s"}
    assert _read("google", json.dumps(message).encode()).rows["actor"].to_pylist() == [AMY]


SETUP = {"Id": "0Ym1", "CreatedDate": "2026-03-10T12:00:00.000+0000", "CreatedById": "005AMY", "Section": "Manage Users", "Display": "x"}
LOGIN_AS = {
    "attributes": {"type": "LoginAsEvent"}, "EventIdentifier": "e", "EventDate": "2026-03-10T12:00:00.000+0000", "DelegatedOrganizationId": "00DSUPPORT", "UserId": "005CORA",
    "DelegatedUsername": AMY, "Username": "cora@example.org", "LoginAsCategory": "Support", "LoginHistoryId": "0Ya", "SourceIp": "192.0.2.1",
}  # fmt: skip

IN_LOG = {
    "attributes": {"type": "LoginAsEventLog"}, "Timestamp": "2026-03-10T12:00:00.000Z", "DelegatedUserIdentifier": "005AMY", "DelegatedUserName": AMY,
    "UserIdentifier": "005CORA", "RequestIdentifier": "q",
}  # fmt: skip


@pytest.mark.parametrize(("entry", "expected"), [
    (LOGIN_AS, (AMY, "impersonate", "ok")), (LOGIN_AS | {"attributes": None}, (AMY, "impersonate", "ok")), (LOGIN_AS | {"PolicyOutcome": "Block"}, (AMY, "impersonate", "denied")),
    (LOGIN_AS | {"EventDate": SECONDS * 1000}, (AMY, "impersonate", "ok")), (LOGIN_AS | {"attributes": {"type": "LoginAsEventStream"}}, (AMY, "impersonate", "ok")),
    (IN_LOG, ("005AMY", "impersonate", "ok")),
    (SETUP | {"attributes": {"type": "SetupAuditTrail"}, "Action": "suOrgAdminLogin"}, ("005AMY", "impersonate", "ok")),
    (SETUP | {"Action": "suOrgAdminLogin"}, ("005AMY", "impersonate", "ok")),
    (SETUP | {"Action": "suOrgAdminLogout"}, "not_login_as"), (SETUP | {"Action": "changedprofile", "DelegateUser": AMY}, "not_login_as"),
    (SETUP | {"Action": "grantaccesstosupport"}, "not_login_as"),
    ({"attributes": {"type": "LoginHistory"}, "Id": "0Ya", "UserId": "005", "LoginTime": "2026-03-10T12:00:00.000+0000", "LoginType": "Application"}, "not_login_as"),
    ({"Id": "0Ya", "UserId": "005", "LoginTime": "2026-03-10T12:00:00.000+0000", "LoginType": "Application", "Status": "Success"}, "not_login_as"),
    ({"attributes": {"type": "UriEvent"}, "EventDate": "2026-03-10T12:00:00.000+0000", "UserId": "005"}, "not_login_as"),
    ({"EVENT_TYPE": "Login", "USER_ID": "005"}, "not_login_as"),
    ({"EVENT_TYPE": "ApexExecution", "USER_ID": "005"}, "not_login_as"),
])  # fmt: skip
def test_entries_of_salesforce(entry: dict[str, Any], expected: Any) -> None:
    """Who logs in as another is the delegated user; the history of logins and what setup else tells of is no such thing."""
    assert _told("salesforce", entry) == expected


def test_the_organisation_of_whoever_logs_in_is_no_customer() -> None:
    """The delegated organisation is that of support."""
    rows = [_read("salesforce", json.dumps(LOGIN_AS | more).encode()).rows.to_pylist()[0] for more in ({}, {"OrganizationId": "00DCORA"})]
    assert [row["account_id"] for row in rows] == [None, "00DCORA"]


def _trail_of(*dates: str, zone: str | None = None) -> Events:
    row = {"User": AMY, "Source Namespace Prefix": "", "Action": "Logged in using Login-As access for Cora", "Section": "", "Delegate User": ""}
    body = _csv(*({"Date": date, **row} for date in dates), {"Date": dates[0], **row, "Action": "Changed a profile"})
    assert chosen("elsewhere", Source(), body) is ADAPTERS["salesforce"]
    return ADAPTERS["salesforce"].read(Body.held(body), Given("salesforce", zones={"salesforce": zone} if zone else {}))


@pytest.mark.parametrize(("dates", "zone", "expected"), [
    (["2026-03-10 12:00:00 UTC"], None, ["2026-03-10 12:00 zoned"]),
    (["3/25/2026, 12:00:00 PM UTC", "3/10/2026, 1:05:09 AM UTC"], None, ["2026-03-25 12:00 zoned", "2026-03-10 01:05 zoned"]),
    (["25/3/2026 12:00", "10/3/2026 00:30"], "UTC", ["2026-03-25 12:00 zoned", "2026-03-10 00:30 zoned"]), (["10.03.2026, 12:00:00"], None, ["None unzoned"]),
    (["3/10/2026, 12:00:00 PM"], None, ["bad_time"]), (["3/25/2026, 12:00 PM", "25/3/2026, 12:00 PM"], None, ["bad_time", "bad_time"]),
    (["3/25/2026, 12:00:00 PM PDT"], None, ["None unzoned"]), (["3/25/2026, 12:00:00 PM PDT"], "America/Los_Angeles", ["2026-03-25 19:00 zoned"]),
    (["3/25/2026, 12:00:00 PM PDT"], "Europe/Berlin", ["bad_time"]), (["3/25/2026, 12:00:00 PM"], "America/Los_Angeles", ["2026-03-25 19:00 zoned"]),
    (["3/32/2026, 12:00:00 PM"], "UTC", ["bad_time"]), (["3/25/2026, 12:00:00 PM", "yesterday"], "UTC", ["2026-03-25 12:00 zoned", "bad_time"]),
])  # fmt: skip
def test_a_trail_of_setup_that_was_downloaded(dates: list[str], zone: str | None, expected: list[str]) -> None:
    """The page writes sentences, and stamps as its reader is used to: the order of day and month is taken where the file tells it, the zone where it is declared."""
    read = _trail_of(*dates, zone=zone)
    rows = [f"{at and format(at, '%Y-%m-%d %H:%M')} {status}" for at, status in zip(read.rows["occurred_at"].to_pylist(), read.rows["time_status"].to_pylist(), strict=True)]
    assert [*rows, *read.rejects["reason"].to_pylist()] == expected
    assert (set(read.rows["actor"].to_pylist()) <= {AMY}, read.others["name"].to_pylist()) == (True, ["not_login_as"])


OKTA = {"uuid": "k", "published": "2026-03-10T12:00:00.000Z", "actor": {"id": "00u1", "type": "User", "alternateId": AMY}, "outcome": {"result": "SUCCESS"}}


@pytest.mark.parametrize(("kind", "expected"), [
    ("user.session.impersonation.initiate", (AMY, "impersonate", "ok")), ("user.session.impersonation.extend", (AMY, "impersonate", "ok")),
    ("user.session.impersonation.grant", "setting_changed"), ("user.session.impersonation.revoke", "setting_changed"), ("user.session.impersonation.end", "session"),
    ("support.org.update", "setting_changed"), ("app.generic.unauth_app_access_attempt", "login"), ("user.session.access_admin_app", "login"), ("user.session.start", "login"),
    ("user.authentication.sso", "login"), ("user.account.privilege.grant", "setting_changed"), ("system.api_token.create", "setting_changed"),
    ("app.oauth2.as.token.grant", "login"),
    ("system.org.rate_limit.warning", "other_event"), ("policy.evaluate_sign_on", "login"), ("group.user_membership.add", "setting_changed"),
    ("support.org.view", (AMY, "read", "ok")), ("system.directory.debugger.query_executed", (AMY, "read", "ok")), ("system.directory.debugger.grant", "setting_changed"),
    ("analytics.reports.export.download", (AMY, "read", "ok")), ("analytics.reports.export.generate", "other_event"), ("pam.server.ssh_login", (AMY, "pam.server.ssh_login", "ok")),
    ("workflows.user.table.view", (AMY, "read", "ok")), ("workflows.user.table.export", (AMY, "export", "ok")), ("workflows.user.table.create", "other_event"),
    ("application.user_membership.show_password", "key_or_secret"), ("pam.secret.reveal", "key_or_secret"), ("pam.service_account.password.reveal", "key_or_secret"),
])  # fmt: skip
def test_entries_of_okta(kind: str, expected: Any) -> None:
    """Support comes in with an impersonation, or looks at an organisation's pages and directory; who is shown a table or a report has read it."""
    assert _told("okta", OKTA | {"eventType": kind}) == expected


def test_a_hook_and_a_page_of_okta() -> None:
    """A hook carries its events within; a page is an array."""
    entry = OKTA | {"eventType": "user.session.impersonation.initiate"}
    hook = {"eventType": "com.okta.event_hook", "eventTypeVersion": "1.0", "data": {"events": [entry]}, "eventTime": "2026-03-10T12:00:05Z"}
    assert [_read("okta", json.dumps(each).encode()).rows["actor"].to_pylist() for each in (hook, [entry, entry])] == [[AMY], [AMY, AMY]]


LOGGED = {"id": 1, "created_at": "2026-03-10T12:00:00Z", "actor_id": 17, "actor_name": "Amy Example", "source_id": 9}
REQUEST = {"id": "a", "timestamp": "2026-03-10T12:00:00Z", "user_id": 17, "method": "GET", "status": 200, "url": "/api/v2/tickets/7.json", "originated_by": "x"}


@pytest.mark.parametrize(("entry", "expected"), [
    (LOGGED | {"action": "login", "source_type": "user", "source_label": "Account assumption"}, ("17", "impersonate", "ok")),
    (LOGGED | {"action": "exported", "source_type": "report"}, ("17", "export", "ok")), (LOGGED | {"action": "destroy", "source_type": "ticket"}, ("17", "delete", "ok")),
    (LOGGED | {"action": "permanently_destroy", "source_type": "user"}, ("17", "delete", "ok")), (LOGGED | {"action": "destroy", "source_type": "rule"}, "setting_changed"),
    (LOGGED | {"action": "update", "source_type": "account_setting", "source_label": "Account Assumption"}, "setting_changed"),
    (LOGGED | {"action": "update", "source_type": "user", "change_description": "Role changed"}, "setting_changed"),
    (LOGGED | {"action": "login", "source_type": "user", "source_label": "Amy"}, "login"), (REQUEST, ("17", "read", "ok")), (REQUEST | {"method": "PUT"}, ("17", "write", "ok")),
    (REQUEST | {"status": 404}, ("17", "read", "denied")), (REQUEST | {"status": 403}, ("17", "read", "denied")), (REQUEST | {"status": 500}, ("17", "read", "ok")),
    (REQUEST | {"method": "POST", "graphql": {"operation_name": "ticket", "operation_type": "QUERY"}}, ("17", "read", "ok")),
    (REQUEST | {"method": "POST", "graphql": {"operation_name": "ticket", "operation_type": "MUTATION"}}, ("17", "write", "ok")),
])  # fmt: skip
def test_entries_of_zendesk(entry: dict[str, Any], expected: Any) -> None:
    """GraphQL is asked for everything by POST; a ticket is a customer's, a rule is not."""
    assert _told("zendesk", entry) == expected


GITHUB = {"@timestamp": SECONDS * 1000, "_document_id": "d", "actor": "amy", "actor_id": 17, "org": "c1", "created_at": SECONDS * 1000}


@pytest.mark.parametrize(("kind", "expected"), [
    *((kind, ("amy", "impersonate", "ok")) for kind in ("staff.fake_login", "repo.staff_unlock", "staff.unlock", "enterprise.support_session_start")),
    ("git.clone", ("amy", "read", "ok")), ("git.fetch", ("amy", "read", "ok")), ("git.push", ("amy", "write", "ok")), ("repo.download_zip", ("amy", "read", "ok")),
    ("api.request", ("amy", "api.request", "ok")), ("staff.exit_fake_login", "login"), ("user.login", "login"), ("org.sso_response", "login"),
    *((kind, "setting_changed") for kind in (
        "staff.repo_lock", "business.support_access_enable", "repo.access", "repo.create", "org.audit_log_export", "personal_access_token.access_granted",
        "issue_comment.update", "audit_log_streaming.create",
    )),
])  # fmt: skip
def test_entries_of_github(kind: str, expected: Any) -> None:
    """Who comes in and who reads; leaving again, and what is set up, is no access."""
    assert _told("github", GITHUB | {"action": kind, "request_category": "other"}) == expected
    assert _told("github", GITHUB | {"action": kind, "@timestamp": SECONDS, "created_at": SECONDS}) == expected


def test_an_audit_log_of_github_in_csv() -> None:
    """The page of the log gives out either form."""
    body = _csv(GITHUB | {"action": "staff.fake_login"})
    assert (_read("github", body).rows["actor"].to_pylist(), chosen("x", Source(), body)) == (["amy"], ADAPTERS["github"])


@pytest.mark.parametrize("body", [
    b'{"actor":"amy","org":"c1","action":"team.create","created_at":1773144000000}\n', b'[{"created_at": 1773144000000, "actor": "amy", "action": "repo.download_zip"}]',
])  # fmt: skip
def test_an_export_of_the_page_tells_itself(body: bytes) -> None:
    """It has neither the stamp nor the id of the stream; a homely log with an actor and an action is none of GitHub's."""
    assert chosen("x", Source(), body) is ADAPTERS["github"]
    assert chosen("x", Source(), body.replace(b"1773144000000", b'"2026-03-10T12:00:00Z"')) is None


def _ocsf(kind: int, activity: int, **more: Any) -> dict[str, Any]:
    return {"class_uid": kind, "activity_id": activity, "time": SECONDS * 1000, "metadata": {"uid": "m"}, "actor": {"user": {"name": "amy"}}, **more}


def _trail(feature: str, service: str, operation: str) -> dict[str, Any]:
    product = {"name": "CloudTrail", "vendor_name": "AWS", "feature": {"name": feature}}
    return {"metadata": {"uid": "m", "product": product}, "api": {"operation": operation, "service": {"name": f"{service}.amazonaws.com"}}}


def _cluster(path: str, resource: str) -> dict[str, Any]:
    product = {"name": "Amazon EKS", "vendor_name": "AWS", "version": "audit.k8s.io/v1"}
    return {"metadata": {"uid": "m", "product": product}, "http_request": {"url": {"path": path}}, "resources": [{"type": resource, "name": "x"}]}


@pytest.mark.parametrize(("entry", "expected"), [
    (_ocsf(6003, 2, **_cluster("/api/v1/namespaces/c1/configmaps/x", "configmaps")), ("amy", "read", "ok")),
    (_ocsf(6003, 2, **_cluster("/api/v1/namespaces/c1/secrets/x", "secrets")), "key_or_secret"), (_ocsf(6003, 2, **_cluster("/apis/apps/v1", "")), "metadata_read"),
    (_ocsf(6003, 1, **_cluster("/apis/authorization.k8s.io/v1/subjectaccessreviews", "subjectaccessreviews")), "metadata_read"),
    (_ocsf(6003, 2, http_request={"url": {"path": "/api/orders"}}, resources=[{"type": "secrets"}]), ("amy", "read", "ok")),
    (_ocsf(6003, 2), ("amy", "read", "ok")), (_ocsf(6003, 4, status_id=1), ("amy", "delete", "ok")), (_ocsf(6003, 99, api={"operation": "GetObject"}), ("amy", "read", "ok")),
    (_ocsf(6003, 2, api={"response": {"error": "AccessDenied", "code": 403}}), ("amy", "read", "denied")), (_ocsf(6003, 2, status="Failure"), ("amy", "read", "denied")),
    (_ocsf(6005, 1), ("amy", "read", "ok")), (_ocsf(6005, 4, status_id=2), ("amy", "read", "denied")), (_ocsf(6005, 7), ("amy", "delete", "ok")),
    (_ocsf(6005, 8), ("amy", "list", "ok")), (_ocsf(6004, 1), ("amy", "grant", "ok")), (_ocsf(6004, 2), ("amy", "deny", "denied")),
    *((_ocsf(6006, activity, file={"name": "x"}), ("amy", done, "ok")) for activity, done in (
        (1, "write"), (2, "read"), (3, "write"), (4, "delete"), (5, "write"), (6, "write"), (7, "write"), (8, "write"), (9, "read"), (12, "share"), (14, "read"), (15, "read"),
    )),
    *((_ocsf(6006, 2, disposition_id=told), ("amy", "read", outcome)) for told, outcome in ((1, "ok"), (2, "denied"), (6, "denied"), (17, "ok"), (25, "denied"), (26, "denied"))),
    (_ocsf(6005, 3, activity_name="Connect", status_id=2), ("amy", "Connect", "denied")),
    (_ocsf(6005, 1, actor={"process": {"name": "psql", "user": {"name": "amy"}}, "app_name": "x"}), ("amy", "read", "ok")),
    (_ocsf(6005, 1, actor={"user": {"uid": "amy"}, "process": {"user": {"name": "root"}}}), ("amy", "read", "ok")),
    (_ocsf(6005, 3), "session"), (_ocsf(6001, 7), ("amy", "export", "ok")), (_ocsf(6001, 5), ("amy", "list", "ok")), (_ocsf(3005, 1), ("amy", "assign_privileges", "ok")),
    (_ocsf(3002, 1), "login"), (_ocsf(4001, 6), "other_class"), (_ocsf(1007, 1), "other_class"), (_ocsf(6005, 1, time=SECONDS), ("amy", "read", "ok")),
    (_ocsf(6005, 1, time=None, time_dt="2026-03-10T12:00:00Z"), ("amy", "read", "ok")), (_ocsf(6005, 1, time="2026-03-10T12:00:00"), ("amy", "read", "ok")),
    (_ocsf(6005, 1, time=SECONDS * 1_000_000), ("amy", "read", "ok")),
    (_ocsf(3005, 2, class_name="API Activity", api={"operation": "GetObject"}), ("amy", "read", "ok")),
    *((_ocsf(3005, number, class_name="User Access Management"), ("amy", done, "ok")) for number, done in ((2, "revoke_privileges"), (3, "assign_role"), (4, "remove_role"))),
    *((_ocsf(kind, 2, class_name="API Activity", **_trail(*call)), expected) for kind in (3005, 6003) for call, expected in (
        (("Data", "s3", "GetObject"), ("amy", "read", "ok")), (("Management", "ec2", "DescribeInstances"), "management_event"),
        (("Insights", "ec2", "RunInstances"), "insight_event"),
        (("Management", "athena", "GetQueryResults"), ("amy", "read", "ok")), (("Management", "kms", "Decrypt"), "key_or_secret"),
        (("Management, Data, and Insights", "s3", "GetObject"), ("amy", "read", "ok")), (("Management, Data, and Insights", "iam", "ListUsers"), "management_event"),
    )),
])  # fmt: skip
def test_entries_of_ocsf(entry: dict[str, Any], expected: Any) -> None:
    """By class and activity, what CloudTrail logged as there; a stamp counts milliseconds, and where a producer is wrong about it, what it must be."""
    assert _told("ocsf", entry) == expected
