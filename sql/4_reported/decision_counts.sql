-- One row for each UTC month, outcome and code: how many accesses were judged so. Stays in HOME.
with
judged as (
    select
        -- Without an instant's zone: DuckDB asks the calendar of a zone for every row.
        date_trunc('month', make_timestamp(epoch_us(least(coalesce(decision.occurred_at, last.last_at), last.as_of - interval 1 microsecond)))) as month,
        decision.outcome,
        decision.code,
        decision.staff_id,
        decision.account_id,
        count(*) as accesses
    from flagged.access_decisions as decision
    cross join reported.evidence_end as last
    group by month, decision.outcome, decision.code, decision.staff_id, decision.account_id
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
    cast(judged.month as date) as month, -- first day of the UTC month; that of the last evidence where stamps have no zone, as in reported.promises
    judged.outcome, -- permitted, info, undetermined or violation
    judged.code, -- verdict
    cast(sum(judged.accesses) as bigint) as accesses, -- accesses
    max(who.staff) as staff, -- members of staff
    max(whose.accounts) as accounts -- customers
from judged
join who on who.month = judged.month and who.outcome = judged.outcome and who.code = judged.code
join whose on whose.month = judged.month and whose.outcome = judged.outcome and whose.code = judged.code
group by judged.month, judged.outcome, judged.code
