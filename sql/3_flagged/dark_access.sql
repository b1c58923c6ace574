-- One row for each request by a member of staff to a route of customer records that no access event of that person and account accompanies: the audit log has a hole.
-- Promises: none.
with accompanied as (
    -- A session accompanies every request from its begin to its end.
    select
        e.staff_id,
        e.account_id,
        least(e.occurred_at, coalesce(e.started_at, e.occurred_at)) as happened_at,
        greatest(e.occurred_at, coalesce(e.ended_at, e.occurred_at)) as event_end,
        cast(null as varchar) as input_id,
        cast(null as bigint) as line_number
    from scrubbed.access_events as e
    cross join scrubbed.run as run
    where e.staff_id is not null and e.occurred_at is not null and coalesce(e.observed_at, e.occurred_at) <= run.as_of
    union all
    select r.staff_id, r.account_id, r.occurred_at as happened_at, cast(null as timestamptz) as event_end, r.input_id, r.line_number
    from measured.staff_record_requests as r
    cross join scrubbed.run as run
    where r.occurred_at <= run.as_of
),
nearest as (
    select
        staff_id,
        account_id,
        happened_at,
        input_id,
        line_number,
        max(event_end) over (partition by staff_id, account_id order by happened_at range between unbounded preceding and current row) as last_of_account,
        min(case when input_id is null then happened_at end) over (
            partition by staff_id, account_id order by happened_at range between current row and unbounded following
        ) as next_of_account,
        max(event_end) over (partition by staff_id order by happened_at range between unbounded preceding and current row) as last_of_any,
        min(case when input_id is null then happened_at end) over (
            partition by staff_id order by happened_at range between current row and unbounded following
        ) as next_of_any
    from accompanied
),
request as (
    -- Where the request names no account, any event of that person accompanies it.
    select
        n.staff_id,
        n.account_id,
        n.happened_at,
        n.input_id,
        n.line_number,
        run.dark_access_within_s,
        case when n.account_id is null then n.last_of_any else n.last_of_account end as last_event_at,
        case when n.account_id is null then n.next_of_any else n.next_of_account end as next_event_at
    from nearest as n
    cross join scrubbed.run as run
    where n.input_id is not null
),
-- An event that tells of the request may still come, from any source that has not been read so far.
read_to as (
    select least(coalesce(min(watermark) filter (where source <> 'grants'), max(run.as_of)), max(run.as_of)) as until
    from scrubbed.run as run
    left join scrubbed.sources as source on true
)
select
    left(sha256(concat_ws(chr(31), 'dark_access', q.input_id, cast(q.line_number as varchar))), 32) as finding_id, -- the finding, by line
    q.happened_at as occurred_at, -- instant of the request
    q.account_id, -- account of the request; null where unknown
    q.staff_id, -- member of staff who made it
    'DARK_ACCESS' as code, -- the one verdict of this control
    'critical' as severity, -- always critical
    cast([] as varchar[]) as promise_ids, -- none by itself; it leaves CR-2 and CR-3 unproven
    concat(
        'Staff ', q.staff_id, ' requested customer records of account ', coalesce(q.account_id, '(unknown)'), ' at ', strftime(q.happened_at, '%Y-%m-%d %H:%M:%S UTC'),
        ', but no access event within ', cast(q.dark_access_within_s as varchar), ' s tells of it.'
    ) as summary, -- one sentence
    q.input_id, -- input the line stands in
    q.line_number, -- line within that input
    q.last_event_at, -- last access event before, or the end of its session; null = none
    q.next_event_at, -- first access event after; null = none
    read_to.until < q.happened_at + to_seconds(q.dark_access_within_s) as provisional -- an access event that tells of it may still come
from request as q
cross join read_to
where
    coalesce(q.last_event_at < q.happened_at - to_seconds(q.dark_access_within_s), true)
    and coalesce(q.next_event_at > q.happened_at + to_seconds(q.dark_access_within_s), true)
