"""Teleport: reaching a database, a file, an application or a cluster is an access; approvals of access requests are the vendor's own, no grants."""

from dataclasses import replace
from typing import Any

from dagster_project.reading.accesses import reader
from dagster_project.reading.accesses.entries import Fields
from dagster_project.reading.accesses.events import Events, Given
from dagster_project.reading.accesses.fields import at, count, flag, is_refused, text, text_at, utc, values, words
from dagster_project.reading.accesses.reader import Form, adapter
from dagster_project.reading.accesses.services.teleport_kinds import action_of, gives_sizes, has_failed, other
from dagster_project.reading.accesses.services.teleport_steps import EXECUTE, LONGEST_WHOLE, Steps
from dagster_project.reading.accesses.statements.touches import NO_CUSTOMER_TABLE, Statement
from dagster_project.reading.files import Body
from dagster_project.reading.rows import blocks

OTHERS = ("vendor_approval", "key_or_secret", "session", "statement_prepared", "login", "setting_changed", "other_event", NO_CUSTOMER_TABLE)
_KNOWN = words("""
    access_requests action addr addr.local addr.remote affected_rows allow_user_creation app_name app_public_addr app_session_id app_uri args argv aws_host aws_region
    aws_role_arn aws_service azure_identity batch_type blocked_ip blocked_prefix body bot_instance_id bot_name category certMetadata cgroup_id children cluster_name
    code command consistency data_size db_gcp_instance_id db_gcp_project_id db_labels db_name db_origin db_protocol db_query db_query_parameters db_roles db_service
    db_type db_uri db_user desktop_addr desktop_labels desktop_name directory_id directory_name ei error event event_types exitCode exitError expires file_path flags
    forwarded_by function_args function_oid gcp_service_account headers identity_source impersonator initial_command invited kubernetes_cluster
    kubernetes_container_image kubernetes_container_name kubernetes_groups kubernetes_labels kubernetes_node_name kubernetes_pod_name kubernetes_pod_namespace
    kubernetes_users length login message method namespace nla offset parameter_id parameters participants path payload pid policy portal_name ppid private_key_policy
    proc_name procedure procname program proto protocol public_addr query query_id raw_query reason request_path resolved_ips resource_api_group resource_kind
    resource_name resource_namespace response_code return_code rows_count schema_name server_addr server_hostname server_id server_labels server_sub_kind server_version
    service session_chunk_id session_id session_recording session_type sid size statement_id statement_name status_code success target target_host target_port time
    trait trusted_device uid uri user user_agent user_cluster_name user_kind user_message user_roles user_traits verb windows_desktop_service windows_domain
    windows_user working_directory
""")
_POSTGRES = frozenset({"postgres", "cockroachdb"})  # whose language statements are read in


def event(entry: Fields, _: Given) -> dict[str, Any]:
    """Return the native columns; whoever acts under another's name is the person, and the last letter of the code says how it went."""
    kind, user = text_at(entry, "event") or "", text_at(entry, "user")
    actor = text_at(entry, "impersonator") or user
    return {
        "event_id": text_at(entry, "uid"),
        "actor": actor or "",
        "occurred_at": utc(text_at(entry, "time")),
        "action": action_of(entry, kind),
        "content": False if gives_sizes(entry, kind) else None,
        "rows": count(at(entry, "affected_rows", "rows_count")),
        "bytes": count(at(entry, "length")) if kind.startswith("desktop.") else None,
        "outcome": "denied" if (has_failed(entry) and not _ran(entry, kind)) or flag(at(entry, "success")) is False or _came_to_nothing(entry) else "ok",
        "request_id": text_at(entry, "sid"),
    }


def _ran(entry: Fields, kind: str) -> bool:
    """Tell whether a program ran, and may have shown anything, whatever its status was when it ended."""
    return kind == "exec" and text_at(entry, "exitCode") is not None


def _came_to_nothing(entry: Fields) -> bool:
    """Tell whether a service refused a request, or the kernel a file or a program: of a program that ran the status is positive."""
    return is_refused(text_at(entry, "response_code", "status_code")) or (text_at(entry, "return_code") or "").startswith("-")


def statement(entry: Fields) -> Statement | None:
    """Return the query of a database session; one in another language stays unread. Only the query itself is logged, not what its functions read."""
    if text_at(entry, "db_protocol") not in _POSTGRES or text_at(entry, "event") not in ("db.session.query", "db.session.query.failed"):
        return None
    query = text_at(entry, "db_query") or ""
    return Statement(query if query and len(query) < LONGEST_WHOLE else None, tuple(text(value) or "" for value in values(entry, "db_query_parameters")) or None)


def read(body: Body, given: Given) -> Events:
    """Return the events of a file; what is run in steps is put together over all of it."""
    with body.opened() as stream:
        steps = Steps(block.body for block in blocks(stream))

    def told(entry: Fields) -> Statement | None:
        is_step = text_at(entry, "event") == EXECUTE and text_at(entry, "db_protocol") in _POSTGRES
        return steps.statement(entry) if is_step else statement(entry)

    return reader.read(body, given, replace(_FORM, statement=told, note=steps.note))


_FORM = Form("teleport", event, other, _KNOWN, (frozenset({"event", "code", "time"}),), statement)
ADAPTER = replace(adapter(_FORM, rb'"code"\s*:\s*(?:\{"S"\s*:\s*)?"[A-Z][A-Z0-9]*[0-9][IWEFS]"', rb'"event"\s*:', rb'"time"\s*:'), read=read)
