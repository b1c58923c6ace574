-- One row for each access that the customer had permitted, but that served another purpose than servicing the account.
-- Promises: CR-2, CR-3.
select
    left(sha256(concat_ws(chr(31), 'grant_used_otherwise', d.source, d.event_id)), 32) as finding_id, -- the finding, by source and event
    d.occurred_at, -- instant of the access
    d.account_id, -- customer whose records were reached
    d.staff_id, -- member of staff
    'PURPOSE_NOT_SERVICING' as code, -- the one verdict of this control
    'high' as severity, -- always high
    case when c.kind = 'personal' then ['CR-2'] else ['CR-3'] end as promise_ids, -- CR-2 for personal records, CR-3 for business records
    concat(
        'Staff ', d.staff_id, ' used the permission of account ', d.account_id, ' for ', d.purpose, ', not for servicing, at ',
        strftime(d.occurred_at, '%Y-%m-%d %H:%M:%S UTC'), '.'
    ) as summary, -- one sentence
    d.source, -- system that wrote the event
    d.event_id, -- unique within its source
    d.record_class, -- class of the records
    d.record_id, -- the record; null with record_ids null means all
    d.action, -- what was done
    d.purpose, -- declared purpose
    d.case_id, -- ticket
    d.code as access_code, -- verdict on the access itself
    d.grant_id -- grant relied on; null where an emergency was approved or the grant is void by now
from flagged.access_decisions as d
left join scrubbed.record_classes as c on c.record_class = d.record_class
where
    -- All verdicts that rest on what the customer allowed: RETRO_REVOKED was allowed when it happened.
    d.code in ('GRANTED', 'GRANTED_BOUNDARY', 'BREAK_GLASS_APPROVED', 'RETRO_REVOKED')
    and d.purpose <> 'servicing'
    -- Company information has purposes of its own (company_info_purpose).
    and coalesce(c.kind, 'business') <> 'company'
