-- One row for each stretch of time in which a grant keeps its faults of time and knowledge, then or now, and an uncovered view of its account stands. Stays in HOME.
with
instant as (
    select distinct account_id, place, judged_at from flagged.access_uncovered
),
-- Between two neighbouring edges of a grant nothing changes; the first stretch has no begin.
edge as (
    select
        item.grant_rank,
        item.account_id,
        unnest(list_concat(
            [cast(null as timestamptz)], list_distinct([item.valid_from, item.valid_to, item.recorded_at, item.revoked_at, item.revocation_recorded_at])
        )) as edge_at
    from flagged.known_grants as item
    where item.account_id in (select account_id from instant)
),
-- Where an edge falls among the instants of its account: how many stand before it.
placed as (
    select
        account_id,
        grant_rank,
        edge_at,
        count(instant_place) over (partition by account_id order by edge_at nulls first, is_instant rows between unbounded preceding and current row) as place
    from (
        select account_id, grant_rank, edge_at, null as instant_place, false as is_instant from edge
        union all
        select account_id, null, judged_at, place, true from instant
    ) as line
    qualify grant_rank is not null
),
stretch as (
    select
        account_id,
        grant_rank,
        edge_at,
        place as begin_place,
        lead(place) over (partition by grant_rank order by edge_at nulls first) as end_place
    from placed
),
judged as (
    select
        item.grant_rank,
        stretch.begin_place,
        coalesce(stretch.end_place, total.instants) as end_place,
        knowledge.is_then,
        item.valid_from,
        least(item.valid_to, item.revoked_at) as end_at,
        coalesce(stretch.edge_at < item.valid_from, stretch.edge_at is null) as is_early,
        coalesce(least(item.valid_to, item.revoked_at) <= stretch.edge_at, false) as is_late,
        case
            when item.revoked_at <= stretch.edge_at and (item.revocation_recorded_at <= stretch.edge_at or not knowledge.is_then)
                and (item.valid_to is null or item.revoked_at < item.valid_to) then 1024
            when item.valid_to <= stretch.edge_at then 2048
            when coalesce(stretch.edge_at < item.valid_from, stretch.edge_at is null) then 4096
            else 0
        end as of_time,
        if(knowledge.is_then and coalesce(stretch.edge_at < item.recorded_at, stretch.edge_at is null), 8192, 0) as of_knowledge
    from stretch
    join flagged.known_grants as item on item.grant_rank = stretch.grant_rank
    join (select account_id, count(*) as instants from instant group by account_id) as total on total.account_id = stretch.account_id
    cross join (select unnest([true, false]) as is_then) as knowledge
    where stretch.begin_place < coalesce(stretch.end_place, total.instants)
)
select
    grant_rank, -- the grant
    is_then, -- by what was recorded at each instant, else by all that is
    begin_place, -- place of the first instant of its account in the stretch
    end_place, -- place of the first instant behind it
    of_time + of_knowledge as faults, -- faults of time and knowledge, powers of two by their place in the order
    case when is_early then -1 when is_late then 1 else 0 end as slope, -- whether the distance shrinks, grows or is none as time passes
    -- The distance at an instant t is offset_us + slope * t.
    case when is_early then epoch_us(valid_from) when is_late then -epoch_us(end_at) else 0 end as offset_us -- distance at 1970-01-01, microseconds
from judged
