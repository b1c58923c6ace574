-- One row for each promise, UTC month and reason why the accesses that were delivered do not settle it. Stays in HOME.
with decided as (
    select
        -- Without an instant's zone: DuckDB asks the calendar of a zone for every row.
        date_trunc('month', make_timestamp(epoch_us(least(coalesce(d.occurred_at, last.last_at), last.as_of - interval 1 microsecond)))) as month,
        d.occurred_at,
        d.staff_id,
        d.account_id,
        d.purpose,
        d.outcome,
        d.provisional,
        case when d.record_class is null then 'unknown' else coalesce(c.kind, 'business') end as class_kind,
        verdict.is_use
    from flagged.access_decisions as d
    join flagged.verdict_codes as verdict on verdict.code = d.code
    cross join reported.evidence_end as last
    left join scrubbed.record_classes as c on c.record_class = d.record_class
),
access as (
    -- Accesses that are alike are counted at once.
    select
        month,
        outcome,
        class_kind,
        provisional,
        is_use,
        staff_id is not null as is_by_staff,
        purpose,
        count(*) as accesses
    from decided
    group by month, outcome, class_kind, provisional, is_use, is_by_staff, purpose
),
unstated as (
    -- Accesses with a purpose, less those that fall under a version that states purposes (at most one decides).
    select month, sum(accesses) as accesses
    from (
        select month, accesses
        from access
        where is_use and purpose is not null
        union all
        select x.month, -1 as accesses
        from decided as x
        left join scrubbed.accounts as a on a.account_id = x.account_id
        join flagged.policy_periods as p
            on p.account_id is not distinct from a.account_id
            and p.binds_from <= x.occurred_at
            and (p.binds_to is null or x.occurred_at < p.binds_to)
        where x.is_use and x.purpose is not null and x.account_id is not null and p.purposes is not null
    ) as counted
    group by month
    having sum(accesses) > 0
),
doubt as (
    select 'CR-1' as promise_id, month, 'accesses may be to company information' as reason, accesses
    from access
    where
        is_use
        and (class_kind = 'unknown' or class_kind = 'company' and not is_by_staff)
        and coalesce(purpose, '') not in ('account_setup', 'configuration', 'billing', 'contact')
    union all
    select 'CR-2' as promise_id, month, 'accesses are undetermined' as reason, accesses
    from access
    where outcome = 'undetermined' and class_kind in ('personal', 'unknown')
    union all
    select 'CR-2' as promise_id, month, 'violations name no record class' as reason, accesses
    from access
    where outcome = 'violation' and class_kind = 'unknown'
    union all
    select 'CR-2' as promise_id, month, 'accesses are provisional' as reason, accesses
    from access
    where provisional and class_kind in ('personal', 'unknown')
    union all
    select 'CR-3' as promise_id, month, 'accesses are undetermined' as reason, accesses
    from access
    where outcome = 'undetermined' and class_kind in ('business', 'unknown')
    union all
    select 'CR-3' as promise_id, month, 'accesses are provisional' as reason, accesses
    from access
    where provisional and class_kind in ('business', 'unknown')
    union all
    select 'CE-1' as promise_id, month, 'accesses name no purpose' as reason, accesses
    from access
    where is_use and purpose is null
),
dark as (
    select date_trunc('month', make_timestamp(epoch_us(least(f.occurred_at, run.as_of - interval 1 microsecond)))) as month, count(*) as requests
    from flagged.dark_access as f
    cross join scrubbed.run as run
    group by month
),
reasons as (
    select promise_id, month, concat(cast(sum(accesses) as varchar), ' ', reason) as reason
    from doubt
    group by promise_id, month, reason
    union all
    select 'CE-1' as promise_id, month, concat(cast(accesses as varchar), ' accesses fall under no policy that states purposes') as reason
    from unstated
    union all
    -- A read that the audit log does not tell of was never judged.
    select p.promise_id, d.month, concat(cast(d.requests as varchar), ' requests of staff have no access event') as reason
    from dark as d
    join scrubbed.promises as p on p.promise_id in ('CR-2', 'CR-3')
)
select distinct
    promise_id, -- the promise
    cast(month as date) as month, -- first day of the UTC month
    reason -- what is in doubt, in a few words
from reasons
