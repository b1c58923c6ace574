-- One row for each promise and period: what became of it.
select
    policy,
    promise_id,
    period_start,
    status,
    checked,
    broken,
    reason
from reported.promises
order by period_start, policy, promise_id
