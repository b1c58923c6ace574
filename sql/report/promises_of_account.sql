-- One row for each promise that holds in the month: how many findings concern the customer.
-- Her page shows what concerns her: a vendor-wide status would tell of other customers.
with found as (
    select unnest(f.promise_ids) as promise_id, f.finding_id
    from reported.findings as f
    cross join reported.evidence_end as last
    where f.account_id = $account
        and least(coalesce(f.occurred_at, last.last_at), last.as_of - interval 1 microsecond) between $begin and $end
)
select
    p.policy,
    p.promise_id,
    t.promised,
    p.controls,
    count(found.finding_id) as broken
from reported.promises as p
left join scrubbed.promises as t on t.policy = p.policy and t.promise_id = p.promise_id
left join found on found.promise_id = p.promise_id
where cast(p.period_start as date) >= $month and cast(p.period_start as date) < $next and p.status <> 'not_applicable'
group by p.policy, p.promise_id, t.promised, p.controls
order by p.policy desc, length(p.promise_id), p.promise_id
