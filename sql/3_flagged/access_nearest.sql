-- One row for each view of an access that no grant covers: the nearest grant and all its faults in their order (step 17). Stays in HOME.
with
measured as (
    select
        candidate.view_id,
        candidate.is_then,
        view.staff_id,
        candidate.grant_rank,
        candidate.faults,
        candidate.offset_us + candidate.slope * epoch_us(view.judged_at) as distance_us,
        -- Where the fault of its grantor is the only one it is also the last.
        case
            when candidate.faults = 8 and candidate.granted_by_staff_id = view.staff_id then 2
            when candidate.faults = 8 and candidate.granted_by_staff_id is not null then 4
            else greatest(
                candidate.faults & 8, candidate.faults & 16, candidate.faults & 32, candidate.faults & 64, candidate.faults & 128, candidate.faults & 256,
                candidate.faults & 512, candidate.faults & 1024, candidate.faults & 2048, candidate.faults & 4096, candidate.faults & 8192
            )
        end as last_fault
    from flagged.access_candidates as candidate
    join flagged.access_uncovered as view on view.view_id = candidate.view_id and view.is_then = candidate.is_then
),
-- One number to compare by: how many faults, how far, how late the last fault stands in the order, the lowest grant.
nearest as (
    select
        view_id,
        is_then,
        min_by(staff_id, farness) as staff_id,
        min_by(grant_rank, farness) as grant_rank,
        min_by(faults, farness) as faults,
        min_by(distance_us, farness) as distance_us
    from (
        select
            view_id,
            is_then,
            staff_id,
            grant_rank,
            faults,
            distance_us,
            ((cast(bit_count(faults) as decimal(38, 0)) * 1000000000000000000 + distance_us) * 10000 + 8192 - last_fault) * 1000000000 + grant_rank as farness
        from measured
    ) as compared
    group by view_id, is_then
)
select
    nearest.view_id, -- number of the view
    nearest.is_then, -- judged by what was recorded at the access, else by all that is
    item.grant_id, -- the nearest grant
    list_filter([
        case when nearest.faults & 8 = 0 then null when item.granted_by_staff_id = nearest.staff_id then 'SELF_GRANTED' else item.grantor_fault end,
        if(nearest.faults & 16 = 16, 'WRONG_GRANTEE', null),
        if(nearest.faults & 32 = 32, 'NOT_TEAM_MEMBER', null),
        if(nearest.faults & 64 = 64, 'SCOPE_CLASS', null),
        if(nearest.faults & 128 = 128, 'SCOPE_RECORD', null),
        if(nearest.faults & 256 = 256, 'SCOPE_ACTION', null),
        if(nearest.faults & 512 = 512, 'SCOPE_CASE', null),
        if(nearest.faults & 1024 = 1024, 'REVOKED', null),
        if(nearest.faults & 2048 = 2048, 'EXPIRED', null),
        if(nearest.faults & 4096 = 4096, 'NOT_YET_VALID', null),
        if(nearest.faults & 8192 = 8192, 'BACKDATED', null)
    ], lambda fault: fault is not null) as all_faults, -- its faults in their order
    nearest.distance_us / 1000000.0 as distance_s -- how far the access is from its interval, seconds
from nearest
join flagged.known_grants as item on item.grant_rank = nearest.grant_rank
