-- One row for each grant known at the as-of: what it is worth then and how often it was used. Stays in HOME.
with known as (
    select
        g.grant_id,
        g.account_id,
        g.grantee_kind,
        g.grantee_id,
        g.valid_from,
        g.valid_to,
        g.recorded_at,
        case when g.revocation_recorded_at <= run.as_of then g.revoked_at end as revoked_at,
        g.valid_to is null or (g.record_classes is null and g.record_ids is null and g.case_id is null) as is_unbounded,
        run.as_of
    from scrubbed.grants as g
    cross join scrubbed.run as run
    where g.recorded_at <= run.as_of
),
used as (
    select grant_id, count(*) as accesses, max(occurred_at) as last_used_at from flagged.grant_uses group by grant_id
)
select
    k.grant_id, -- the grant
    k.account_id, -- customer who granted it
    k.grantee_kind, -- person, team or anystaff
    k.grantee_id, -- staff id or team; null for any staff
    k.valid_from, -- first instant covered
    k.valid_to, -- first instant no longer covered; null = open
    k.recorded_at, -- when it was committed
    k.revoked_at, -- when it was revoked, as far as known
    case
        when k.valid_to <= k.valid_from then 'void'
        when k.revoked_at <= k.as_of and (k.valid_to is null or k.revoked_at < k.valid_to) then 'revoked'
        when k.valid_to <= k.as_of then 'expired'
        when k.valid_from > k.as_of then 'future'
        else 'active'
    end as state, -- active, future, expired, revoked or void (never covered an instant)
    k.is_unbounded, -- has no end, or names no class, record or case
    coalesce(u.accesses, 0) as accesses, -- accesses that rest on it
    u.last_used_at -- last of them
from known as k
left join used as u on u.grant_id = k.grant_id
