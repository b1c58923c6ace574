-- Which grants were never used, so that the customer could have been asked for less?
select
    grant_id, -- the grant
    account_id, -- customer who granted it
    valid_from, -- first instant covered
    valid_to, -- first instant no longer covered; null = open
    revoked_at -- when it was revoked
from flagged.grant_weaknesses
where code = 'GRANT_UNUSED'
order by valid_from, grant_id
