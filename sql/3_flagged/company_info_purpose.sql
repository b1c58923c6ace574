-- One row for each staff access to company information that names no purpose, or none of account set-up, configuration, billing and contact.
-- Promises: CR-1.
select
    left(sha256(concat_ws(chr(31), 'company_info_purpose', e.source, e.event_id)), 32) as finding_id, -- the finding, by source and event
    e.occurred_at, -- instant of the access; null where its stamp has no zone
    e.account_id, -- customer whose records were reached
    e.staff_id, -- member of staff
    case when e.purpose is null then 'PURPOSE_MISSING' else 'PURPOSE_OUTSIDE' end as code, -- no purpose, or one that was not promised
    'medium' as severity, -- always medium
    ['CR-1'] as promise_ids, -- CR-1
    concat(
        'Staff ', e.staff_id, ' reached company information of account ', coalesce(e.account_id, '(unknown)'),
        coalesce(' for ' || e.purpose, ' without a purpose'), coalesce(' at ' || strftime(e.occurred_at, '%Y-%m-%d %H:%M:%S UTC'), ''), '.'
    ) as summary, -- one sentence
    e.source, -- system that wrote the event
    e.event_id, -- unique within its source
    e.record_class, -- class of the records
    e.action, -- what was done
    e.purpose -- declared purpose; null = none
from scrubbed.access_events as e
join scrubbed.record_classes as c on c.record_class = e.record_class and c.kind = 'company'
cross join scrubbed.run as run
where
    e.staff_id is not null
    and e.has_content
    and e.outcome = 'ok'
    and coalesce(e.purpose, '') not in ('account_setup', 'configuration', 'billing', 'contact')
    and coalesce(e.observed_at, e.occurred_at, run.as_of) <= run.as_of
