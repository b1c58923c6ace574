-- One row for each access that grants decide, each record of it and each way to judge it: at which instant, by what knowledge (steps 12 and 13). Stays in HOME.
with
span as (
    select
        event_number,
        occurred_at,
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
        is_whole_second
    from flagged.access_facts
    where early_code is null
),
-- By how much the stamp may be off: the skew both ways, and any instant of the second it stands for.
shift as (
    select event_number, 0 as shift_us from span
    union all
    select event_number, -skew_us from span where skew_us > 0
    union all
    (
        select event_number, skew_us + if(is_whole_second, 999999, 0) from span where skew_us > 0 or is_whole_second
        union
        select span.event_number, date_diff('microsecond', span.occurred_at, edge.edge_at)
        from span
        join flagged.access_edges as edge on edge.event_number = span.event_number
        where span.is_whole_second and edge.edge_at > span.occurred_at and edge.edge_at < span.occurred_at + to_seconds(1)
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
item as (
    select event_number, 0 as ordinal, record_id as item_record_id from span where records = 0
    union all
    select event_number, min(ordinal), item_record_id
    from (
        select event_number, 0 as ordinal, record_id as item_record_id from span where records > 0 and record_id is not null
        union all
        select event_number, ordinal, record_ids[ordinal]
        from (select event_number, record_ids, cast(unnest(range(1, records + 1)) as integer) as ordinal from span where records > 0) as numbered
    ) as named
    group by event_number, item_record_id
)
select
    row_number() over (order by cut.event_number, item.ordinal, cut.shift_us, cut.cut_at, knowledge.view) as view_id, -- number of the view
    cut.event_number, -- number of the access
    item.ordinal, -- place of the record in the event: 0 for record_id, from 1 for record_ids
    cut.shift_us, -- by how much the stamp is taken to be off, microseconds
    cut.cut_at, -- instant by the stamp
    knowledge.view, -- then: by what was recorded at the access; now: by what was recorded at the as-of
    cut.cut_at + to_microseconds(cut.shift_us) as judged_at, -- instant at which grants are judged
    if(
        knowledge.view = 'then', least(greatest(cut.cut_at, cut.cut_at + to_microseconds(cut.shift_us)), span.as_of), span.as_of
    ) as known_to, -- only what was recorded by then counts
    if(knowledge.view = 'then', greatest(0, -cut.shift_us), null) as lag_us, -- how long after judged_at that is, microseconds; null = all is known
    span.staff_id, -- member of staff
    span.account_id, -- customer
    span.record_class, -- class of the record
    item.item_record_id as record_id, -- the record; null = all
    span.action, -- what was done
    span.case_id -- ticket
from cut
join span on span.event_number = cut.event_number
join item on item.event_number = cut.event_number
cross join (select unnest(['then', 'now']) as view) as knowledge
