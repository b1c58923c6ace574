-- One row for each verdict on an access of the month to the customer's records: how many have it.
select
    d.outcome,
    d.code,
    count(*) as accesses,
    count(distinct d.staff_id) as staff,
    1 as accounts
from flagged.access_decisions as d
cross join reported.evidence_end as last
where d.account_id = $account
    and least(coalesce(d.occurred_at, last.last_at), last.as_of - interval 1 microsecond) between $begin and $end
group by d.outcome, d.code
order by accesses desc, d.code
