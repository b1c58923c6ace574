-- One row for each purpose or exemption relied on that only a version of the policy allows which did not bind the account yet.
-- Promises: CR-11, CE-6.
with not_allowed as (
    select
        r.used_in,
        r.source,
        r.event_id,
        r.occurred_at,
        r.account_id,
        a.account_id as known_account_id,
        r.staff_id,
        r.what,
        r.item,
        p.policy_id,
        p.noticed_at
    from flagged.policy_uses as r
    left join scrubbed.accounts as a on a.account_id = r.account_id
    join flagged.policy_periods as p
        on p.account_id is not distinct from a.account_id
        and p.binds_from <= r.occurred_at
        and (p.binds_to is null or r.occurred_at < p.binds_to)
    where
        r.account_id is not null
        and (
            r.what = 'purpose' and not list_contains(p.purposes, r.item)
            or r.what = 'class' and not coalesce(list_contains(p.exempt_classes, r.item), false)
        )
),
early as (
    -- No version noticed later than the one in force binds yet; the first of them that allows the use was relied on.
    select
        n.used_in,
        n.source,
        n.event_id,
        n.occurred_at,
        n.account_id,
        n.staff_id,
        n.what,
        n.item,
        n.policy_id,
        q.policy_id as newer_policy_id,
        q.noticed_at as newer_noticed_at,
        q.binds_from as newer_binds_from
    from not_allowed as n
    join flagged.policy_periods as q on q.account_id is not distinct from n.known_account_id
    where
        (q.noticed_at > n.noticed_at or q.noticed_at = n.noticed_at and q.policy_id > n.policy_id)
        and (
            n.what = 'purpose' and list_contains(q.purposes, n.item)
            or n.what = 'class' and list_contains(q.exempt_classes, n.item)
        )
    qualify row_number() over (partition by n.used_in, n.source, n.event_id, n.what order by q.noticed_at, q.policy_id) = 1
)
select
    left(sha256(concat_ws(chr(31), 'change_without_notice', used_in, source, event_id, what)), 32) as finding_id, -- the finding, by use and what was relied on
    occurred_at, -- instant of the use
    account_id, -- customer whose records were used
    staff_id, -- member of staff; null for disclosures
    case when occurred_at < newer_noticed_at then 'BEFORE_NOTICE' else 'BEFORE_EFFECT' end as code, -- before any notice, or before the version bound the account
    'high' as severity, -- always high
    case when occurred_at < newer_noticed_at then ['CR-11', 'CE-6'] else ['CE-6'] end as promise_ids, -- CR-11 only before any notice, CE-6 always
    concat(
        'Records of account ', account_id, ' were used at ', strftime(occurred_at, '%Y-%m-%d %H:%M:%S UTC'), ' under policy ', newer_policy_id,
        ', which binds that account only from ', strftime(newer_binds_from, '%Y-%m-%d %H:%M:%S UTC'), ' (', what, ' ', item, ').'
    ) as summary, -- one sentence
    used_in, -- access or disclosure
    source, -- system that wrote the event; disclosures for a disclosure
    event_id, -- event or disclosure
    what, -- purpose, or class (an exemption from needing a grant)
    item, -- the purpose or record class relied on
    policy_id, -- version in force
    newer_policy_id, -- version that allows it
    newer_noticed_at, -- first notice of that version
    newer_binds_from -- from when it binds the account
from early
