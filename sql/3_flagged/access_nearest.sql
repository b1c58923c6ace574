-- One row for each view of an access that no grant covers: the nearest grant and all its faults in their order (step 17). Stays in HOME.
with
uncovered as (
    select
        view.view_id,
        view.judged_at,
        view.known_to,
        view.staff_id,
        view.account_id,
        view.record_class,
        view.record_id,
        view.action,
        view.case_id
    from flagged.access_views as view
    where view.shift_us = 0 and not exists (select 1 from flagged.access_coverage as covered where covered.view_id = view.view_id)
),
-- The teams of a person at that instant, as they were known.
team as (
    select distinct view.view_id, member.team
    from uncovered as view
    join flagged.known_memberships as member on member.staff_id = view.staff_id
    where member.recorded_at <= view.known_to and (member.superseded_at is null or view.known_to < member.superseded_at)
        and member.valid_from <= view.judged_at and (member.valid_to is null or view.judged_at < member.valid_to)
),
-- Each possible fault of a grant as a power of two, by its place in the order of faults; 0 where it has none.
compared as (
    select
        view.view_id,
        item.grant_rank,
        case
            when item.granted_by_staff_id = view.staff_id then 2
            when item.grantor_fault = 'GRANTOR_NOT_CUSTOMER' then 4
            when item.grantor_fault = 'GRANTOR_NOT_AUTHORISED' then 8
            else 0
        end as of_grantor,
        case
            when item.grantee_kind = 'person' and item.grantee_id is distinct from view.staff_id then 16
            when item.grantee_kind = 'team' and team.team is null then 32
            else 0
        end as of_grantee,
        if(coalesce(list_contains(item.record_classes, view.record_class), item.record_classes is null), 0, 64) as of_class,
        if(coalesce(list_contains(item.record_ids, view.record_id), item.record_ids is null), 0, 128) as of_record,
        if(coalesce(list_contains(item.actions, view.action), item.actions is null), 0, 256) as of_action,
        if(item.case_id is not null and item.case_id is distinct from view.case_id, 512, 0) as of_case,
        case
            when item.revoked_at <= view.judged_at and item.revocation_recorded_at <= view.known_to
                and (item.valid_to is null or item.revoked_at < item.valid_to) then 1024
            when item.valid_to <= view.judged_at then 2048
            when view.judged_at < item.valid_from then 4096
            else 0
        end as of_time,
        if(item.recorded_at > view.known_to, 8192, 0) as of_knowledge,
        case
            when view.judged_at < item.valid_from then epoch_us(item.valid_from) - epoch_us(view.judged_at)
            else greatest(0, coalesce(epoch_us(view.judged_at) - epoch_us(least(item.valid_to, item.revoked_at)), 0))
        end as distance_us
    from uncovered as view
    join flagged.known_grants as item on item.account_id = view.account_id
    left join team on item.grantee_kind = 'team' and team.view_id = view.view_id and team.team = item.grantee_id
),
counted as (
    select
        view_id,
        grant_rank,
        distance_us,
        of_grantor + of_grantee + of_class + of_record + of_action + of_case + of_time + of_knowledge as faults,
        greatest(of_grantor, of_grantee, of_class, of_record, of_action, of_case, of_time, of_knowledge) as last_fault
    from compared
),
-- One number to compare by: how many faults, how far, how late the last fault stands in the order, the lowest grant.
nearest as (
    select
        view_id,
        min_by(grant_rank, farness) as grant_rank,
        min_by(faults, farness) as faults,
        min_by(distance_us, farness) as distance_us
    from (
        select
            view_id,
            grant_rank,
            faults,
            distance_us,
            ((cast(bit_count(faults) as decimal(38, 0)) * 1000000000000000000 + distance_us) * 10000 + 8192 - last_fault) * 1000000000 + grant_rank as farness
        from counted
    ) as measured
    group by view_id
)
select
    nearest.view_id, -- number of the view
    item.grant_id, -- the nearest grant
    list_filter([
        if(nearest.faults & 2 = 2, 'SELF_GRANTED', null),
        if(nearest.faults & 4 = 4, 'GRANTOR_NOT_CUSTOMER', null),
        if(nearest.faults & 8 = 8, 'GRANTOR_NOT_AUTHORISED', null),
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
