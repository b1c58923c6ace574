"""The select of lines.py: what was done with a customer's records, and with whose role. Parameters as in selects.py."""

from dagster_project.publishing.selects import HAPPENED, MONTH, OURS

# What a customer may know of what was done with her records, line by line; its order is that of the line's numbers.
# A role is what the ledgers of staff hold: the teams somebody was in at that instant, or that it is a service account.
_LINE = {
    "staff_id": "varchar", "record_class": "varchar", "records": "bigint", "bytes": "bigint", "action": "varchar", "purpose": "varchar", "grant_id": "varchar",
    "verdict": "varchar", "outcome": "varchar", "recipient": "varchar", "source": "varchar", "id": "varchar",
}  # fmt: skip


def _line(kind: str, table: str, at: str, **told: str) -> str:
    """Return the select of one kind of line: columns by expression, null where a kind has nothing to say."""
    columns = ", ".join(f"cast({told.get(name, 'null')} as {kept}) as {name}" for name, kept in _LINE.items())
    when = HAPPENED if kind == "access" else f"({MONTH}) and {{0}} <= $as_of"
    return f"select '{kind}' as kind, d.account_id, cast({at} as timestamptz) as happened_at, {columns} from {table} where {when.format(at)} and {OURS.format('d.')}"


_KINDS = [
    _line(
        "access", "flagged.access_decisions as d left join scrubbed.access_events as e on e.source = d.source and e.event_id = d.event_id", "d.occurred_at",
        staff_id="d.staff_id", record_class="d.record_class", records="coalesce(len(d.record_ids), case when d.record_id is null then e.row_count else 1 end)",
        bytes="e.byte_count", action="d.action", purpose="d.purpose", grant_id="d.grant_id", verdict="d.code", outcome="d.outcome", source="d.source", id="d.event_id",
    ),
    _line(
        "emergency", "reported.emergency_register as d", "d.opened_at",
        staff_id="d.staff_id", records="d.accesses", verdict="coalesce(d.decision, 'none')", id="d.emergency_id",
    ),
    _line(
        "disclosure", "scrubbed.disclosures as d", "d.occurred_at",
        record_class="d.data_class", action="d.kind", purpose="d.purpose", recipient="d.recipient", id="d.disclosure_id",
    ),
    _line("measured", "measured.account_records_daily as d", "cast(d.day as timestamptz)", record_class="d.record_class", records="d.records", bytes="d.bytes"),
    # Of a tag the class is what kinds of personal data its URL carried.
    _line(
        "tag", "scrubbed.tags as d", "d.occurred_at",
        record_class="nullif(array_to_string(list_sort(list_distinct(d.personal_kinds || case when d.card_numbers > 0 then ['card'] else [] end)), ', '), '')",
        recipient="d.recipient", source="d.site", id="d.event_id",
    ),
    _line("mailing", "scrubbed.mailings as d", "d.sent_at", purpose="d.purpose", id="d.mailing_id"),
    _line(
        "consent", "scrubbed.consents as d", "d.recorded_at",
        record_class="case when len(d.data_classes) = 0 then 'none' else array_to_string(d.data_classes, ', ') end",
        purpose="d.purpose", recipient="d.recipient", id="d.consent_id",
    ),
    _line("opt_out", "scrubbed.opt_outs as d", "d.recorded_at", record_class="d.record_class", purpose="coalesce(d.purpose, 'staff access')", source="d.site"),
    _line("objection", "scrubbed.objections as d", "d.recorded_at", id="d.policy_id"),
]  # fmt: skip

LINES = f"""
with happened as (
    {" union all ".join(_KINDS)}
),
held as (
    select staff_id, team as role, valid_from, valid_to from flagged.known_memberships where superseded_at is null
    union all
    select staff_id, 'service account', coalesce(valid_from, timestamptz '-infinity'), valid_to from scrubbed.staff where kind = 'service'
),
turns as (
    select staff_id, valid_from as begins from held
    union
    select staff_id, valid_to from held where valid_to is not null
),
spans as (
    select staff_id, begins, lead(begins) over (partition by staff_id order by begins) as ends from turns
),
roles as (
    select span.staff_id, span.begins, span.ends, string_agg(distinct held.role, ', ' order by held.role) as role
    from spans as span
    join held on held.staff_id = span.staff_id and held.valid_from <= span.begins and (held.valid_to is null or held.valid_to > span.begins)
    group by span.staff_id, span.begins, span.ends
)
select happened.*, roles.role
from happened
left join roles on roles.staff_id = happened.staff_id and roles.begins <= happened.happened_at and (roles.ends is null or roles.ends > happened.happened_at)
order by account_id nulls last, happened_at nulls last, kind, source nulls last, id nulls last, record_class nulls last, purpose nulls last, recipient nulls last
"""
