-- One row for each promise and period (a UTC month, cut at its first evidence and at the as-of, up to the last evidence of any input): is it kept?
with broken as (
    select
        f.promise_id,
        cast(date_trunc('month', least(coalesce(f.occurred_at, last.last_at), last.as_of - interval 1 microsecond)) as date) as month,
        f.control,
        count(*) as findings
    from (select control, unnest(promise_ids) as promise_id, occurred_at from flagged.findings) as f
    cross join reported.evidence_end as last
    group by f.promise_id, month, f.control
),
breaks as (
    select
        promise_id,
        month,
        cast(sum(findings) as bigint) as findings,
        string_agg(concat(cast(findings as varchar), ' of ', control), ', ' order by control) as reason
    from broken
    group by promise_id, month
),
unsettled as (
    select promise_id, month, reason from reported.evidence_gaps
    union all
    select promise_id, month, reason from reported.evidence_doubts
),
doubts as (
    select promise_id, month, string_agg(reason, '; ' order by reason) as reason
    from unsettled
    group by promise_id, month
)
select
    t.promise_id, -- the promise
    t.period_start, -- first instant of the period
    t.period_end, -- first instant after it
    t.policy, -- set of promises
    p.controls, -- controls that decide it
    case
        when p.not_applicable_reason is not null then 'not_applicable'
        when b.findings > 0 then 'broken'
        when d.reason is not null then 'unproven'
        else 'kept'
    end as status, -- not_applicable, broken, unproven or kept, in this precedence
    coalesce(k.checked, 0) as checked, -- items looked at
    coalesce(b.findings, 0) as broken, -- findings
    case
        when p.not_applicable_reason is not null then p.not_applicable_reason
        when b.findings > 0 then b.reason
        else d.reason
    end as reason -- why it does not apply, which controls found what, or which evidence is missing; null where kept
from reported.promise_periods as t
join scrubbed.promises as p on p.promise_id = t.promise_id and p.policy = t.policy
left join reported.promise_checks as k on k.promise_id = t.promise_id and k.month = t.month
left join breaks as b on b.promise_id = t.promise_id and b.month = t.month
left join doubts as d on d.promise_id = t.promise_id and d.month = t.month
