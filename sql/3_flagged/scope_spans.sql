-- One row for each key that accesses ask for, each grant under it and each stretch of their instants that it covers. Stays in HOME.
with
lag as (
    select key_id, refused_us, lag_us from flagged.access_scopes
    union
    select key_id, refused_us, null from flagged.access_scopes
),
asked as (
    select key_id, refused_us, min(judged_at) as first_at, max(judged_at) as last_at from flagged.access_scopes group by key_id, refused_us
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
    from asked
    join flagged.grant_scopes as scope on scope.key_id = asked.key_id
    -- Most grants lie before all instants, or behind.
    where scope.valid_from <= asked.last_at and (scope.valid_to is null or asked.first_at < scope.valid_to)
        and asked.refused_us < epoch_us(scope.recorded_at) and (asked.refused_us = -9000000000000000000 or scope.named & 64 = 64)
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
numbered as (
    select *, row_number() over (order by key_id, refused_us, grant_rank, lag_us, is_behind_end) as number
    from stretch
    where stop_at is null or begin_at < stop_at
),
-- Where an edge falls among the instants: how many stand before it; all before an open end.
placed as (
    select
        number,
        count(place) over (partition by key_id order by edge_at nulls last, is_instant rows between unbounded preceding and current row) as place
    from (
        select key_id, number, unnest([begin_at, stop_at]) as edge_at, null as place, false as is_instant from numbered
        union all
        select distinct key_id, null, judged_at, place, true from flagged.access_scopes
    ) as line
    qualify number is not null
),
span as (
    select number, min(place) as begin_place, max(place) as end_place from placed group by number having min(place) < max(place)
)
select
    numbered.key_id, -- number of the key
    numbered.refused_us, -- grants count if they were recorded later, microseconds since 1970
    numbered.grant_rank, -- the grant
    numbered.is_plain, -- by every knowledge
    numbered.lag_us, -- else how long after an instant what is known there may be recorded, microseconds; null = all is known
    if(numbered.is_behind_end, 1, 0) as slope, -- whether the distance grows as time passes, or is none
    if(numbered.is_behind_end, -epoch_us(numbered.end_at), 0) as offset_us, -- distance at 1970-01-01, microseconds
    span.begin_place, -- place of the first instant covered
    span.end_place -- place of the first instant behind it
from numbered
join span on span.number = numbered.number
