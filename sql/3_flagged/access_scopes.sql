-- One row for each view of an access and each key under which a grant may cover it; more where only grants that stand against an opt-out may. Stays in HOME.
with
scope as (
    select distinct key_id, account_id, named, grantee_id, scope_class, scope_record, scope_action, scope_case from flagged.grant_scopes
    union all
    select distinct key_id, account_id, named, grantee_id, scope_class, scope_record, scope_action, scope_case from flagged.team_scopes
),
shape as (
    select distinct account_id, named from scope
),
wanted as (
    select view.view_id, shape.account_id, shape.named, if(shape.named & 16 = 16, view.staff_id, '') as holder_id, true as is_then, true as is_now
    from flagged.access_views as view
    join shape on shape.account_id = view.account_id
    where shape.named & 48 <> 32
    union all
    select view.view_id, shape.account_id, shape.named, member.team, member.is_then, member.is_now
    from flagged.access_members as member
    join flagged.access_views as view on view.view_id = member.view_id
    join shape on shape.account_id = view.account_id
    where shape.named & 48 = 32
),
-- The key that a view asks for, in full: so that it finds its grants by all of it at once.
asking as (
    select
        view.view_id,
        view.judged_at,
        view.lag_us,
        wanted.account_id,
        wanted.named,
        wanted.holder_id,
        if(wanted.named & 64 = 64, view.record_class, '') as scope_class,
        if(wanted.named & 128 = 128, view.record_id, '') as scope_record,
        if(wanted.named & 256 = 256, view.action, '') as scope_action,
        if(wanted.named & 512 = 512, view.case_id, '') as scope_case,
        wanted.is_then,
        wanted.is_now
    from wanted
    join flagged.access_views as view on view.view_id = wanted.view_id
),
found as (
    select asking.view_id, asking.judged_at, asking.lag_us, scope.key_id, asking.is_then, asking.is_now
    from asking
    join scope
        on scope.account_id = asking.account_id and scope.named = asking.named and scope.grantee_id = asking.holder_id
        and scope.scope_class = asking.scope_class and scope.scope_record = asking.scope_record
        and scope.scope_action = asking.scope_action and scope.scope_case = asking.scope_case
),
refused as (
    select
        view.view_id,
        epoch_us(max(opt_out.recorded_at) filter (where opt_out.recorded_at <= view.known_to)) as then_us,
        epoch_us(max(opt_out.recorded_at)) as now_us
    from flagged.access_views as view
    join scrubbed.opt_outs as opt_out on opt_out.account_id = view.account_id
    where opt_out.purpose is null and (opt_out.record_class is null or opt_out.record_class = view.record_class)
        and opt_out.valid_from <= view.judged_at and (opt_out.valid_to is null or view.judged_at < opt_out.valid_to)
        and opt_out.recorded_at <= view.as_of
    group by view.view_id
),
-- Where there is an opt-out, grants are looked for with no regard to it, and such as were recorded later.
standing as (
    select view_id, cast(null as bigint) as refused_us, then_us is null as stands_then, false as stands_now from refused
    union all
    select view_id, now_us, coalesce(then_us = now_us, false), true from refused
    union all
    select view_id, then_us, true, false from refused where then_us < now_us
),
asked as (
    select
        found.view_id,
        found.judged_at,
        found.lag_us,
        found.key_id,
        found.is_then,
        found.is_now,
        coalesce(standing.refused_us, -9000000000000000000) as refused_us,
        found.is_then and coalesce(standing.stands_then, true) as stands_then,
        found.is_now and coalesce(standing.stands_now, true) as stands_now
    from found
    left join standing on standing.view_id = found.view_id
)
select
    view_id, -- number of the view
    judged_at, -- instant at which grants are judged
    lag_us, -- how long after it a fact may be recorded and count then, microseconds
    key_id, -- number of the key
    is_then, -- asked by what was recorded at the access
    is_now, -- asked by what was recorded at the as-of
    refused_us, -- grants under it count if they were recorded later (and, where there is an opt-out, name the class), microseconds since 1970
    stands_then, -- such a grant stands against every opt-out known at the access
    stands_now, -- such a grant stands against every opt-out known at the as-of
    dense_rank() over (partition by key_id order by judged_at) - 1 as place -- how many instants at which the key is asked for stand before it
from asked
