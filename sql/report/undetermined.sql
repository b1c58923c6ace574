-- One row for each access of the month that the evidence cannot decide.
select
    d.occurred_at,
    d.code,
    d.account_id,
    d.staff_id,
    d.record_class,
    d.source,
    d.event_id,
    told.sentence,
    d.provisional as is_provisional
from flagged.access_decisions as d
cross join reported.evidence_end as last
join flagged.access_explanations as told on told.source = d.source and told.event_id = d.event_id
where d.outcome = 'undetermined'
    and least(coalesce(d.occurred_at, last.last_at), last.as_of - interval 1 microsecond) between $begin and $end
    and ($account is null or d.account_id = $account)
order by d.code, d.occurred_at nulls last, d.source, d.event_id
