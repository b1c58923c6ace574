-- One row for each view of an access that a single grant without fault covers: the nearest one, and the lowest that stands against every opt-out (step 12). Stays in HOME.
with
-- Whom a grant may name for this member of staff at this instant, by what was known.
holder as (
    select distinct view.view_id, 'team' as kind, member.team as holder_id
    from flagged.access_views as view
    join flagged.known_memberships as member on member.staff_id = view.staff_id
    where member.recorded_at <= view.known_to and (member.superseded_at is null or view.known_to < member.superseded_at)
        and member.valid_from <= view.judged_at and (member.valid_to is null or view.judged_at < member.valid_to)
    union all
    select view_id, 'person', staff_id from flagged.access_views
    union all
    select view_id, 'anystaff', '' from flagged.access_views
),
shape as (
    select distinct grantee_kind, names_class, names_record, names_action, names_case from flagged.grant_scopes
),
wanted as (
    select
        view.view_id,
        view.account_id,
        view.judged_at,
        view.known_to,
        holder.holder_id,
        shape.grantee_kind,
        shape.names_class,
        shape.names_record,
        shape.names_action,
        shape.names_case,
        if(shape.names_class, view.record_class, '') as wanted_class,
        if(shape.names_record, view.record_id, '') as wanted_record,
        if(shape.names_action, view.action, '') as wanted_action,
        if(shape.names_case, view.case_id, '') as wanted_case
    from flagged.access_views as view
    join holder on holder.view_id = view.view_id
    join shape on shape.grantee_kind = holder.kind
),
found as (
    select
        wanted.view_id,
        wanted.names_class,
        scope.grant_id,
        scope.recorded_at,
        -- A revocation not yet known at the access covers it all the same, and still says how far off it was.
        greatest(0, coalesce(epoch_us(wanted.judged_at) - epoch_us(least(scope.valid_to, scope.revoked_at)), 0)) as distance_us
    from wanted
    join flagged.grant_scopes as scope
        on scope.account_id = wanted.account_id
        and scope.grantee_kind = wanted.grantee_kind and scope.grantee_id = wanted.holder_id
        and scope.names_class = wanted.names_class and scope.names_record = wanted.names_record
        and scope.names_action = wanted.names_action and scope.names_case = wanted.names_case
        and scope.scope_class = wanted.wanted_class and scope.scope_record = wanted.wanted_record
        and scope.scope_action = wanted.wanted_action and scope.scope_case = wanted.wanted_case
    where scope.recorded_at <= wanted.known_to
        and scope.valid_from <= wanted.judged_at and (scope.valid_to is null or wanted.judged_at < scope.valid_to)
        and (scope.revoked_at is null or wanted.judged_at < scope.revoked_at or wanted.known_to < scope.revocation_recorded_at)
),
refused as (
    select view.view_id, max(opt_out.recorded_at) as refused_at
    from flagged.access_views as view
    join scrubbed.opt_outs as opt_out on opt_out.account_id = view.account_id
    where opt_out.purpose is null and (opt_out.record_class is null or opt_out.record_class = view.record_class)
        and opt_out.valid_from <= view.judged_at and (opt_out.valid_to is null or view.judged_at < opt_out.valid_to)
        and opt_out.recorded_at <= view.known_to
    group by view.view_id
)
select
    found.view_id, -- number of the view
    min_by(found.grant_id, {'distance_us': found.distance_us, 'grant_id': found.grant_id}) as covering_grant_id, -- nearest grant without fault, the lowest of equals
    min(found.distance_us) / 1000000.0 as distance_s, -- how far its end lies before the access, seconds
    -- A grant stands against an opt-out if it names the class and was recorded later.
    min(found.grant_id) filter (
        where refused.refused_at is null or (found.names_class and found.recorded_at > refused.refused_at)
    ) as grant_id -- lowest that stands too; null = opted out
from found
left join refused on refused.view_id = found.view_id
group by found.view_id
