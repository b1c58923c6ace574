-- One row for each grant that is active, or that the month recorded, revoked or saw expire.
with marked as (
    select
        grant_id,
        account_id,
        grantee_kind,
        grantee_id,
        valid_from,
        valid_to,
        recorded_at,
        revoked_at,
        state,
        is_unbounded,
        accesses,
        last_used_at,
        date_trunc('month', recorded_at) = cast($month as timestamptz) as is_new,
        coalesce(date_trunc('month', revoked_at) = cast($month as timestamptz), false) as is_revoked,
        coalesce(date_trunc('month', valid_to) = cast($month as timestamptz) and (revoked_at is null or valid_to < revoked_at), false) as is_expired,
        accesses = 0 and state in ('active', 'expired', 'revoked') as is_unused
    from reported.grant_register
    where $account is null or account_id = $account
)
select *
from marked
where is_new or is_revoked or is_expired or state = 'active'
order by account_id, valid_from, grant_id
