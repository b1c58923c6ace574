-- One row for each access of staff to the customer's records in the month.
-- What the customer's own users did is counted, not listed: it concerns nobody but her.
select
    d.occurred_at,
    d.outcome,
    d.code,
    d.staff_id,
    told.basis,
    told.sentence,
    d.grant_id,
    d.nearest_grant_id,
    d.source,
    d.event_id,
    d.provisional as is_provisional
from flagged.access_decisions as d
cross join reported.evidence_end as last
join flagged.access_explanations as told on told.source = d.source and told.event_id = d.event_id
where d.account_id = $account and d.code <> 'SELF_ACCESS'
    and least(coalesce(d.occurred_at, last.last_at), last.as_of - interval 1 microsecond) between $begin and $end
order by d.occurred_at nulls last, d.source, d.event_id
