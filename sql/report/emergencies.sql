-- One row for each emergency opened in the month.
select
    emergency_id,
    staff_id,
    account_id,
    opened_at,
    ttl_s,
    has_reason,
    decision,
    decided_at,
    accesses,
    codes
from reported.emergency_register
where opened_at between $begin and $end and ($account is null or account_id = $account)
order by opened_at, emergency_id
