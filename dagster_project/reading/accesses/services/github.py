"""GitHub: support and staff sessions, unlocked repositories and what is read with git or the API are accesses; a changed setting is none."""

import re
from typing import Any

from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.events import Given
from dagster_project.reading.accesses.fields import acting, is_refused, stamp_at, text_at, texts_at, utc, words
from dagster_project.reading.accesses.reader import Form, adapter
from dagster_project.reading.accesses.services.actions import action

OTHERS = ("setting_changed", "login")
_SESSION = re.compile(r"impersonat|fake_login|staff_(un)?lock|staff\.(repo_)?unlock|support_(access|session)|assum", re.IGNORECASE)
_SWITCHED = re.compile(
    r"\.(enable|disable|request|set|update|grant|revoke)_|(^|[._])(enabled?|disabled?|grant(ed)?|revoked?|updated?|deleted?|destroy|settings?|expired?|lock)$", re.IGNORECASE
)
_READS = re.compile(r"git\.(clone|fetch|push)|api\.request|.*\.(view|viewed|read|download|downloaded|download_\w+|export|exported)")
_LOGIN = re.compile(r"staff\.exit_fake_login|user\.(login|failed_login|logout|two_factor_.*)|org\.sso_response|business\.sso_response|.*\.sso_response|user_session\..*")


def other(entry: Fields) -> str | None:
    """Return the name of an entry that reaches no customer's content; None for an access."""
    kind = text_at(entry, "action")
    if kind is not None and _LOGIN.fullmatch(kind):
        return "login"
    return None if kind is None or _READS.fullmatch(kind) or (_SESSION.search(kind) and not _SWITCHED.search(kind)) else "setting_changed"


def event(entry: Fields, _: Given) -> dict[str, Any]:
    """Return the native columns."""
    names, kind = texts_at(entry, "actor", "external_identity_nameid", "external_identity_username", "actor_id"), text_at(entry, "action")
    return {
        "event_id": text_at(entry, "_document_id"),
        **acting(names),
        "occurred_at": utc(stamp_at(entry, "@timestamp", "created_at", "timestamp")),
        "action": "impersonate" if _SESSION.search(kind or "") else action(text_at(entry, "request_method")) or action(kind),
        "outcome": "denied" if is_refused(text_at(entry, "status_code")) else "ok",
        "request_id": text_at(entry, "request_id"),
    }


_KNOWN = words("""
    @timestamp _document_id action active active_was actor actor_id actor_ip actor_is_agent actor_is_bot actor_location blocked_user business business_id config
    config_was content_type controller_action created_at data deploy_key_fingerprint emoji event events events_were explanation external_identity_nameid
    external_identity_username fingerprint hashed_token hook_id limited_availability message name oauth_application oauth_application_id old_user openssh_public_key
    operation_type org org_id permission previous_visibility programmatic_access_type public_repo query_string rate_limit_remaining read_only repo repo_id
    repository repository_id repository_public request_access_security_header request_body request_category request_id request_method route status_code
    target_login team timestamp token_id token_scopes transport_protocol transport_protocol_name url_path user user_agent user_id visibility
""")
_WHOLE = tuple(frozenset({"action", name}) for name in ("@timestamp", "created_at", "_document_id"))
# The page's own export has neither; there an action is `team.create`, and milliseconds say when.
_KIND, _SINCE_1970 = rb'"action"\s*:\s*"[a-z_]+\.[a-z_]+"', rb'"created_at"\s*:\s*\d{13}\b'
_STREAMED = rb'(?:@timestamp|\b_document_id)"?\s*[:,\n]'
_MARK = rb"%b|%b[^{}]*%b|%b[^{}]*%b" % (_STREAMED, _KIND, _SINCE_1970, _SINCE_1970, _KIND)
ADAPTER = adapter(Form("github", event, other, _KNOWN, _WHOLE), rb'\baction"?\s*[:,\n]', rb'\bactor"?\s*[:,\n]', _MARK)
