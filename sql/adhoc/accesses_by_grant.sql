-- Which grants were relied on, by how many people and for what?
select
    grant_id, -- the grant
    account_id, -- customer who granted it
    count(*) as accesses, -- accesses that relied on it
    count(distinct staff_id) as staff, -- members of staff who used it
    count(distinct record_class) as record_classes, -- classes of records they reached
    min(occurred_at) as first_used_at, -- first use
    max(occurred_at) as last_used_at -- last use
from flagged.access_decisions
where grant_id is not null
group by grant_id, account_id
order by accesses desc, grant_id
