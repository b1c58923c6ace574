-- One row for each account and version of the policy: from when it binds the account, and from when a newer one does (CE-6). Stays in HOME.
with account as (
    select account_id, joined_at from scrubbed.accounts
    union all
    -- Accounts that the ledger does not know count as older than any policy.
    select cast(null as varchar) as account_id, cast(null as timestamptz) as joined_at
),
binding as (
    select
        a.account_id,
        p.policy_id,
        p.noticed_at,
        case when a.joined_at >= p.noticed_at then p.noticed_at else p.noticed_at + p.notice_days * interval 1 day end as binds_from,
        p.purposes,
        p.exempt_classes,
        p.max_grant_days
    from account as a
    cross join scrubbed.policies as p
    cross join scrubbed.run as run
    where p.noticed_at <= run.as_of
)
select
    account_id, -- account; null stands for every account that accounts/ does not name
    policy_id, -- version
    noticed_at, -- first notice of it
    binds_from, -- first instant at which it binds the account
    -- Of the versions that bind, the one noticed last decides alone: this one until any later one binds.
    min(binds_from) over (
        partition by account_id
        order by noticed_at desc, policy_id desc
        rows between unbounded preceding and 1 preceding
    ) as binds_to, -- first instant at which a later version decides; null = none does
    purposes, -- purposes it allows; null = not stated
    exempt_classes, -- record classes that need no grant; null = none
    max_grant_days -- longest grant it allows; null = no limit
from binding
