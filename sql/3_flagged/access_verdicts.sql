-- One row for each record of an access that grants decide: covered or not, then and now, from where to where not, and by which grant (steps 12, 13, 16 and 17). Stays in HOME.
with
judged as (
    select
        view.source,
        view.event_id,
        view.ordinal,
        view.shift_us,
        view.cut_at,
        view.view,
        view.record_id,
        covered.grant_id,
        coalesce(nearest.grant_id, covered.covering_grant_id) as nearest_grant_id,
        coalesce(nearest.all_faults, []) as all_faults,
        coalesce(nearest.distance_s, covered.distance_s) as distance_s,
        case
            when covered.grant_id is not null then 'GRANTED'
            when covered.view_id is not null then 'OPTED_OUT'
            else coalesce(nearest.all_faults[1], 'NO_GRANT')
        end as verdict
    from flagged.access_views as view
    left join flagged.access_coverage as covered on covered.view_id = view.view_id
    left join flagged.access_nearest as nearest on nearest.view_id = view.view_id
),
-- What explains a record: where now, else then, first lacks permission; where neither does, its begin by what is known now.
explained as (
    select *
    from judged
    where shift_us = 0
    qualify row_number() over (
        partition by source, event_id, ordinal
        order by
            case when verdict <> 'GRANTED' and view = 'now' then 0 when verdict <> 'GRANTED' then 1 when view = 'now' then 2 else 3 end,
            cut_at
    ) = 1
),
stretch as (
    select
        source,
        event_id,
        ordinal,
        view,
        verdict,
        cut_at,
        verdict <> 'GRANTED' as is_missing,
        lead(cut_at) over (partition by source, event_id, ordinal, view order by cut_at) as next_at
    from judged
    where shift_us = 0
),
overall as (
    select
        source,
        event_id,
        ordinal,
        coalesce(min_by(verdict, cut_at) filter (where is_missing and view = 'then'), 'GRANTED') as verdict_then,
        coalesce(min_by(verdict, cut_at) filter (where is_missing and view = 'now'), 'GRANTED') as verdict_now,
        min(cut_at) filter (where is_missing) as missing_from,
        if(bool_or(is_missing and next_at is null), null, max(next_at) filter (where is_missing)) as missing_to
    from stretch
    group by source, event_id, ordinal
),
shifted as (
    select source, event_id, ordinal, bool_and(is_permitted) as is_sure, bool_or(is_permitted) as is_possible
    from (
        select source, event_id, ordinal, shift_us, bool_and(verdict = 'GRANTED') as is_permitted
        from judged
        where shift_us <> 0
        group by source, event_id, ordinal, shift_us
    ) as one_shift
    group by source, event_id, ordinal
),
restored as (
    select explained.source, explained.event_id, explained.ordinal, min(judged.cut_at) as restored_at
    from explained
    join judged
        on judged.source = explained.source and judged.event_id = explained.event_id and judged.ordinal = explained.ordinal
        and judged.view = explained.view and judged.shift_us = 0 and judged.cut_at > explained.cut_at and judged.verdict = 'GRANTED'
    where explained.verdict <> 'GRANTED'
    group by explained.source, explained.event_id, explained.ordinal
)
select
    explained.source, -- system that wrote the event
    explained.event_id, -- unique within its source
    explained.ordinal, -- place of the record in the event
    explained.record_id, -- the record; null = all
    explained.cut_at as uncovered_from, -- first instant without permission; the begin where there is none
    restored.restored_at as uncovered_to, -- first instant with permission again; null = until the end
    if(overall.verdict_now = 'GRANTED', explained.grant_id, null) as grant_id, -- grant relied on
    explained.nearest_grant_id, -- nearest grant
    explained.all_faults, -- its faults in their order
    explained.distance_s, -- how far the access is from its interval, seconds
    overall.verdict_then, -- by what was recorded at the access
    overall.verdict_now, -- by what was recorded at the as-of
    overall.missing_from, -- first instant without permission, then or now; null = none
    overall.missing_to, -- end of the last part without permission, then or now; null = the end of the access
    coalesce(shifted.is_sure, true) as is_sure, -- permitted wherever within its skew the access was
    coalesce(shifted.is_possible, false) as is_possible -- permitted somewhere within its skew
from explained
join overall using (source, event_id, ordinal)
left join shifted using (source, event_id, ordinal)
left join restored using (source, event_id, ordinal)
