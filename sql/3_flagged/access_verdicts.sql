-- One row for each record of an access that grants decide: covered or not, then and now, from where to where not, and by which grant (steps 12, 13, 16 and 17). Stays in HOME.
with
judged as (
    select
        view.view_id,
        view.event_number,
        view.ordinal,
        view.shift_us,
        view.cut_at,
        view.view,
        case
            when covered.grant_id is not null then 'GRANTED'
            when covered.view_id is not null then 'OPTED_OUT'
            else coalesce(nearest.all_faults[1], 'NO_GRANT')
        end as verdict
    from flagged.access_views as view
    left join flagged.access_coverage as covered on covered.view_id = view.view_id
    left join flagged.access_nearest as nearest on nearest.view_id = view.view_id
),
-- Only an access that lasts is judged at more than one instant.
following as (
    select
        view_id,
        lead(cut_at) over of_record as next_at,
        min(if(verdict = 'GRANTED', cut_at, null)) over (of_record rows between current row and unbounded following) as restored_at
    from judged
    where shift_us = 0 and event_number in (select event_number from flagged.access_edges)
    window of_record as (partition by event_number, ordinal, view order by cut_at)
),
overall as (
    select
        judged.event_number,
        judged.ordinal,
        coalesce(min_by(judged.verdict, judged.cut_at) filter (where judged.verdict <> 'GRANTED' and judged.view = 'then'), 'GRANTED') as verdict_then,
        coalesce(min_by(judged.verdict, judged.cut_at) filter (where judged.verdict <> 'GRANTED' and judged.view = 'now'), 'GRANTED') as verdict_now,
        min(judged.cut_at) filter (where judged.verdict <> 'GRANTED') as missing_from,
        if(
            bool_or(judged.verdict <> 'GRANTED' and following.next_at is null), null, max(following.next_at) filter (where judged.verdict <> 'GRANTED')
        ) as missing_to,
        -- What explains a record: where now, else then, first lacks permission; where neither does, its begin by what is known now. Views are numbered as time passes.
        coalesce(
            min(judged.view_id) filter (where judged.verdict <> 'GRANTED' and judged.view = 'now'),
            min(judged.view_id) filter (where judged.verdict <> 'GRANTED'),
            min(judged.view_id) filter (where judged.view = 'now')
        ) as view_id
    from judged
    left join following on following.view_id = judged.view_id
    where judged.shift_us = 0
    group by judged.event_number, judged.ordinal
),
shifted as (
    select event_number, ordinal, bool_and(is_permitted) as is_sure, bool_or(is_permitted) as is_possible
    from (
        select event_number, ordinal, shift_us, bool_and(verdict = 'GRANTED') as is_permitted
        from judged
        where shift_us <> 0
        group by event_number, ordinal, shift_us
    ) as one_shift
    group by event_number, ordinal
)
select
    overall.event_number, -- number of the access
    overall.ordinal, -- place of the record in the event
    view.record_id, -- the record; null = all
    view.cut_at as uncovered_from, -- first instant without permission; the begin where there is none
    if(view.cut_at >= overall.missing_from, following.restored_at, null) as uncovered_to, -- first instant with permission again; null = until the end
    if(overall.verdict_now = 'GRANTED', covered.grant_id, null) as grant_id, -- grant relied on
    coalesce(nearest.grant_id, covered.covering_grant_id) as nearest_grant_id, -- nearest grant
    coalesce(nearest.all_faults, []) as all_faults, -- its faults in their order
    coalesce(nearest.distance_s, covered.distance_s) as distance_s, -- how far the access is from its interval, seconds
    overall.verdict_then, -- by what was recorded at the access
    overall.verdict_now, -- by what was recorded at the as-of
    overall.missing_from, -- first instant without permission, then or now; null = none
    overall.missing_to, -- end of the last part without permission, then or now; null = the end of the access
    coalesce(shifted.is_sure, true) as is_sure, -- permitted wherever within its skew the access was
    coalesce(shifted.is_possible, false) as is_possible -- permitted somewhere within its skew
from overall
join flagged.access_views as view on view.view_id = overall.view_id
left join flagged.access_coverage as covered on covered.view_id = overall.view_id
left join flagged.access_nearest as nearest on nearest.view_id = overall.view_id
left join following on following.view_id = overall.view_id
left join shifted on shifted.event_number = overall.event_number and shifted.ordinal = overall.ordinal
