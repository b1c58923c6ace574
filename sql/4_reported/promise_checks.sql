-- One row for each promise and UTC month: how many items its controls looked at. Stays in HOME.
with access as (
    select
        d.occurred_at,
        d.account_id,
        d.staff_id,
        d.purpose,
        d.code,
        coalesce(c.kind, 'business') as class_kind,
        verdict.is_use
    from flagged.access_decisions as d
    join flagged.verdict_codes as verdict on verdict.code = d.code
    left join scrubbed.record_classes as c on c.record_class = d.record_class
),
used as (
    select occurred_at, account_id from access where is_use
    union all
    select occurred_at, account_id from scrubbed.disclosures
),
item as (
    select 'CR-1' as promise_id, occurred_at, 1 as items from access where is_use and staff_id is not null and class_kind = 'company'
    union all
    select 'CR-2' as promise_id, occurred_at, 1 as items from access where code <> 'SELF_ACCESS' and class_kind = 'personal'
    union all
    select 'CR-3' as promise_id, occurred_at, 1 as items from access where code <> 'SELF_ACCESS' and class_kind = 'business'
    union all
    -- A store that is tried again is not checked more often.
    select 'CR-4' as promise_id, cast(day as timestamptz) as occurred_at, 1 as items from (select distinct day, store from ledger.metering) as measured
    union all
    select 'CR-7' as promise_id, cast(day as timestamptz) as occurred_at, cells as items from ledger.releases
    union all
    select 'CR-8' as promise_id, snapshot_at as occurred_at, 1 as items from scrubbed.messages
    union all
    select 'CR-9' as promise_id, occurred_at, 1 as items from scrubbed.disclosures
    union all
    select 'CR-10' as promise_id, occurred_at, 1 as items from scrubbed.tags
    union all
    select 'CR-11' as promise_id, occurred_at, 1 as items from used
    union all
    select 'CE-1' as promise_id, occurred_at, 1 as items from access where is_use and purpose is not null
    union all
    select 'CE-2' as promise_id, cast(day as timestamptz) as occurred_at, requests as items from measured.account_requests_daily
    union all
    select 'CE-2' as promise_id, occurred_at, 1 as items from scrubbed.tags
    union all
    select 'CE-2' as promise_id, occurred_at, 1 as items from scrubbed.disclosures where kind = 'processor'
    union all
    select 'CE-3' as promise_id, occurred_at, 1 as items from scrubbed.disclosures where kind = 'provider'
    union all
    select 'CE-5' as promise_id, occurred_at, 1 as items from scrubbed.tags
    union all
    select 'CE-5' as promise_id, sent_at as occurred_at, 1 as items from scrubbed.mailings where purpose = 'marketing'
    union all
    select 'CE-6' as promise_id, occurred_at, 1 as items from used
    union all
    select 'CE-7' as promise_id, u.occurred_at, 1 as items
    from used as u
    join (select distinct account_id from scrubbed.objections) as o on o.account_id = u.account_id
),
dated as (
    -- What has no date counts where the evidence ends.
    select
        i.promise_id,
        cast(date_trunc('month', least(coalesce(i.occurred_at, last.last_at), last.as_of - interval 1 microsecond)) as date) as month,
        i.items
    from item as i
    cross join reported.evidence_end as last
    where i.occurred_at is null or i.occurred_at <= last.as_of
),
scanned as (
    -- A scan looks at everything that is stored, of whatever month.
    select p.promise_id, p.month, count(*) as items
    from reported.promise_periods as p
    join ledger.scans as s
        on p.promise_id = 'CR-5' and s.kind = 'cookie'
        or p.promise_id in ('CR-6', 'CE-4') and s.kind not in ('cookie', 'backstop')
    group by p.promise_id, p.month
)
select
    promise_id, -- the promise
    month, -- first day of the UTC month
    cast(sum(items) as bigint) as checked -- accesses, disclosures, messages, tag calls, lines, cells or columns, by promise
from (
    select promise_id, month, items from dated
    union all
    select promise_id, month, items from scanned
) as counted
group by promise_id, month
