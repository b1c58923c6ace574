-- One row for each record of an access that grants decide: covered or not, then and now, from where to where not, and by which grant (steps 12, 13, 16 and 17). Stays in HOME.
with
judged as (
    select
        view.view_id,
        view.event_number,
        view.ordinal,
        view.record_id,
        view.shift_us,
        view.cut_at,
        covered.then_nearest_rank,
        covered.then_distance_s,
        covered.now_rank,
        covered.now_nearest_rank,
        covered.now_distance_s,
        case
            when covered.then_rank is not null then 'GRANTED'
            when covered.then_nearest_rank is not null then 'OPTED_OUT'
            else coalesce(earlier.all_faults[1], 'NO_GRANT')
        end as verdict_then,
        case
            when covered.now_rank is not null then 'GRANTED'
            when covered.now_nearest_rank is not null then 'OPTED_OUT'
            else coalesce(nearest.all_faults[1], 'NO_GRANT')
        end as verdict_now
    from flagged.access_views as view
    left join flagged.access_coverage as covered on covered.view_id = view.view_id
    left join (select view_id, all_faults from flagged.access_nearest where is_then) as earlier on earlier.view_id = view.view_id
    left join (select view_id, all_faults from flagged.access_nearest where not is_then) as nearest on nearest.view_id = view.view_id
),
-- Only an access that lasts is judged at more than one instant.
lasting as (
    select
        *,
        lead(cut_at) over of_record as next_at,
        min(if(verdict_then = 'GRANTED', cut_at, null)) over (of_record rows between current row and unbounded following) as restored_then_at,
        min(if(verdict_now = 'GRANTED', cut_at, null)) over (of_record rows between current row and unbounded following) as restored_now_at
    from judged
    where shift_us = 0 and event_number in (select event_number from flagged.access_edges)
    window of_record as (partition by event_number, ordinal order by cut_at)
),
-- What explains a record: where now, else then, first lacks permission; where neither does, its begin.
overall as (
    select
        coalesce(
            min_by(view_id, cut_at) filter (where verdict_now <> 'GRANTED'), min_by(view_id, cut_at) filter (where verdict_then <> 'GRANTED'), min_by(view_id, cut_at)
        ) as view_id,
        coalesce(min_by(verdict_then, cut_at) filter (where verdict_then <> 'GRANTED'), 'GRANTED') as verdict_then,
        coalesce(min_by(verdict_now, cut_at) filter (where verdict_now <> 'GRANTED'), 'GRANTED') as verdict_now,
        min(cut_at) filter (where verdict_then <> 'GRANTED' or verdict_now <> 'GRANTED') as missing_from,
        if(
            bool_or((verdict_then <> 'GRANTED' or verdict_now <> 'GRANTED') and next_at is null),
            null,
            max(next_at) filter (where verdict_then <> 'GRANTED' or verdict_now <> 'GRANTED')
        ) as missing_to
    from lasting
    group by event_number, ordinal
),
told as (
    select
        view_id,
        event_number,
        ordinal,
        record_id,
        cut_at,
        cast(null as timestamptz) as restored_then_at,
        cast(null as timestamptz) as restored_now_at,
        then_nearest_rank,
        then_distance_s,
        now_rank,
        now_nearest_rank,
        now_distance_s,
        verdict_then,
        verdict_now,
        if(verdict_then = 'GRANTED' and verdict_now = 'GRANTED', null, cut_at) as missing_from,
        cast(null as timestamptz) as missing_to
    from judged
    where shift_us = 0 and not exists (select 1 from flagged.access_edges as edge where edge.event_number = judged.event_number)
    union all
    select
        lasting.view_id,
        lasting.event_number,
        lasting.ordinal,
        lasting.record_id,
        lasting.cut_at,
        lasting.restored_then_at,
        lasting.restored_now_at,
        lasting.then_nearest_rank,
        lasting.then_distance_s,
        lasting.now_rank,
        lasting.now_nearest_rank,
        lasting.now_distance_s,
        overall.verdict_then,
        overall.verdict_now,
        overall.missing_from,
        overall.missing_to
    from overall
    join lasting on lasting.view_id = overall.view_id
),
explained as (
    select
        *,
        verdict_then <> 'GRANTED' and verdict_now = 'GRANTED' as is_then,
        if(verdict_then = 'GRANTED' and verdict_now = 'GRANTED', now_rank, null) as grant_rank,
        if(verdict_then <> 'GRANTED' and verdict_now = 'GRANTED', then_nearest_rank, now_nearest_rank) as covering_rank
    from told
),
shifted as (
    select event_number, ordinal, bool_and(is_permitted) as is_sure, bool_or(is_permitted) as is_possible
    from (
        select event_number, ordinal, shift_us, bool_and(verdict_then = 'GRANTED' and verdict_now = 'GRANTED') as is_permitted
        from judged
        where shift_us <> 0
        group by event_number, ordinal, shift_us
    ) as one_shift
    group by event_number, ordinal
)
select
    explained.event_number, -- number of the access
    explained.ordinal, -- place of the record in the event
    explained.record_id, -- the record; null = all
    explained.cut_at as uncovered_from, -- first instant without permission; the begin where there is none
    if(
        explained.cut_at >= explained.missing_from, if(explained.is_then, explained.restored_then_at, explained.restored_now_at), null
    ) as uncovered_to, -- first instant with permission again; null = until the end
    relied.grant_id, -- grant relied on; null where it was not permitted
    coalesce(nearest.grant_id, covering.grant_id) as nearest_grant_id, -- nearest grant
    coalesce(nearest.all_faults, []) as all_faults, -- its faults in their order
    coalesce(nearest.distance_s, if(explained.is_then, explained.then_distance_s, explained.now_distance_s)) as distance_s, -- how far the access is from its interval, seconds
    explained.verdict_then, -- by what was recorded at the access
    explained.verdict_now, -- by what was recorded at the as-of
    explained.missing_from, -- first instant without permission, then or now; null = none
    explained.missing_to, -- end of the last part without permission, then or now; null = the end of the access
    coalesce(shifted.is_sure, true) as is_sure, -- permitted wherever within its skew the access was
    coalesce(shifted.is_possible, false) as is_possible -- permitted somewhere within its skew
from explained
left join flagged.known_grants as relied on relied.grant_rank = explained.grant_rank
left join flagged.known_grants as covering on covering.grant_rank = explained.covering_rank
left join flagged.access_nearest as nearest on nearest.view_id = explained.view_id and nearest.is_then = explained.is_then
left join shifted on shifted.event_number = explained.event_number and shifted.ordinal = explained.ordinal
