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
        recorded_at between $begin and $end as is_new,
        coalesce(revoked_at between $begin and $end, false) as is_revoked,
        coalesce(valid_to between $begin and $end and (revoked_at is null or valid_to < revoked_at), false) as is_expired,
        accesses = 0 and state in ('active', 'expired', 'revoked') as is_unused
    from reported.grant_register
    where $account is null or account_id = $account
)
select *
from marked
where is_new or is_revoked or is_expired or state = 'active'
order by account_id, valid_from, grant_id
