-- One row for each key that accesses ask for, each grant under it and each stretch of their instants that it covers. Stays in HOME.
with
lag as (
    select distinct key_id, refused_us, lag_us from flagged.access_scopes
),
held as (
    select
        asked.key_id,
        asked.refused_us,
        scope.grant_rank,
        scope.valid_from,
        scope.valid_to,
        least(scope.valid_to, scope.revoked_at) as end_at,
        scope.recorded_at,
        scope.revoked_at,
        scope.revocation_recorded_at,
        -- Neither recorded late nor revoked: it covers the same by every knowledge.
        scope.recorded_at <= scope.valid_from and scope.revoked_at is null as is_plain
    from (select distinct key_id, refused_us from lag) as asked
    join flagged.grant_scopes as scope on scope.key_id = asked.key_id
    where asked.refused_us < epoch_us(scope.recorded_at) and (asked.refused_us = -9000000000000000000 or scope.named & 64 = 64)
),
-- As long as its revocation is not known it covers all the same, at a distance.
stretch as (
    select key_id, refused_us, grant_rank, is_plain, cast(null as bigint) as lag_us, false as is_behind_end, end_at, valid_from as begin_at, valid_to as stop_at
    from held
    where is_plain
    union all
    select
        held.key_id,
        held.refused_us,
        held.grant_rank,
        held.is_plain,
        lag.lag_us,
        part.is_behind_end,
        held.end_at,
        greatest(held.valid_from, held.recorded_at - to_microseconds(lag.lag_us), if(part.is_behind_end, held.end_at, null)) as begin_at,
        if(
            part.is_behind_end,
            least(held.valid_to, if(lag.lag_us is null, held.revoked_at, greatest(held.revoked_at, held.revocation_recorded_at - to_microseconds(lag.lag_us)))),
            held.end_at
        ) as stop_at
    from held
    join lag on lag.key_id = held.key_id and lag.refused_us = held.refused_us
    cross join (select unnest([true, false]) as is_behind_end) as part
    where not held.is_plain and (not part.is_behind_end or held.revoked_at is not null)
),
edge as (
    select key_id, refused_us, grant_rank, is_plain, lag_us, is_behind_end, end_at, unnest([begin_at, stop_at]) as edge_at
    from stretch
    where stop_at is null or begin_at < stop_at
),
-- Where an edge falls among the instants: how many stand before it; all before an open end.
placed as (
    select
        key_id,
        refused_us,
        grant_rank,
        is_plain,
        lag_us,
        is_behind_end,
        end_at,
        count(place) over (partition by key_id, refused_us order by edge_at nulls last, is_instant rows between unbounded preceding and current row) as place
    from (
        select key_id, refused_us, grant_rank, is_plain, lag_us, is_behind_end, end_at, edge_at, null as place, false as is_instant from edge
        union all
        select distinct key_id, refused_us, null, null, null, null, null, judged_at, place, true from flagged.access_scopes
    ) as line
    qualify grant_rank is not null
)
select
    key_id, -- number of the key
    refused_us, -- grants count if they were recorded later, microseconds since 1970
    grant_rank, -- the grant
    is_plain, -- by every knowledge
    lag_us, -- else how long after an instant what is known there may be recorded, microseconds; null = all is known
    if(is_behind_end, 1, 0) as slope, -- whether the distance grows as time passes, or is none
    if(is_behind_end, -epoch_us(end_at), 0) as offset_us, -- distance at 1970-01-01, microseconds
    min(place) as begin_place, -- place of the first instant covered
    max(place) as end_place -- place of the first instant behind it
from placed
group by key_id, refused_us, grant_rank, is_plain, lag_us, is_behind_end, end_at
having min(place) < max(place)
