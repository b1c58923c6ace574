"""Teleport: what reaches a database, a file, an application or a cluster is an access; approvals of access requests are the vendor's own, no grants."""

from dataclasses import replace
from typing import Any

from dagster_project.reading.accesses import reader
from dagster_project.reading.accesses.actions import action
from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.events import Events, Given
from dagster_project.reading.accesses.fields import at, count, flag, text, text_at, values, words
from dagster_project.reading.accesses.reader import Form, adapter, by_prefix
from dagster_project.reading.accesses.teleport_steps import EXECUTE, LONGEST_WHOLE, Steps
from dagster_project.reading.accesses.touches import NO_CUSTOMER_TABLE, Statement

OTHERS = ("vendor_approval", "session", "statement_prepared", "login", "setting_changed", "other_event", NO_CUSTOMER_TABLE)
# The longest prefix that fits decides; None is an access.
_KINDS: dict[str, str | None] = {
    "": "other_event",
    "db.session.": None,
    "db.session.start": "session",
    "db.session.end": "session",
    "db.session.result": "session",  # of a query that is told by itself
    "db.session.cassandra.prepare": "statement_prepared",
    "db.session.cassandra.register": "session",
    "db.session.permissions.update": "setting_changed",
    "db.session.user": "setting_changed",
    "db.session.postgres.statements.parse": "statement_prepared",
    "db.session.postgres.statements.bind": "statement_prepared",
    "db.session.postgres.statements.close": "statement_prepared",
    "db.session.mysql.statements.prepare": "statement_prepared",
    "db.session.mysql.statements.close": "statement_prepared",
    "db.session.mysql.statements.reset": "statement_prepared",
    **dict.fromkeys((f"db.session.mysql.{command}" for command in ("create_db", "shut_down", "process_kill", "debug", "refresh")), "setting_changed"),
    "db.session.mysql.init_db": "session",
    "exec": None,
    "git.command": None,
    "scp": None,
    "sftp": None,
    "session.command": None,
    "session.disk": None,
    "session.recording.access": None,
    "app.session.request": None,
    "app.session.dynamodb.request": None,
    "kube.request": None,
    "desktop.clipboard": None,
    "desktop.directory": None,
    "aws_identity_center": "setting_changed",
    "mcp.session.request": None,
    "access_request.": "vendor_approval",
    "session.": "session",
    "app.session.": "session",
    "windows.desktop.session.": "session",
    "desktop.": "session",
    "mcp.session.": "session",
    "resize": "session",
    "subsystem": "session",
    "port": "session",
    "x11-forward": "session",
    "auth": "login",
    "user.login": "login",
    "bot.join": "login",
    "mfa_auth_challenge": "login",
    "saml.idp.auth": "login",
    "device.authenticate": "login",
    "client.disconnect": "session",
    "cert.": "login",
    **dict.fromkeys(
        (
            "user.", "role.", "github.", "oidc.", "saml.", "trusted_cluster", "token.", "join_token.", "lock.", "bot.", "app.", "db.", "mfa.", "recovery_", "reset_password_token",
            "privilege_token", "billing.", "access_list.", "device.", "login_rule.", "okta.", "auth_preference.", "cluster_networking_config.", "session_recording_config.",
            "instance.", "integration.", "discovery_config.", "plugin.", "kube.", "windows_desktop.",
        ),
        "setting_changed",
    ),
}  # fmt: skip
_KNOWN = words("""
    access_requests action addr.local addr.remote affected_rows app_name app_public_addr app_uri args argv body category cgroup_id cluster_name code command
    db_gcp_instance_id db_gcp_project_id db_labels db_name db_origin db_protocol db_query db_query_parameters db_roles db_service db_type db_uri db_user ei
    error event exitCode exitError expires flags forwarded_by function_args function_oid impersonator kubernetes_cluster kubernetes_groups kubernetes_labels
    kubernetes_pod_name kubernetes_pod_namespace kubernetes_users length login message method namespace parameters path pid portal_name ppid private_key_policy
    procedure procname program proto protocol query raw_query request_path resource_api_group resource_kind resource_name resource_namespace response_code
    return_code server_addr server_hostname server_id server_labels server_version session_id sid statement_id statement_name status_code success target time
    trait uid uri user user_agent user_cluster_name user_kind user_message user_roles user_traits verb working_directory
""")
_POSTGRES = frozenset({"postgres", "cockroachdb"})  # whose language statements are read in
_VERBS = {"db.session.query": "read", "db.session.postgres.statements.execute": "read", "scp": "read", "session.recording.access": "read"}


def other(entry: Fields) -> str | None:
    """Name an entry that reaches no record."""
    kind = text_at(entry, "event")
    return None if kind is None else by_prefix(kind, _KINDS)


def event(entry: Fields, _: Given) -> dict[str, Any]:
    """Return the native columns; whoever acts under another's name is the person, and the last letter of the code says how it went."""
    kind, user = text_at(entry, "event"), text_at(entry, "user")
    actor = text_at(entry, "impersonator") or user
    letter = (text_at(entry, "code") or " ")[-1]
    return {
        "event_id": text_at(entry, "uid"),
        "actor": actor or "",
        "occurred_at": text_at(entry, "time"),
        "action": _VERBS.get(kind or "") or action(text_at(entry, "verb", "method")) or kind,
        "rows": count(at(entry, "affected_rows")),
        "outcome": "denied" if letter in "WEF" or flag(at(entry, "success")) is False or _came_to_nothing(entry) else "ok",
        "request_id": text_at(entry, "sid"),
    }


def _came_to_nothing(entry: Fields) -> bool:
    """Tell whether a service refused a request, or the kernel a file or a program: of a program that ran the status is positive."""
    return text_at(entry, "response_code", "status_code") in ("401", "403") or (text_at(entry, "return_code") or "").startswith("-")


def statement(entry: Fields) -> Statement | None:
    """Return the query of a database session; one in another language stays unread. Only the query itself is logged, not what its functions read."""
    if text_at(entry, "db_protocol") not in _POSTGRES or text_at(entry, "event") not in ("db.session.query", "db.session.query.failed"):
        return None
    query = text_at(entry, "db_query") or ""
    return Statement(query if query and len(query) < LONGEST_WHOLE else None, tuple(text(value) or "" for value in values(entry, "db_query_parameters")) or None)


def read(body: bytes, given: Given) -> Events:
    """Return the events of a file; what is run in steps is put together over all of it."""
    steps = Steps(body)

    def told(entry: Fields) -> Statement | None:
        is_step = text_at(entry, "event") == EXECUTE and text_at(entry, "db_protocol") in _POSTGRES
        return steps.statement(entry) if is_step else statement(entry)

    return reader.read(body, given, replace(_FORM, statement=told, note=steps.note))


_FORM = Form("teleport", event, other, _KNOWN, statement)
ADAPTER = replace(adapter(_FORM, rb'"code"\s*:\s*"T[A-Z0-9]+[IWEF]"', rb'"event"\s*:', rb'"time"\s*:'), read=read)
