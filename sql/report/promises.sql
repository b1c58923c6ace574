-- One row for each promise of the month's policies: what became of it.
select
    p.policy,
    p.promise_id,
    t.promised,
    p.status,
    p.checked,
    p.broken,
    p.reason,
    p.controls
from reported.promises as p
left join scrubbed.promises as t on t.policy = p.policy and t.promise_id = p.promise_id
where cast(p.period_start as date) >= $month and cast(p.period_start as date) < $next
order by p.policy desc, length(p.promise_id), p.promise_id
