-- One row for each emergency (break-glass) known at the as-of: who opened it, what the customer decided and what was done under it. Stays in HOME.
with known as (
    select
        e.emergency_id,
        e.staff_id,
        e.account_id,
        e.opened_at,
        e.ttl_s,
        e.has_reason,
        case when e.decided_at <= run.as_of then e.decision end as decision,
        case when e.decided_at <= run.as_of then e.decided_at end as decided_at
    from scrubbed.emergencies as e
    cross join scrubbed.run as run
    where e.recorded_at <= run.as_of
),
used as (
    select k.emergency_id, count(*) as accesses, list_sort(list(distinct d.code)) as codes
    from known as k
    join flagged.access_decisions as d
        on d.staff_id = k.staff_id
        and d.account_id = k.account_id
        and d.occurred_at >= k.opened_at
        and date_diff('microsecond', k.opened_at, d.occurred_at) < k.ttl_s * 1000000
    group by k.emergency_id
)
select
    k.emergency_id, -- the emergency
    k.staff_id, -- who opened it; null where not staff
    k.account_id, -- customer
    k.opened_at, -- first instant
    k.ttl_s, -- seconds it lasts
    k.has_reason, -- a reason that is not blank was given
    k.decision, -- approve or reject; null = none by the as-of
    k.decided_at, -- when it was decided
    coalesce(u.accesses, 0) as accesses, -- accesses of that person and account while it lasted
    coalesce(u.codes, cast([] as varchar[])) as codes -- their verdicts, sorted
from known as k
left join used as u on u.emergency_id = k.emergency_id
