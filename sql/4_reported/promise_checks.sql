-- One row for each promise and UTC month: how many items its controls looked at. Stays in HOME.
with access as (
    -- Accesses that are alike are counted at once: there are millions of them, and most promises look at each.
    select
        -- Without an instant's zone: DuckDB asks the calendar of a zone for every row.
        date_trunc('month', make_timestamp(epoch_us(least(coalesce(d.occurred_at, last.last_at), last.as_of - interval 1 microsecond)))) as month,
        d.account_id,
        d.staff_id is not null as is_by_staff,
        d.purpose is not null as has_purpose,
        d.code,
        coalesce(c.kind, 'business') as class_kind,
        verdict.is_use,
        count(*) as items
    from flagged.access_decisions as d
    join flagged.verdict_codes as verdict on verdict.code = d.code
    cross join reported.evidence_end as last
    left join scrubbed.record_classes as c on c.record_class = d.record_class
    where d.occurred_at is null or d.occurred_at <= last.as_of
    group by month, d.account_id, is_by_staff, has_purpose, d.code, class_kind, verdict.is_use
),
of_access as (
    select 'CR-1' as promise_id, month, items from access where is_use and is_by_staff and class_kind = 'company'
    union all
    select 'CR-2' as promise_id, month, items from access where code <> 'SELF_ACCESS' and class_kind = 'personal'
    union all
    select 'CR-3' as promise_id, month, items from access where code <> 'SELF_ACCESS' and class_kind = 'business'
    union all
    select 'CR-11' as promise_id, month, items from access where is_use
    union all
    select 'CE-1' as promise_id, month, items from access where is_use and has_purpose
    union all
    select 'CE-6' as promise_id, month, items from access where is_use
    union all
    select 'CE-7' as promise_id, a.month, a.items
    from access as a
    join (select distinct account_id from scrubbed.objections) as o on o.account_id = a.account_id
    where a.is_use
),
item as (
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
    select 'CR-11' as promise_id, occurred_at, 1 as items from scrubbed.disclosures
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
    select 'CE-6' as promise_id, occurred_at, 1 as items from scrubbed.disclosures
    union all
    select 'CE-7' as promise_id, d.occurred_at, 1 as items
    from scrubbed.disclosures as d
    join (select distinct account_id from scrubbed.objections) as o on o.account_id = d.account_id
),
dated as (
    -- What has no date counts where the evidence ends.
    select
        i.promise_id,
        date_trunc('month', make_timestamp(epoch_us(least(coalesce(i.occurred_at, last.last_at), last.as_of - interval 1 microsecond)))) as month,
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
    cast(month as date) as month, -- first day of the UTC month
    cast(sum(items) as bigint) as checked -- accesses, disclosures, messages, tag calls, lines, cells or columns, by promise
from (
    select promise_id, month, items from of_access
    union all
    select promise_id, month, items from dated
    union all
    select promise_id, month, items from scanned
) as counted
group by promise_id, month
