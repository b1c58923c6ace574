-- One row for each key that uncovered views ask for, each of its flagged.grant_matches and each stretch of time in which that keeps few faults. Stays in HOME.
with
asked as (
    select
        key_id,
        max(spare_faults) as spare_faults,
        min(judged_at) as first_at,
        max(judged_at) as last_at,
        max(place) + 1 as instants
    from flagged.access_bounds
    group by key_id
),
-- Between two neighbouring edges of a grant nothing changes; the first stretch has no begin, the last no end.
held as (
    select
        match.key_id,
        match.grant_rank,
        match.granted_by_staff_id,
        match.membership,
        greatest(state.valid_from, state.recorded_at) as then_from,
        least(state.valid_to, state.superseded_at) as then_to,
        state.valid_from as now_from,
        state.valid_to as now_to,
        state.superseded_at,
        asked.spare_faults,
        asked.first_at,
        asked.last_at,
        asked.instants,
        item.valid_from,
        item.valid_to,
        item.recorded_at,
        item.revoked_at,
        item.revocation_recorded_at,
        list_concat(
            [cast(null as timestamptz)],
            list_sort(list_distinct([
                item.valid_from, item.valid_to, item.recorded_at, item.revoked_at, item.revocation_recorded_at,
                state.valid_from, state.valid_to, state.recorded_at, state.superseded_at
            ])),
            [cast(null as timestamptz)]
        ) as edges
    from asked
    join flagged.grant_matches as match on match.key_id = asked.key_id
    join flagged.known_grants as item on item.grant_rank = match.grant_rank
    left join flagged.known_memberships as state on state.membership = match.membership
    -- One that may have no fault of time is in force at one of the instants.
    where asked.spare_faults > 0 or (item.valid_from <= asked.last_at and (item.valid_to is null or asked.first_at < item.valid_to))
),
stretch as (
    select numbered.*, edges[number] as begin_at, edges[number + 1] as stop_at, least(valid_to, revoked_at) as end_at
    from (select held.*, unnest(range(1, array_length(held.edges))) as number from held) as numbered
),
judged as (
    select
        key_id,
        grant_rank,
        granted_by_staff_id,
        membership,
        spare_faults,
        instants,
        number + 16 * coalesce(membership, 0) as number,
        begin_at,
        stop_at,
        valid_from,
        end_at,
        coalesce(begin_at < valid_from, begin_at is null) as is_early,
        coalesce(end_at <= begin_at, false) as is_late,
        -- A grant to a team reaches its member while she is in it; else it has all faults, -1.
        if(
            membership is null or coalesce(then_from <= begin_at and (then_to is null or begin_at < then_to), false),
            case
                when revoked_at <= begin_at and revocation_recorded_at <= begin_at and (valid_to is null or revoked_at < valid_to) then 1024
                when valid_to <= begin_at then 2048
                when coalesce(begin_at < valid_from, begin_at is null) then 4096
                else 0
            end + if(coalesce(begin_at < recorded_at, begin_at is null), 8192, 0),
            -1
        ) as then_faults,
        if(
            membership is null or coalesce(now_from <= begin_at and (now_to is null or begin_at < now_to) and superseded_at is null, false),
            case
                when revoked_at <= begin_at and (valid_to is null or revoked_at < valid_to) then 1024
                when valid_to <= begin_at then 2048
                when coalesce(begin_at < valid_from, begin_at is null) then 4096
                else 0
            end,
            -1
        ) as now_faults
    from stretch
    where (begin_at is null or begin_at <= last_at) and (stop_at is null or first_at < stop_at)
),
kept as (
    select * from judged where least(bit_count(then_faults), bit_count(now_faults)) <= spare_faults
),
-- Where an edge falls among the instants of its key: how many stand before it.
placed as (
    select
        key_id,
        grant_rank,
        number,
        count(place) over (partition by key_id order by edge_at, is_instant rows between unbounded preceding and current row) as place
    from (
        select key_id, grant_rank, number, unnest([begin_at, stop_at]) as edge_at, null as place, false as is_instant from kept
        union all
        select distinct key_id, null, null, judged_at, place, true from flagged.access_bounds
    ) as line
    where edge_at is not null
    qualify grant_rank is not null
),
met as (
    select key_id, grant_rank, number, min(place) as first_place, max(place) as last_place from placed group by key_id, grant_rank, number
)
select
    kept.key_id, -- number of the key
    kept.grant_rank, -- the grant
    kept.granted_by_staff_id, -- member of staff who granted it; null where no matter
    kept.membership, -- the membership through which it reaches a member of its team; null = it is found by its own words
    if(kept.begin_at is null, 0, met.first_place) as begin_place, -- place of the first instant of the key in the stretch
    if(kept.stop_at is null, kept.instants, met.last_place) as end_place, -- place of the first instant behind it
    kept.then_faults, -- faults of time and knowledge by what was recorded at each instant, powers of two by their place in the order
    kept.now_faults, -- faults of time by all that is recorded
    case when kept.is_early then -1 when kept.is_late then 1 else 0 end as slope, -- whether the distance shrinks, grows or is none as time passes
    -- The distance at an instant t is offset_us + slope * t.
    case when kept.is_early then epoch_us(kept.valid_from) when kept.is_late then -epoch_us(kept.end_at) else 0 end as offset_us -- distance at 1970-01-01, microseconds
from kept
join met on met.key_id = kept.key_id and met.grant_rank = kept.grant_rank and met.number = kept.number
where if(kept.begin_at is null, 0, met.first_place) < if(kept.stop_at is null, kept.instants, met.last_place)
