-- One row for each promise, UTC month and reason why what was delivered does not settle it. Stays in HOME.
with compared as (
    -- Only a snapshot that follows another one can show a loss.
    select cast(date_trunc('month', least(snapshot_at, run.as_of - interval 1 microsecond)) as date) as month
    from (
        select distinct m.snapshot_at, min(m.snapshot_at) over () as first_at
        from scrubbed.messages as m
        cross join scrubbed.run as r
        where m.snapshot_at <= r.as_of
    ) as snapshot
    cross join scrubbed.run as run
    where snapshot_at > first_at
),
reasons as (
    select promise_id, month, reason from reported.access_doubts
    union all
    select p.promise_id, p.month, 'no two snapshots of messages/ to compare' as reason
    from reported.promise_periods as p
    left join compared as c on c.month = p.month
    where p.promise_id = 'CR-8' and c.month is null
    union all
    -- Where we watch ourselves, not having looked proves nothing.
    select p.promise_id, p.month, 'nothing was looked at' as reason
    from reported.promise_periods as p
    left join reported.promise_checks as k on k.promise_id = p.promise_id and k.month = p.month
    where p.promise_id in ('CR-4', 'CR-5', 'CR-6', 'CR-7', 'CE-4') and coalesce(k.checked, 0) = 0
    union all
    select p.promise_id, p.month, 'no control decides it' as reason
    from reported.promise_periods as p
    join scrubbed.promises as s on s.promise_id = p.promise_id
    where s.controls = cast([] as varchar[])
)
select distinct
    promise_id, -- the promise
    month, -- first day of the UTC month
    reason -- what is in doubt, in a few words
from reasons
