-- One row for each member of staff, in the order in which they first reached a record: whoever knows the names cannot tell the numbers from them.
with known as (
    select staff_id, occurred_at from flagged.access_decisions
    union all
    select staff_id, cast(null as timestamptz) as occurred_at from scrubbed.staff
    union all
    select staff_id, cast(null as timestamptz) as occurred_at from reported.findings
    union all
    select staff_id, cast(null as timestamptz) as occurred_at from reported.emergency_register
    union all
    select grantee_id as staff_id, cast(null as timestamptz) as occurred_at from reported.grant_register where grantee_kind = 'person'
)
select staff_id
from known
where staff_id is not null
group by staff_id
order by min(occurred_at) nulls last, staff_id
