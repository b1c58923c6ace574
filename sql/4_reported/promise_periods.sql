-- One row for each promise and UTC month from its first evidence to the as-of. Stays in HOME.
with evidence as (
    select folder, min(first_event_at) as first_at
    from ledger.inputs
    where status = 'read' and folder in ('web_logs', 'request_logs')
    group by folder
    union all
    select 'access_events' as folder, min(occurred_at) as first_at from scrubbed.access_events
    union all
    select 'disclosures' as folder, min(occurred_at) as first_at from scrubbed.disclosures
    union all
    select 'tags' as folder, min(occurred_at) as first_at from scrubbed.tags
    union all
    select 'mailings' as folder, min(sent_at) as first_at from scrubbed.mailings
    union all
    select 'messages' as folder, min(snapshot_at) as first_at from scrubbed.messages
    union all
    select 'records' as folder, cast(min(day) as timestamptz) as first_at from ledger.metering
),
needed as (
    select promise_id, unnest(evidence) as folder
    from scrubbed.promises
),
own as (
    select n.promise_id, min(e.first_at) as first_at
    from needed as n
    join evidence as e on e.folder = n.folder
    group by n.promise_id
),
accused as (
    -- A finding is never left outside every period.
    select promise_id, min(occurred_at) as first_at
    from (select unnest(promise_ids) as promise_id, occurred_at from flagged.findings) as found
    group by promise_id
),
overall as (
    select min(first_at) as first_at from evidence
),
begun as (
    -- What happens at the as-of itself belongs to the period that ends there.
    select
        p.policy,
        p.promise_id,
        least(coalesce(own.first_at, overall.first_at, run.as_of), accused.first_at, run.as_of - interval 1 microsecond) as begins_at,
        run.as_of
    from scrubbed.promises as p
    cross join scrubbed.run as run
    cross join overall
    left join own on own.promise_id = p.promise_id
    left join accused on accused.promise_id = p.promise_id
),
years as (
    select unnest([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]) as back
),
months as (
    select unnest([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) as back
),
numbered as (
    -- Months since year 0, counted back from the as-of.
    select extract(year from run.as_of) * 12 + extract(month from run.as_of) - 1 - (12 * y.back + m.back) as ordinal
    from scrubbed.run as run
    cross join years as y
    cross join months as m
),
month as (
    select
        make_date(cast(floor(ordinal / 12) as integer), cast(ordinal % 12 as integer) + 1, 1) as month,
        make_date(cast(floor((ordinal + 1) / 12) as integer), cast((ordinal + 1) % 12 as integer) + 1, 1) as next_month
    from numbered
)
select
    b.policy, -- set of promises
    b.promise_id, -- the promise
    m.month, -- first day of the UTC month
    greatest(cast(m.month as timestamptz), b.begins_at) as period_start, -- begin of the month, or first evidence
    least(cast(m.next_month as timestamptz), b.as_of) as period_end -- begin of the next month, or as-of
from begun as b
join month as m on cast(m.next_month as timestamptz) > b.begins_at and cast(m.month as timestamptz) < b.as_of
