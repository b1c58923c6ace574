"""Okta: what support does and looks at in a customer's organisation is an access, and whatever shows records; granting support access is a setting."""

from typing import Any

from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.events import Given
from dagster_project.reading.accesses.fields import acting, text_at, texts_at, utc, words
from dagster_project.reading.accesses.reader import Form, adapter, by_prefix
from dagster_project.reading.accesses.services.actions import action

OTHERS = ("setting_changed", "key_or_secret", "login", "session", "other_event")
_KINDS: dict[str, str | None] = {
    "": "other_event",
    "user.session.impersonation.": None,
    "user.session.impersonation.grant": "setting_changed",
    "user.session.impersonation.revoke": "setting_changed",
    "user.session.impersonation.end": "session",
    "support.": None,
    "system.directory.debugger.": "setting_changed",
    "system.directory.debugger.query_executed": None,  # by support, in the customer's directory
    "analytics.reports.export.download": None,
    "workflows.user.table.export": None,
    "workflows.user.table.view": None,
    "pam.server.ssh_login": None,  # what is done in a shell is told nowhere else
    **dict.fromkeys(
        (
            "application.user_membership.show_password", "pam.secret.reveal", "pam.server_account.password.reveal", "pam.service_account.password.reveal",
        ),
        "key_or_secret",
    ),
    "user.authentication.": "login",
    "user.session.": "login",
    "user.mfa.": "setting_changed",
    "policy.evaluate_sign_on": "login",
    **dict.fromkeys(
        (
            "user.", "group.", "application.", "policy.", "app.", "zone.", "network_zone.", "iam.", "system.api_token.", "system.idp.", "device.", "org.", "security.",
            "inline_hook.", "event_hook.",
        ),
        "setting_changed",
    ),
    "app.oauth2.": "login",
    "app.generic.": "login",
    "support.org.update": "setting_changed",
    "support.setting": "setting_changed",
}  # fmt: skip
_KNOWN = words("""
    actor authenticationContext client debugContext device displayMessage eventType legacyEventType outcome published request securityContext severity target
    transaction uuid version
""")


def other(entry: Fields) -> str | None:
    """Return the name of an entry in which nobody acts in another's place or is shown records; None for an access."""
    kind = text_at(entry, "eventType")
    return None if kind is None else by_prefix(kind, _KINDS)


def event(entry: Fields, _: Given) -> dict[str, Any]:
    """Return the native columns."""
    names, kind = texts_at(entry, "actor.alternateId", "actor.id", "actor.displayName"), text_at(entry, "eventType")
    return {
        "event_id": text_at(entry, "uuid"),
        **acting(names),
        "occurred_at": utc(text_at(entry, "published")),
        "action": "impersonate" if "impersonation" in (kind or "") else action(kind),
        "outcome": "denied" if text_at(entry, "outcome.result") in ("FAILURE", "DENY") else "ok",
        "request_id": text_at(entry, "transaction.id"),
    }


ADAPTER = adapter(Form("okta", event, other, _KNOWN, (frozenset({"eventType", "published"}),)), rb'"eventType"\s*:', rb'"published"\s*:', rb'"alternateId"\s*:|"uuid"\s*:')
