-- One row for each UTC month, account and basis: how many accesses a grant, an emergency, an exemption or a declared purpose explains, and how many nothing does. Stays in HOME.
select
    -- Without an instant's zone: DuckDB asks the calendar of a zone for every row.
    cast(
        date_trunc('month', make_timestamp(epoch_us(least(coalesce(decision.occurred_at, last.last_at), last.as_of - interval 1 microsecond)))) as date
    ) as month, -- first day of the UTC month; that of the last evidence where stamps have no zone, as in reported.promises
    decision.account_id, -- customer; null where the event names none
    told.basis, -- what the verdict rests on, as in flagged.access_explanations
    count(*) as accesses -- accesses
from flagged.access_decisions as decision
join flagged.access_explanations as told on told.source = decision.source and told.event_id = decision.event_id
cross join reported.evidence_end as last
group by month, decision.account_id, told.basis
