-- One row for each access to a customer's record that the customer had not permitted, with the verdict and the nearest grant.
-- Promises: CR-2, CR-3.
select
    left(sha256(concat_ws(chr(31), 'access_without_grant', d.source, d.event_id)), 32) as finding_id, -- the finding, by source and event
    d.occurred_at, -- instant of the access
    d.account_id, -- customer whose records were reached
    d.staff_id, -- member of staff; null for another customer's user
    d.code, -- verdict, as in flagged.access_decisions
    d.severity, -- critical, high, medium or low, by code
    case coalesce(c.kind, 'business')
        when 'company' then cast([] as varchar[])
        when 'personal' then ['CR-2']
        else ['CR-3']
    end as promise_ids, -- CR-2 for personal records, CR-3 for business records, none for company information
    told.sentence as summary, -- who did what, when, and why it was not permitted
    d.source, -- system that wrote the event
    d.event_id, -- unique within its source
    d.record_class, -- class of the records
    d.record_id, -- the record; null with record_ids null means all
    d.record_ids, -- the records, in the given order
    d.records_uncovered, -- records that no grant covers
    d.uncovered_from, -- begin of the first part of a session that no grant covers
    d.uncovered_to, -- end of that part
    d.action, -- what was done
    d.purpose, -- declared purpose
    d.case_id, -- ticket
    d.nearest_grant_id, -- grant that came nearest
    d.all_faults, -- its faults, in their order
    d.distance_s, -- seconds from the access to that grant's interval
    d.provisional, -- the verdict may change: a source has not been read so far
    d.late -- older than the last closed report
from flagged.access_decisions as d
join flagged.access_explanations as told on told.source = d.source and told.event_id = d.event_id
left join scrubbed.record_classes as c on c.record_class = d.record_class
where d.outcome = 'violation'
