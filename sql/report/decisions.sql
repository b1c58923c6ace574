-- One row for each verdict on an access of the month: how many have it.
select
    outcome,
    code,
    cast(sum(accesses) as bigint) as accesses,
    max(staff) as staff,
    max(accounts) as accounts
from reported.decision_counts
where month = $month
group by outcome, code
order by accesses desc, code
