-- One row for each promise and UTC month from its first evidence to the last evidence of any input. Stays in HOME.
with own as (
    select needed.promise_id, min(span.first_at) as first_at, max(span.last_at) as last_at
    from (select promise_id, unnest(evidence) as folder from scrubbed.promises) as needed
    join reported.evidence_spans as span on span.folder = needed.folder
    group by needed.promise_id
),
accused as (
    -- A finding is never left outside every period.
    select promise_id, min(occurred_at) as first_at, max(occurred_at) as last_at
    from (select unnest(promise_ids) as promise_id, occurred_at from flagged.findings) as found
    group by promise_id
),
overall as (
    select min(first_at) as first_at from reported.evidence_spans
),
bound as (
    -- What happens at the as-of itself belongs to the period that ends there.
    select
        p.policy,
        p.promise_id,
        least(coalesce(own.first_at, overall.first_at, last.last_at), accused.first_at, last.as_of - interval 1 microsecond) as begins_at,
        least(greatest(last.last_at, own.last_at, accused.last_at), last.as_of - interval 1 microsecond) as ends_at,
        last.as_of
    from scrubbed.promises as p
    cross join reported.evidence_end as last
    cross join overall
    left join own on own.promise_id = p.promise_id
    left join accused on accused.promise_id = p.promise_id
),
counted as (
    -- Months since year 0.
    select
        policy,
        promise_id,
        begins_at,
        as_of,
        extract(year from begins_at) * 12 + extract(month from begins_at) - 1 as first_month,
        extract(year from ends_at) * 12 + extract(month from ends_at) - 1 as last_month
    from bound
),
numbered as (
    -- A broken clock must not bring a thousand months: twenty years are the most.
    select policy, promise_id, begins_at, as_of, unnest(range(greatest(first_month, last_month - 239), last_month + 1)) as ordinal
    from counted
),
month as (
    select
        policy,
        promise_id,
        begins_at,
        as_of,
        make_date(cast(floor(ordinal / 12) as integer), cast(ordinal % 12 as integer) + 1, 1) as month,
        make_date(cast(floor((ordinal + 1) / 12) as integer), cast((ordinal + 1) % 12 as integer) + 1, 1) as next_month
    from numbered
)
select
    policy, -- set of promises
    promise_id, -- the promise
    month, -- first day of the UTC month
    greatest(cast(month as timestamptz), begins_at) as period_start, -- begin of the month, or first evidence
    least(cast(next_month as timestamptz), as_of) as period_end -- begin of the next month, or as-of
from month
