-- One row for each folder of dated evidence that was delivered: from when to when it tells, by what is in it. Stays in HOME.
with dated as (
    select folder, first_event_at as first_at, coalesce(last_event_at, first_event_at) as last_at
    from ledger.inputs
    where status = 'read' and folder in ('web_logs', 'request_logs')
    union all
    select 'access_events' as folder, coalesce(occurred_at, observed_at) as first_at, coalesce(occurred_at, observed_at) as last_at
    from scrubbed.access_events
    union all
    select 'disclosures' as folder, occurred_at as first_at, occurred_at as last_at from scrubbed.disclosures
    union all
    select 'tags' as folder, occurred_at as first_at, occurred_at as last_at from scrubbed.tags
    union all
    select 'mailings' as folder, sent_at as first_at, sent_at as last_at from scrubbed.mailings
    union all
    select 'messages' as folder, snapshot_at as first_at, snapshot_at as last_at from scrubbed.messages
    union all
    select 'records' as folder, cast(day as timestamptz) as first_at, cast(day as timestamptz) as last_at from ledger.metering
)
select
    dated.folder, -- folder of the landing zone; records for measured stores
    min(dated.first_at) as first_at, -- first instant in it
    least(max(dated.last_at), run.as_of - interval 1 microsecond) as last_at -- last instant in it before the as-of
from dated
cross join scrubbed.run as run
where dated.first_at is not null
group by dated.folder, run.as_of
