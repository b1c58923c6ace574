-- One row for each access that a closed report should tell of and does not know: it was delivered after the month was closed. Stays in HOME.
with
-- Between the ends of closed months: the first closed report that tells of the time between.
closed as (
    select
        coalesce(lag(period_end) over (order by period_end), timestamptz '0001-01-01 00:00:00+00') as closed_from,
        period_end as closed_to,
        min(closed_as_of) over (order by period_end rows between current row and unbounded following) as closed_as_of
    from ledger.closings
)
select
    event.source, -- system that wrote the event
    event.event_id -- unique within its source
from scrubbed.access_events as event
join closed on event.occurred_at >= closed.closed_from and event.occurred_at < closed.closed_to
left join ledger.closed_accesses as known on known.source = event.source and known.event_id = event.event_id
where known.closed_as_of is null or known.closed_as_of > closed.closed_as_of
