-- One row for each view of an access that no grant covers: the nearest grant and all its faults in their order (step 17). Stays in HOME.
with
uncovered as (
    select view.*
    from flagged.access_views as view
    where view.shift_us = 0 and not exists (select 1 from flagged.access_coverage as covered where covered.view_id = view.view_id)
),
faults as (
    select
        view.view_id,
        item.grant_id,
        list_filter([
            case when item.granted_by_staff_id = view.staff_id then 'SELF_GRANTED' else item.grantor_fault end,
            case
                when item.grantee_kind = 'person' and item.grantee_id <> view.staff_id then 'WRONG_GRANTEE'
                when item.grantee_kind = 'team' and not exists (
                    select 1 from scrubbed.teams as team
                    where team.staff_id = view.staff_id and team.team = item.grantee_id and team.recorded_at <= view.known_to
                        and team.valid_from <= view.judged_at and (team.valid_to is null or view.judged_at < team.valid_to)
                ) then 'NOT_TEAM_MEMBER'
            end,
            case when not coalesce(list_contains(item.record_classes, view.record_class), item.record_classes is null) then 'SCOPE_CLASS' end,
            case when not coalesce(list_contains(item.record_ids, view.record_id), item.record_ids is null) then 'SCOPE_RECORD' end,
            case when not coalesce(list_contains(item.actions, view.action), item.actions is null) then 'SCOPE_ACTION' end,
            case when item.case_id is not null and item.case_id is distinct from view.case_id then 'SCOPE_CASE' end,
            case
                when item.revoked_at <= view.judged_at and item.revocation_recorded_at <= view.known_to
                    and (item.valid_to is null or item.revoked_at < item.valid_to) then 'REVOKED'
                when item.valid_to <= view.judged_at then 'EXPIRED'
                when view.judged_at < item.valid_from then 'NOT_YET_VALID'
            end,
            case when item.recorded_at > view.known_to then 'BACKDATED' end
        ], lambda fault: fault is not null) as all_faults,
        case
            when view.judged_at < item.valid_from then date_diff('microsecond', view.judged_at, item.valid_from)
            else greatest(0, coalesce(date_diff('microsecond', least(item.valid_to, item.revoked_at), view.judged_at), 0))
        end as distance_us
    from uncovered as view
    join flagged.known_grants as item on item.account_id = view.account_id
)
select
    view_id, -- number of the view
    grant_id, -- the nearest grant
    all_faults, -- its faults in their order
    distance_us / 1000000.0 as distance_s -- how far the access is from its interval, seconds
from faults
qualify row_number() over (
    partition by view_id
    order by
        len(all_faults),
        distance_us,
        list_position([
            'SELF_GRANTED', 'GRANTOR_NOT_CUSTOMER', 'GRANTOR_NOT_AUTHORISED', 'WRONG_GRANTEE', 'NOT_TEAM_MEMBER', 'SCOPE_CLASS', 'SCOPE_RECORD',
            'SCOPE_ACTION', 'SCOPE_CASE', 'REVOKED', 'EXPIRED', 'NOT_YET_VALID', 'BACKDATED'
        ], all_faults[len(all_faults)]) desc,
        grant_id
) = 1
