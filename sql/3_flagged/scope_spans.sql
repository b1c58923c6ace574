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
-- Through a team a grant reaches its member while she is in it, as far as that was known.
reach as (
    select grant_rank, key_id, named, valid_from, valid_to, recorded_at, revoked_at, revocation_recorded_at,
        valid_from as from_at, valid_to as to_at, recorded_at as known_from, cast(null as timestamptz) as known_to
    from flagged.grant_scopes
    union all
    select grant_rank, key_id, named, valid_from, valid_to, recorded_at, revoked_at, revocation_recorded_at,
        greatest(valid_from, member_from), least(valid_to, member_to), greatest(recorded_at, member_recorded_at), member_superseded_at
    from flagged.team_scopes
),
held as (
    select
        asked.key_id,
        asked.refused_us,
        scope.grant_rank,
        scope.from_at,
        scope.to_at,
        least(scope.valid_to, scope.revoked_at) as end_at,
        scope.known_from,
        scope.known_to,
        scope.revoked_at,
        scope.revocation_recorded_at,
        -- Neither known late nor revoked: it covers the same by every knowledge.
        scope.known_from <= scope.from_at and scope.revoked_at is null and scope.known_to is null as is_plain
    from asked
    join reach as scope on scope.key_id = asked.key_id
    -- Most grants lie before all instants, or behind.
    where scope.from_at <= asked.last_at and (scope.to_at is null or asked.first_at < scope.to_at)
        and asked.refused_us < epoch_us(scope.recorded_at) and (asked.refused_us = -9000000000000000000 or scope.named & 64 = 64)
),
-- As long as its revocation is not known it covers all the same, at a distance.
stretch as (
    select key_id, refused_us, grant_rank, is_plain, cast(null as bigint) as lag_us, false as is_behind_end, end_at, from_at as begin_at, to_at as stop_at
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
        greatest(held.from_at, held.known_from - to_microseconds(lag.lag_us), if(part.is_behind_end, held.end_at, null)) as begin_at,
        least(
            held.to_at,
            held.known_to - to_microseconds(lag.lag_us),
            case
                when not part.is_behind_end then held.end_at
                when lag.lag_us is null then held.revoked_at
                else greatest(held.revoked_at, held.revocation_recorded_at - to_microseconds(lag.lag_us))
            end
        ) as stop_at
    from held
    join lag on lag.key_id = held.key_id and lag.refused_us = held.refused_us
    cross join (select unnest([true, false]) as is_behind_end) as part
    where not held.is_plain and (not part.is_behind_end or held.revoked_at is not null) and (lag.lag_us is not null or held.known_to is null)
),
numbered as (
    select *, row_number() over (order by key_id, refused_us, grant_rank, lag_us, is_behind_end, begin_at) as number
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
