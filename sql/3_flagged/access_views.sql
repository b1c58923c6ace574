-- One row for each access that grants decide, each record of it and each instant at which it is judged (steps 12 and 13). Stays in HOME.
with
span as (
    select
        event_number,
        staff_id,
        account_id,
        record_class,
        record_id,
        record_ids,
        coalesce(array_length(record_ids), 0) as records,
        action,
        case_id,
        begin_at,
        end_at,
        is_session,
        as_of,
        skew_us,
        is_whole_second,
        -- Most accesses are judged at one instant.
        not is_session and not is_whole_second and skew_us = 0 as is_instant
    from flagged.access_facts
    where early_code is null
),
-- By how much a stamp may be off: the skew both ways, and any instant of the second that it, or that of a session's begin, stands for.
shift as (
    select event_number, 0 as shift_us from span where not is_instant
    union all
    select event_number, -skew_us from span where skew_us > 0
    union all
    (
        select event_number, skew_us + if(is_whole_second, 999999, 0) from span where skew_us > 0 or is_whole_second
        union
        select span.event_number, date_diff('microsecond', span.begin_at, edge.edge_at)
        from span
        join flagged.access_edges as edge on edge.event_number = span.event_number
        where span.is_whole_second and edge.edge_at > span.begin_at and edge.edge_at < span.begin_at + to_seconds(1)
    )
),
-- A session is judged where it begins and wherever its permission can change while it lasts.
cut as (
    select shift.event_number, shift.shift_us, span.begin_at as cut_at
    from shift
    join span on span.event_number = shift.event_number
    union all
    select distinct shift.event_number, shift.shift_us, edge.edge_at - to_microseconds(moved.by_us)
    from shift
    join span on span.event_number = shift.event_number
    join flagged.access_edges as edge on edge.event_number = shift.event_number
    cross join lateral (select unnest([0, shift.shift_us]) as by_us) as moved
    where span.is_session
        and edge.edge_at - to_microseconds(moved.by_us) > span.begin_at
        and edge.edge_at - to_microseconds(moved.by_us) < span.end_at
),
judged as (
    select event_number, 0 as shift_us, begin_at as cut_at, as_of, staff_id, account_id, record_class, record_id, record_ids, records, action, case_id
    from span
    where is_instant
    union all
    select
        cut.event_number,
        cut.shift_us,
        cut.cut_at,
        span.as_of,
        span.staff_id,
        span.account_id,
        span.record_class,
        span.record_id,
        span.record_ids,
        span.records,
        span.action,
        span.case_id
    from cut
    join span on span.event_number = cut.event_number
),
-- A record that is told twice is one.
item as (
    select event_number, min(ordinal) as ordinal, record_id
    from (
        select event_number, 0 as ordinal, record_id from span where records > 0 and record_id is not null
        union all
        select event_number, ordinal, record_ids[ordinal]
        from (select event_number, record_ids, cast(unnest(range(1, records + 1)) as integer) as ordinal from span where records > 0) as numbered
    ) as named
    group by event_number, record_id
),
itemised as (
    select event_number, 0 as ordinal, shift_us, cut_at, as_of, staff_id, account_id, record_class, record_id, action, case_id
    from judged
    where records = 0
    union all
    select
        judged.event_number,
        item.ordinal,
        judged.shift_us,
        judged.cut_at,
        judged.as_of,
        judged.staff_id,
        judged.account_id,
        judged.record_class,
        item.record_id,
        judged.action,
        judged.case_id
    from judged
    join item on item.event_number = judged.event_number
    where judged.records > 0
)
select
    coalesce(getvariable('numbered_before'), 0) + row_number() over (order by event_number, ordinal, shift_us, cut_at) as view_id, -- number of the view
    event_number, -- number of the access
    ordinal, -- place of the record in the event: 0 for record_id, from 1 for record_ids
    shift_us, -- by how much the stamp is taken to be off, microseconds
    cut_at, -- instant by the stamp
    cut_at + to_microseconds(shift_us) as judged_at, -- instant at which grants are judged
    least(greatest(cut_at, cut_at + to_microseconds(shift_us)), as_of) as known_to, -- then, only what was recorded by this instant counts
    greatest(0, -shift_us) as lag_us, -- how long after judged_at that is, microseconds
    as_of, -- now, only what was recorded by this instant counts
    staff_id, -- member of staff
    account_id, -- customer
    record_class, -- class of the record
    record_id, -- the record; null = all
    action, -- what was done
    case_id -- ticket
from itemised
