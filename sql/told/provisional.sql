-- One row: how many findings a later delivery can still change.
with provisional as (
    select finding_id from flagged.access_without_grant where provisional
    union all
    select finding_id from flagged.dark_access where provisional
)
select count(*) as findings
from provisional
