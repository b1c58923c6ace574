-- One row for each access whose purpose is outside the list of the policy in force for that account at that instant.
-- Promises: CE-1.
select
    left(sha256(concat_ws(chr(31), 'purpose_outside_policy', e.source, e.event_id)), 32) as finding_id, -- the finding, by source and event
    e.occurred_at, -- instant of the access
    e.account_id, -- customer whose records were reached
    e.staff_id, -- member of staff; null where the actor is unresolved
    'PURPOSE_OUTSIDE' as code, -- the one verdict of this control
    'medium' as severity, -- always medium
    ['CE-1'] as promise_ids, -- CE-1
    concat(
        coalesce('Staff ' || e.staff_id, 'An unresolved actor'), ' reached records of account ', e.account_id, ' for ', e.purpose, ' at ',
        strftime(e.occurred_at, '%Y-%m-%d %H:%M:%S UTC'), ', which policy ', p.policy_id, ' does not allow.'
    ) as summary, -- one sentence
    e.source, -- system that wrote the event
    e.event_id, -- unique within its source
    e.record_class, -- class of the records
    e.purpose, -- declared purpose
    p.policy_id, -- version in force
    p.purposes as purposes_allowed -- its purposes
from scrubbed.access_events as e
cross join scrubbed.run as run
left join scrubbed.accounts as a on a.account_id = e.account_id
join flagged.policy_periods as p
    on p.account_id is not distinct from a.account_id
    and p.binds_from <= e.occurred_at
    and (p.binds_to is null or e.occurred_at < p.binds_to)
where
    -- What a customer's own user does is not a use by the vendor.
    e.actor_kind <> 'user'
    and e.has_content
    and e.outcome = 'ok'
    and e.account_id is not null
    -- A policy whose purposes are null states none; the empty list allows none.
    and not list_contains(p.purposes, e.purpose)
    and coalesce(e.observed_at, e.occurred_at) <= run.as_of
