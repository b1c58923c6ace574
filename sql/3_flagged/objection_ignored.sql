-- One row for each use of a customer's records that only a version of the policy allows which the customer had refused in time.
-- Promises: CE-7.
with refused as (
    -- An objection counts when it was said before the version bound the account.
    select o.account_id, a.account_id as known_account_id, a.closed_at, o.recorded_at, q.policy_id, q.noticed_at, q.purposes, q.exempt_classes
    from scrubbed.objections as o
    cross join scrubbed.run as run
    left join scrubbed.accounts as a on a.account_id = o.account_id
    join flagged.policy_periods as q on q.account_id is not distinct from a.account_id and q.policy_id = o.policy_id
    where o.recorded_at < q.binds_from and o.recorded_at <= run.as_of
),
judged as (
    -- What the customer accepted is the last older version that binds at that instant; without one, nothing.
    select
        r.used_in,
        r.source,
        r.event_id,
        r.occurred_at,
        r.account_id,
        r.staff_id,
        r.what,
        r.item,
        f.policy_id as refused_policy_id,
        f.noticed_at as refused_noticed_at,
        f.recorded_at as refused_at,
        f.closed_at,
        p.policy_id as accepted_policy_id,
        case
            when p.policy_id is null then false
            when r.what = 'purpose' then coalesce(list_contains(p.purposes, r.item), true)
            else coalesce(list_contains(p.exempt_classes, r.item), false)
        end as is_accepted
    from flagged.policy_uses as r
    join refused as f on f.account_id = r.account_id and f.recorded_at <= r.occurred_at
    left join flagged.policy_periods as p
        on p.account_id is not distinct from f.known_account_id
        and (p.noticed_at < f.noticed_at or p.noticed_at = f.noticed_at and p.policy_id < f.policy_id)
        and p.binds_from <= r.occurred_at
    where
        r.what = 'purpose' and list_contains(f.purposes, r.item)
        or r.what = 'class' and list_contains(f.exempt_classes, r.item)
    qualify row_number() over (
        partition by r.used_in, r.source, r.event_id, r.what, f.policy_id
        order by p.noticed_at desc nulls last, p.policy_id desc nulls last
    ) = 1
),
ignored as (
    select
        used_in,
        source,
        event_id,
        occurred_at,
        account_id,
        staff_id,
        what,
        item,
        refused_policy_id,
        refused_at,
        closed_at,
        accepted_policy_id
    from judged
    where not is_accepted
    qualify row_number() over (partition by used_in, source, event_id, what order by refused_noticed_at, refused_policy_id) = 1
)
select
    left(sha256(concat_ws(chr(31), 'objection_ignored', used_in, source, event_id, what)), 32) as finding_id, -- the finding, by use and what was relied on
    occurred_at, -- instant of the use
    account_id, -- customer whose records were used
    staff_id, -- member of staff; null for disclosures
    'OBJECTION_IGNORED' as code, -- the one verdict of this control
    'high' as severity, -- always high
    ['CE-7'] as promise_ids, -- CE-7
    concat(
        'Records of account ', account_id, ' were used at ', strftime(occurred_at, '%Y-%m-%d %H:%M:%S UTC'), ' under policy ', refused_policy_id,
        ', which it had refused at ', strftime(refused_at, '%Y-%m-%d %H:%M:%S UTC'), ' (', what, ' ', item, ').'
    ) as summary, -- one sentence
    used_in, -- access or disclosure
    source, -- system that wrote the event; disclosures for a disclosure
    event_id, -- event or disclosure
    what, -- purpose, or class (an exemption from needing a grant)
    item, -- the purpose or record class relied on
    refused_policy_id, -- version refused
    refused_at, -- when the refusal was entered
    accepted_policy_id, -- last older version that binds the account; null = none
    closed_at -- when the account was deactivated; null = it was not
from ignored
