-- One row for each weakness of a grant by itself: it covers nothing, has no bounds, lasts longer than the policy allows, or was never used.
-- Promises: none.
with known as (
    select
        g.grant_id,
        g.account_id,
        a.account_id as known_account_id,
        case when g.grantee_kind = 'person' then g.grantee_id end as staff_id,
        g.record_classes,
        g.record_ids,
        g.actions,
        g.case_id,
        g.valid_from,
        g.valid_to,
        g.recorded_at,
        case when g.revocation_recorded_at <= run.as_of then g.revoked_at end as revoked_at,
        run.as_of
    from scrubbed.grants as g
    cross join scrubbed.run as run
    left join scrubbed.accounts as a on a.account_id = g.account_id
    where g.recorded_at <= run.as_of
),
used as (
    select grant_id, count(*) as accesses from flagged.grant_uses group by grant_id
),
limited as (
    -- The policy in force for that account when the grant was recorded sets the limit.
    select k.grant_id, p.policy_id, p.max_grant_days
    from known as k
    join flagged.policy_periods as p
        on p.account_id is not distinct from k.known_account_id
        and p.binds_from <= k.recorded_at
        and (p.binds_to is null or k.recorded_at < p.binds_to)
    where p.max_grant_days is not null
),
judged as (
    select
        k.grant_id,
        k.account_id,
        k.staff_id,
        k.recorded_at,
        k.valid_from,
        k.valid_to,
        k.revoked_at,
        l.policy_id,
        l.max_grant_days,
        coalesce(u.accesses, 0) as accesses,
        coalesce(k.record_classes = cast([] as varchar[]), false)
        or coalesce(k.record_ids = cast([] as varchar[]), false)
        or coalesce(k.actions = cast([] as varchar[]), false)
        or coalesce(k.valid_to <= k.valid_from, false)
        or coalesce(k.revoked_at <= k.valid_from, false) as is_empty,
        k.valid_to is null or (k.record_classes is null and k.record_ids is null and k.case_id is null) as is_unbounded,
        l.max_grant_days is not null
        and (k.valid_to is null or k.valid_to > k.valid_from + l.max_grant_days * interval 1 day) as is_too_long,
        -- Unused is said of grants that are over, and of those without an end once they began.
        u.grant_id is null
        and k.valid_from <= k.as_of
        and (k.valid_to is null or k.valid_to <= k.as_of or coalesce(k.revoked_at <= k.as_of, false)) as is_unused
    from known as k
    left join used as u on u.grant_id = k.grant_id
    left join limited as l on l.grant_id = k.grant_id
),
weakness as (
    select grant_id, 'GRANT_EMPTY' as code, 'covers nothing' as said from judged where is_empty
    union all
    select grant_id, 'GRANT_UNBOUNDED' as code, 'has no end, or no limit to what it covers' as said from judged where is_unbounded and not is_empty
    union all
    select grant_id, 'GRANT_TOO_LONG' as code, 'lasts longer than the policy allows' as said from judged where is_too_long and not is_empty
    union all
    select grant_id, 'GRANT_UNUSED' as code, 'was never used' as said from judged where is_unused and not is_empty
)
select
    left(sha256(concat_ws(chr(31), 'grant_weaknesses', j.grant_id, w.code)), 32) as finding_id, -- the finding, by grant and weakness
    j.recorded_at as occurred_at, -- when the grant was recorded
    j.account_id, -- customer who granted it
    j.staff_id, -- person it is for; null for a team or any staff
    w.code, -- GRANT_EMPTY, GRANT_UNBOUNDED, GRANT_TOO_LONG or GRANT_UNUSED
    'low' as severity, -- always low
    cast([] as varchar[]) as promise_ids, -- none
    concat('Grant ', j.grant_id, ' of account ', j.account_id, ' ', w.said, '.') as summary, -- one sentence
    j.grant_id, -- the grant
    j.valid_from, -- first instant covered
    j.valid_to, -- first instant no longer covered; null = open
    j.revoked_at, -- when it was revoked, as far as known
    j.policy_id, -- policy in force when it was recorded, where it limits grants
    j.max_grant_days, -- longest grant it allows
    j.accesses -- accesses that rest on it
from judged as j
join weakness as w on w.grant_id = j.grant_id
