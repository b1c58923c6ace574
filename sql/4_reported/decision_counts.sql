-- One row for each UTC month, outcome and code: how many accesses were judged so. Stays in HOME.
select
    cast(date_trunc('month', occurred_at) as date) as month, -- first day of the UTC month; null where stamps have no zone
    outcome, -- permitted, info, undetermined or violation
    code, -- verdict
    count(*) as accesses, -- accesses
    count(distinct staff_id) as staff, -- members of staff
    count(distinct account_id) as accounts -- customers
from flagged.access_decisions
group by cast(date_trunc('month', occurred_at) as date), outcome, code
