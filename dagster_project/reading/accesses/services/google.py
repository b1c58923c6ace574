"""Google Cloud audit logs: data access and denials by policy are accesses; a long-running operation, logged at both ends, is one of them."""

import re
from typing import Any

from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.events import Given
from dagster_project.reading.accesses.fields import acting, at, count, flag, text_at, texts_at, utc, values, words
from dagster_project.reading.accesses.postgres.audits import NONE, NOT_LOGGED, PREVIOUSLY, parameters_of
from dagster_project.reading.accesses.reader import Form, adapter
from dagster_project.reading.accesses.services.actions import action
from dagster_project.reading.accesses.services.teleport_kinds import is_discovery
from dagster_project.reading.accesses.statements.touches import NO_CUSTOMER_TABLE, Statement

OTHERS = ("setting_changed", "system_event", "provider_access", "metadata_read", "key_or_secret", "login", "not_audit_log", NO_CUSTOMER_TABLE)
_BY_LOG = {"activity": "setting_changed", "system_event": "system_event", "access_transparency": "provider_access"}
# What these log as read is who signed in, and what a token was made of.
_LOGINS = frozenset({"login.googleapis.com", "oslogin.googleapis.com", "sts.googleapis.com", "iamcredentials.googleapis.com"})
# Keys and secrets open what is read elsewhere, and is told there.
_OPENING = frozenset({"cloudkms.googleapis.com", "secretmanager.googleapis.com"})
# A connection to a database, whose statements are told by themselves.
_CONNECTIONS = frozenset({"cloudsql.instances.connect", "cloudsql.instances.login"})
_OF_SPANNERS_SESSION = re.compile(r"google\.spanner\..*\.(?:\w*Sessions?|BeginTransaction|Rollback)")
_INSIDE = re.compile(r"io\.k8s\..*\.(exec|attach|portforward|proxy)(?:\.(?s:.*))?")  # a container; that it is asked for by `create` says nothing
_OF_SECRETS = re.compile(r"io\.k8s\.core\.v\d+\.secrets\..*")
_REVIEW = re.compile(r"io\.k8s\.(?:authorization|authentication)\..*reviews\.create")
# What reaches data although it counts as activity or as reading a configuration: commands in a container, what a cluster hands on to one, consoles,
# statements, exports (but that of the list of what there is).
_REACHES = re.compile(rf"{_INSIDE.pattern}|(?>.*?\.ssh-serialport\.).*connect|.*\.get(SerialPortOutput|Screenshot)|.*\.executeSql|.*\.export(?!Assets)\w*", re.IGNORECASE)
_SUBJECT = re.compile(r"(?:principal://.*/subject/|user:|serviceAccount:)(.+)")
_PERMISSION_TYPE = "protoPayload.authorizationInfo.permissionType"
_BY_TYPE = {"DATA_READ": "read", "DATA_WRITE": "write"}
_FIRST = "protoPayload.authenticationInfo.serviceAccountDelegationInfo"
_AGENT = re.compile(r"service-\d+@[\w.-]+\.iam\.gserviceaccount\.com")  # Google's own, through which its machines act as a service account
_OF_BIGQUERY = ("protoPayload.metadata", "protoPayload.metadataJson")
_TABLE_READ = tuple(f"{where}.tableDataRead" for where in _OF_BIGQUERY)
_TABLE_CHANGED = tuple(f"{where}.tableDataChange" for where in _OF_BIGQUERY)
_STATEMENT = (
    *(f"{where}.{job}.job.jobConfig.{name}" for where in _OF_BIGQUERY for job in ("jobInsertion", "jobChange") for name in ("queryConfig.statementType", "type")),
    *(f"protoPayload.serviceData.{event}.job.jobConfiguration.query.statementType" for event in ("jobCompletedEvent", "jobInsertResponse.resource", "jobGetQueryResultsResponse")),
)
_JOB_ERROR = (
    *(f"{where}.{job}.job.jobStatus.errorResult.code" for where in _OF_BIGQUERY for job in ("jobInsertion", "jobChange")),
    "protoPayload.serviceData.jobCompletedEvent.job.jobStatus.error.code",
)
_INSERTED = re.compile(r"jobservice\.insert|.*\.JobService\.InsertJob")
_JOBS = {"SELECT": "read", "QUERY": "read", "EXPORT": "export", "EXPORT_DATA": "export", "DELETE": "delete", "TRUNCATE_TABLE": "delete"}
# What a database of Google logged itself: pgAudit's entries, and those of MySQL, whose command says what was done.
_OF_DATABASE = re.compile(r"type\.googleapis\.com/google\.cloud\.(?:sql|alloydb)\.audit\.v\d\w*\.(\w+)AuditEntry")
_MYSQL_TALKS = frozenset({"connect", "disconnect", "quit", "ping", "change_user", "change user"})
_IN_BRACKETS = {"[not logged]": NOT_LOGGED, "[previously logged]": PREVIOUSLY, "[none]": NONE}  # as Cloud SQL writes pgAudit's words
_KNOWN = words("""
    apphub apphubDestination apphubSource errorGroups httpRequest insertId labels logName operation otel protoPayload receiveTimestamp resource severity
    sourceLocation spanId split timestamp trace traceSampled
""")


def other(entry: Fields) -> str | None:
    """Return the name of an entry that reaches no data, None for an access; the log is the last part of `logName`."""
    log = (text_at(entry, "logName") or "").replace("%2F", "/").rpartition("/")[2]
    method = text_at(entry, "protoPayload.methodName") or ""
    if (name := _BY_LOG.get(log)) is not None and not (log == "activity" and _REACHES.fullmatch(method)):
        return name
    if not isinstance(at(entry, "protoPayload"), dict | str):
        return "not_audit_log" if text_at(entry, "logName") else None
    is_talk = _database(entry) == "Mysql" and (text_at(entry, "protoPayload.request.cmd") or "").lower() in _MYSQL_TALKS
    is_talk = is_talk or (_OF_SPANNERS_SESSION.fullmatch(method) is not None and not is_denied(entry))
    if text_at(entry, "protoPayload.serviceName") in _LOGINS or method in _CONNECTIONS or is_talk:
        return "login"
    kinds = set(texts_at(entry, _PERMISSION_TYPE))
    if (kinds and kinds <= {"ADMIN_READ", "ADMIN_WRITE"} and not _REACHES.fullmatch(method)) or _only_asks(entry, method):
        return "metadata_read"
    return "key_or_secret" if text_at(entry, "protoPayload.serviceName") in _OPENING or _OF_SECRETS.fullmatch(method) else None


def _only_asks(entry: Fields, method: str) -> bool:
    """Tell whether a cluster was asked for nothing but its health, what there is to ask for, and what somebody may do."""
    return _REVIEW.fullmatch(method) is not None or (method == "io.k8s.get" and is_discovery(f"/{text_at(entry, 'protoPayload.resourceName') or ''}"))


def event(entry: Fields, _: Given) -> dict[str, Any]:
    """Return the native columns; `timestamp` is when it happened, `receiveTimestamp` when the log got it."""
    names = actors(entry)
    stamp, method = utc(text_at(entry, "timestamp")), text_at(entry, "protoPayload.methodName")
    operation = text_at(entry, "operation.id")
    is_part = bool(operation) and not (flag(at(entry, "operation.first")) and flag(at(entry, "operation.last")))
    insert = text_at(entry, "insertId")
    return {
        "event_id": f"operation {text_at(entry, 'operation.producer') or ''} {operation} {text_at(entry, 'protoPayload.resourceName') or ''}"
        if is_part
        else insert and f"{insert} {stamp}",
        **acting(names),
        "occurred_at": stamp,
        "observed_at": utc(text_at(entry, "receiveTimestamp")),
        "action": _action(entry, method),
        "rows": count(at(entry, "protoPayload.numResponseItems")),
        "outcome": "denied" if is_denied(entry) else "ok",
        "request_id": text_at(entry, "trace"),
        "is_part": is_part,
    }


def _action(entry: Fields, method: str | None) -> str | None:
    """Return what was done: a job of BigQuery is inserted whatever it does, which stands beside it; elsewhere as the method is called, else as the permission."""
    if _database(entry) == "Mysql" and (command := text_at(entry, "protoPayload.request.cmd")) is not None:
        return action(command)
    if text_at(entry, "protoPayload.serviceName") == "bigquery.googleapis.com" and (done := _done_by_job(entry)) is not None:
        return done
    if _INSERTED.fullmatch(method or ""):
        return method
    if (inside := _INSIDE.fullmatch(method or "")) is not None:
        return inside[1]
    told, types = action(method), texts_at(entry, _PERMISSION_TYPE)
    by_type = next((_BY_TYPE[kind] for kind in types if kind in _BY_TYPE), None)
    only_reads = told == "write" and types == ["DATA_READ"]  # what is created is a session, through which is read
    return by_type if by_type and (told == method or only_reads) else told


def _done_by_job(entry: Fields) -> str | None:
    if at(entry, *_TABLE_READ) is not None:
        return "read"
    job = text_at(entry, *_STATEMENT)
    return None if job is None and at(entry, *_TABLE_CHANGED) is None else _JOBS.get(job or "", "write")


def actors(entry: Fields) -> list[str]:
    """Return the names of who acted; for a service account only those of the first principal that delegated to it."""
    every = texts_at(entry, f"{_FIRST}.firstPartyPrincipal.principalEmail", f"{_FIRST}.principalSubject")
    delegated = [name for name in every if not _AGENT.fullmatch(name)][:1]
    own = texts_at(entry, "protoPayload.authenticationInfo.principalEmail", "protoPayload.authenticationInfo.principalSubject")
    # A statement is logged by the server of the database, which names the role beside itself.
    role = texts_at(entry, "protoPayload.request.user") if _database(entry) else []
    # A serial console names the login, and nobody else.
    names = delegated or [*role, *own] or texts_at(entry, "protoPayload.request.username")
    # A subject of a pool, or of Google's own, ends with the name that its provider knows.
    return list(dict.fromkeys([*names, *(found[1] for name in names if (found := _SUBJECT.fullmatch(name)))]))


def statement(entry: Fields) -> Statement | None:
    """Return the statement of an entry that pgAudit made in Cloud SQL or AlloyDB; one that is logged in several pieces is told in none of them."""
    if _database(entry) != "Pg":
        return None
    is_whole = text_at(entry, "protoPayload.request.chunkCount") in (None, "1")
    told = text_at(entry, "protoPayload.request.parameter") or NOT_LOGGED
    return Statement(text_at(entry, "protoPayload.request.statement") if is_whole else None, parameters_of(_IN_BRACKETS.get(told, told)), is_followed=True)


def _database(entry: Fields) -> str | None:
    """Return the kind of database that logged an entry itself, as its type calls it."""
    found = _OF_DATABASE.fullmatch(text_at(entry, "protoPayload.request.@type") or "")
    return found[1] if found else None


def is_denied(entry: Fields) -> bool:
    """Tell whether nothing came back. `granted` is left out where it is false, and false where only a part of a list was withheld: the status decides, if there is one."""
    is_failed = any(code != "0" for code in texts_at(entry, "protoPayload.status.code", *_JOB_ERROR))
    if is_failed or (_database(entry) and text_at(entry, "protoPayload.request.status") == "unsuccessful"):
        return True
    granted = [flag(value) for value in values(entry, "protoPayload.authorizationInfo.granted")]
    return bool(granted) and not any(granted) and not count(at(entry, "protoPayload.numResponseItems"))


# What an export to BigQuery calls it.
_RENAMED = {"protopayload_auditlog": "protoPayload"}
_FORM = Form("google", event, other, _KNOWN, (frozenset({"protoPayload", "timestamp"}),), statement, _RENAMED)
ADAPTER = adapter(_FORM, rb"\bprotoPayload\b|protopayload_auditlog|cloudaudit\.googleapis\.com|type\.googleapis\.com/google\.cloud\.audit\.AuditLog")
