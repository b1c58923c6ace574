-- Who looked at which account, how often, and was it permitted? (`where account_id = …` for a single one)
select
    account_id, -- customer
    staff_id, -- member of staff; null where the actor is not staff
    outcome, -- permitted, info, undetermined or violation
    count(*) as accesses, -- accesses
    min(occurred_at) as first_at, -- first of them
    max(occurred_at) as last_at -- last of them
from flagged.access_decisions
group by account_id, staff_id, outcome
order by account_id nulls last, staff_id nulls last, outcome
