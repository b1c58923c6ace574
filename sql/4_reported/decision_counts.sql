-- One row for each UTC month, outcome and code: how many accesses were judged so. Stays in HOME.
with
judged as (
    select cast(date_trunc('month', occurred_at) as date) as month, outcome, code, staff_id, account_id, count(*) as accesses
    from flagged.access_decisions
    group by cast(date_trunc('month', occurred_at) as date), outcome, code, staff_id, account_id
),
-- Who and whose are told apart first: DuckDB 1.5.6 can wait for ever on several distinct aggregates in one plan.
who as (
    select month, outcome, code, count(staff_id) as staff
    from (select distinct month, outcome, code, staff_id from judged) as one
    group by month, outcome, code
),
whose as (
    select month, outcome, code, count(account_id) as accounts
    from (select distinct month, outcome, code, account_id from judged) as one
    group by month, outcome, code
)
select
    judged.month, -- first day of the UTC month; null where stamps have no zone
    judged.outcome, -- permitted, info, undetermined or violation
    judged.code, -- verdict
    cast(sum(judged.accesses) as bigint) as accesses, -- accesses
    max(who.staff) as staff, -- members of staff
    max(whose.accounts) as accounts -- customers
from judged
join who on who.month is not distinct from judged.month and who.outcome = judged.outcome and who.code = judged.code
join whose on whose.month is not distinct from judged.month and whose.outcome = judged.outcome and whose.code = judged.code
group by judged.month, judged.outcome, judged.code
