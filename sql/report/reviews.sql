-- One row for each review that does not count, or whose row is gone: told whatever month its finding is of.
select
    finding_id,
    status,
    reviewed_at,
    reviewed_by_staff_id,
    fault,
    is_missing
from reported.review_register
where fault is not null or is_missing
order by fault nulls last, reviewed_at, finding_id, status
