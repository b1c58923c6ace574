"""Classifies Teleport's entries by kind: an access and what it does to records, or something else."""

import re

from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.fields import at, count, text_at
from dagster_project.reading.accesses.reader import by_prefix
from dagster_project.reading.accesses.services.actions import action

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
    "db.session.mysql.statements.send_long_data": "statement_prepared",
    **dict.fromkeys((f"db.session.mysql.{command}" for command in ("create_db", "shut_down", "process_kill", "debug", "refresh")), "setting_changed"),
    "db.session.mysql.init_db": "session",
    "exec": None,
    "git.command": None,
    "scp": None,
    "sftp": None,
    "sftp_summary": "session",  # of files that are told by themselves
    "session.command": None,
    "session.disk": None,
    "session.start": None,
    "session.join": None,
    "session.recording.access": None,
    "app.session.start": None,
    "app.session.request": None,
    "app.session.dynamodb.request": None,
    "app.session.chunk": None,  # that there were requests for minutes; each is told in its recording only
    "app.access": None,
    "http.request": None,
    "http.request.body_chunk": "session",  # of a request that is told by itself
    "http.response": "session",
    "kube.request": None,
    "desktop.clipboard": None,
    "desktop.directory.read": None,
    "desktop.directory.write": None,
    "aws_identity_center": "setting_changed",
    "mcp.session.request": None,
    "access_request.": "vendor_approval",
    "session.": "session",
    "app.session.": "session",
    "windows.desktop.session.": "session",
    "linux.desktop.session.": "session",
    **dict.fromkeys(("windows.desktop.session.start", "linux.desktop.session.start"), None),  # what is seen on a desktop is told nowhere else
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
_VERBS = {
    "db.session.query": "read", "db.session.query.failed": "read", "db.session.postgres.statements.execute": "read", "session.join": "read", "session.recording.access": "read",
    "desktop.clipboard.receive": "read", "desktop.clipboard.send": "write",
}  # fmt: skip
# Where it stands what is asked for, if it is neither the verb nor the method of HTTP.
_NAMED = {
    "db.session.dynamodb.request": ("target",), "app.session.dynamodb.request": ("target",), "db.session.spanner.rpc": ("procedure",), "scp": ("action",),
    "db.session.sqlserver.rpc_request": ("proc_name", "procname"),
}  # fmt: skip
# What lets somebody in, or does not: that is an attempt that nothing else tells of.
_OPENS = re.compile(r"(?:db|app|mcp)\.session\.start|app\.session\.target\.dial\.denied|db\.session\.spanner\.rpc")
_GIT = {"git-upload-pack": "read", "git-receive-pack": "write"}
# The file operations of SFTP, which Teleport numbers.
_SFTP = {
    1: "read", 3: "read", 4: "write", 5: "list", 6: "list", 7: "write", 8: "write", 9: "list", 10: "list", 11: "delete", 12: "write", 13: "delete", 14: "list", 15: "list",
    16: "write", 17: "list", 18: "write", 19: "write",
}  # fmt: skip
_SFTP_CLOSE, _SFTP_STAT = 2, frozenset({5, 6, 15})
_SEARCH = re.compile(r"/_(m?search|m?get|count|sql|source|field_caps|termvectors|async_search|eql|explain)\b")
_DISCOVERY = re.compile(r"/(version|healthz|livez|readyz|openapi(/.*)?|api(/[^/]+)?|apis(/[^/]+){0,2})/?(\?.*)?")
_OF_SPANNERS_SESSION = re.compile(r".*Sessions?|BeginTransaction|Rollback")
_OF_MCP = frozenset({"tools/call", "resources/read", "prompts/get"})


def other(entry: Fields) -> str | None:
    """Return the name of an entry that reaches no record; None for an access."""
    kind = text_at(entry, "event")
    if kind is None:
        return None
    if kind == "kube.request" and text_at(entry, "resource_kind") == "secrets":
        return "key_or_secret"
    name = by_prefix(kind, _KINDS) or ("session" if _only_talks(entry, kind) else None)
    return None if name == "session" and _OPENS.fullmatch(kind) and has_failed(entry) else name


def has_failed(entry: Fields) -> bool:
    """Tell whether an action was refused or failed, by the last letter of its code."""
    return (text_at(entry, "code") or " ")[-1] in "WEF"


def _only_talks(entry: Fields, kind: str) -> bool:
    """Tell whether an entry reaches no record: it opens or closes a session, or discovers what can be asked for.

    What is done in a shell is logged nowhere else, so the begin of one with a terminal stands for it; without a terminal it runs a program, logged by itself.
    """
    if kind == "session.start":
        return text_at(entry, "size") is None
    if kind == "app.session.start":  # over HTTP, requests are told by chunks
        return not (text_at(entry, "app_uri") or "").startswith("tcp:")
    if kind == "sftp":
        return count(at(entry, "action")) == _SFTP_CLOSE
    if kind == "kube.request":
        return is_discovery(text_at(entry, "request_path") or "")
    if kind == "db.session.spanner.rpc":
        return _OF_SPANNERS_SESSION.fullmatch(_asked(entry, kind)) is not None
    return kind == "mcp.session.request" and (text_at(entry, "message.method") or "tools/call") not in _OF_MCP


def is_discovery(path: str) -> bool:
    """Tell whether a path of Kubernetes asks for its version, its health or what there is to ask for."""
    return _DISCOVERY.fullmatch(path) is not None


def gives_sizes(entry: Fields, kind: str) -> bool:
    """Tell whether only the size and the times of a file came back."""
    return kind == "sftp" and count(at(entry, "action")) in _SFTP_STAT


def action_of(entry: Fields, kind: str) -> str | None:
    """Return what an access does to records."""
    if kind == "sftp":
        return _SFTP.get(count(at(entry, "action")) or 0, kind)
    if kind == "git.command":
        return _GIT.get(text_at(entry, "service", "command") or "", kind)
    if kind.endswith("search.request") and _SEARCH.search(text_at(entry, "path") or ""):
        return "read"
    asked = _asked(entry, kind)
    return _VERBS.get(kind) or (asked if _OF_SPANNERS_SESSION.fullmatch(asked) else action(asked))


def _asked(entry: Fields, kind: str) -> str:
    """Return what is asked for by its name, else the kind."""
    return text_at(entry, *(_NAMED.get(kind) or ("verb", "method"))) or kind
