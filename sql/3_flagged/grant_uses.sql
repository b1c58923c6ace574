-- One row for each access and each grant that it rests on: of several records and of the parts of a session, each has its own. Stays in HOME.
with
-- What is known now decides; what was permitted at the access and no longer is was a use all the same.
resting as (
    select view.event_number, coalesce(min(covered.now_rank), min(covered.then_rank)) as grant_rank
    from flagged.access_coverage as covered
    join flagged.access_views as view on view.view_id = covered.view_id
    where view.shift_us = 0
    group by view.event_number, view.ordinal, view.cut_at
)
select distinct
    item.grant_id, -- the grant
    fact.source, -- system that wrote the event
    fact.event_id, -- unique within its source
    fact.occurred_at -- instant of the access
from resting
join flagged.known_grants as item on item.grant_rank = resting.grant_rank
join flagged.access_facts as fact on fact.event_number = resting.event_number
