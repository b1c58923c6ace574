-- One row for each use of a customer's records and each thing that a policy must allow for it: its purpose, or an exemption from needing a grant. Stays in HOME.
with used as (
    select 'access' as used_in, source, event_id, occurred_at, account_id, staff_id, 'purpose' as what, purpose as item
    from flagged.access_decisions
    where purpose is not null and code in (select code from flagged.verdict_codes where is_use)
    union all
    -- Exempt by the version in force or, without permission, perhaps believed to be; no exemption helps former staff and strangers.
    select 'access' as used_in, source, event_id, occurred_at, account_id, staff_id, 'class' as what, record_class as item
    from flagged.access_decisions
    where record_class is not null and (code = 'EXEMPT_CLASS' or outcome = 'violation' and code not in ('FORMER_STAFF', 'FOREIGN_USER'))
    union all
    select
        'disclosure' as used_in,
        'disclosures' as source,
        item.disclosure_id as event_id,
        item.occurred_at,
        item.account_id,
        cast(null as varchar) as staff_id,
        'purpose' as what,
        item.purpose as item
    from scrubbed.disclosures as item
    cross join scrubbed.run as run
    where item.occurred_at <= run.as_of
)
select
    used_in, -- access or disclosure
    source, -- system that wrote the event; disclosures for a disclosure
    event_id, -- event or disclosure
    occurred_at, -- instant of the use
    account_id, -- customer whose records were used
    staff_id, -- member of staff; null for disclosures
    what, -- purpose, or class (an exemption)
    item -- the purpose or record class relied on
from used
