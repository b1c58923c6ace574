-- One row for each access that grants decide, each record of it and each way to judge it: at which instant, by what knowledge (steps 12 and 13). Stays in HOME.
with
span as (
    select
        source,
        event_id,
        occurred_at,
        staff_id,
        account_id,
        record_class,
        record_id,
        record_ids,
        action,
        case_id,
        begin_at,
        end_at,
        is_session,
        as_of,
        skew_us,
        is_whole_second
    from flagged.access_facts
    where early_code is null
),
-- Where a verdict can change: only a session, or a stamp that stands for a second, is longer than an instant.
boundary as (
    select span.source, span.event_id, unnest([item.valid_from, item.valid_to, item.recorded_at, item.revoked_at, item.revocation_recorded_at]) as boundary_at
    from span
    join flagged.known_grants as item on item.account_id = span.account_id
    where span.is_session or span.is_whole_second
    union
    select span.source, span.event_id, unnest([member.valid_from, member.valid_to, member.recorded_at])
    from span
    join flagged.known_memberships as member on member.staff_id = span.staff_id
    where span.is_session or span.is_whole_second
    union
    select span.source, span.event_id, unnest([opt_out.valid_from, opt_out.valid_to, opt_out.recorded_at])
    from span
    join scrubbed.opt_outs as opt_out on opt_out.account_id = span.account_id
    where span.is_session or span.is_whole_second
),
-- By how much the stamp may be off: the skew both ways, and any instant of the second it stands for.
shift as (
    select source, event_id, 0 as shift_us from span
    union
    select source, event_id, -skew_us from span where skew_us > 0
    union
    select source, event_id, skew_us + if(is_whole_second, 999999, 0) from span where skew_us > 0 or is_whole_second
    union
    select span.source, span.event_id, date_diff('microsecond', span.occurred_at, boundary.boundary_at)
    from span
    join boundary on boundary.source = span.source and boundary.event_id = span.event_id
    where span.is_whole_second and boundary.boundary_at > span.occurred_at and boundary.boundary_at < span.occurred_at + to_seconds(1)
),
-- A session is judged where it begins and wherever a verdict can change while it lasts.
cut as (
    select shift.source, shift.event_id, shift.shift_us, span.begin_at as cut_at
    from shift
    join span on span.source = shift.source and span.event_id = shift.event_id
    union
    select shift.source, shift.event_id, shift.shift_us, boundary.boundary_at - to_microseconds(moved.by_us)
    from shift
    join span on span.source = shift.source and span.event_id = shift.event_id
    join boundary on boundary.source = shift.source and boundary.event_id = shift.event_id
    cross join lateral (select unnest([0, shift.shift_us]) as by_us) as moved
    where span.is_session
        and boundary.boundary_at - to_microseconds(moved.by_us) > span.begin_at
        and boundary.boundary_at - to_microseconds(moved.by_us) < span.end_at
),
named as (
    select source, event_id, 0 as ordinal, record_id as item_record_id
    from span
    where record_id is not null or coalesce(array_length(record_ids), 0) = 0
    union all
    select source, event_id, ordinal, record_ids[ordinal]
    from (select source, event_id, record_ids, cast(unnest(range(1, array_length(record_ids) + 1)) as integer) as ordinal from span) as numbered
),
item as (
    select source, event_id, min(ordinal) as ordinal, item_record_id from named group by source, event_id, item_record_id
)
select
    row_number() over (order by cut.source, cut.event_id, item.ordinal, cut.shift_us, cut.cut_at, knowledge.view) as view_id, -- number of the view
    cut.source, -- system that wrote the event
    cut.event_id, -- unique within its source
    item.ordinal, -- place of the record in the event: 0 for record_id, from 1 for record_ids
    cut.shift_us, -- by how much the stamp is taken to be off, microseconds
    cut.cut_at, -- instant by the stamp
    knowledge.view, -- then: by what was recorded at the access; now: by what was recorded at the as-of
    cut.cut_at + to_microseconds(cut.shift_us) as judged_at, -- instant at which grants are judged
    if(
        knowledge.view = 'then', least(greatest(cut.cut_at, cut.cut_at + to_microseconds(cut.shift_us)), span.as_of), span.as_of
    ) as known_to, -- only what was recorded by then counts
    span.staff_id, -- member of staff
    span.account_id, -- customer
    span.record_class, -- class of the record
    item.item_record_id as record_id, -- the record; null = all
    span.action, -- what was done
    span.case_id -- ticket
from cut
join span on span.source = cut.source and span.event_id = cut.event_id
join item on item.source = cut.source and item.event_id = cut.event_id
cross join (select unnest(['then', 'now']) as view) as knowledge
