-- One row for each promise, UTC month and reason why the evidence delivered for it is not complete. Stays in HOME.
with needed as (
    select p.promise_id, p.month, p.period_start, p.period_end, n.folder
    from reported.promise_periods as p
    join (select promise_id, unnest(evidence) as folder from scrubbed.promises) as n on n.promise_id = p.promise_id
),
delivered as (
    select distinct folder from ledger.inputs where status = 'read'
    union
    select distinct 'records' as folder from ledger.metering
),
refused as (
    -- A file cannot tell of what came after it was read; what else a refused one held is unknown.
    select folder, count(*) as inputs, max(read_at) as read_at
    from ledger.inputs
    where status = 'refused'
    group by folder
),
quarantined as (
    -- Of logs, whose every line is counted, some are always garbage; a refused row of a ledger is a fact unknown.
    select folder, quarantined as lines, first_event_at, coalesce(last_event_at, read_at) as last_event_at
    from ledger.inputs
    where status = 'read' and quarantined > 0 and folder not in ('web_logs', 'request_logs')
),
hole as (
    select
        case when source in ('grants', 'web_logs', 'request_logs') then source else 'access_events' end as folder,
        source,
        gap_from,
        gap_to
    from scrubbed.gaps
),
unread as (
    select
        case when source in ('grants', 'web_logs', 'request_logs') then source else 'access_events' end as folder,
        source,
        watermark
    from scrubbed.sources
    where watermark is not null
),
gap as (
    select n.promise_id, n.month, concat('no input in ', n.folder, '/') as reason
    from needed as n
    left join delivered as d on d.folder = n.folder
    where d.folder is null
    union all
    select n.promise_id, n.month, concat(cast(r.inputs as varchar), ' refused in ', n.folder, '/') as reason
    from needed as n
    join refused as r on r.folder = n.folder and n.period_start <= r.read_at
    union all
    select n.promise_id, n.month, concat(cast(sum(q.lines) as varchar), ' rows refused in ', n.folder, '/') as reason
    from needed as n
    join quarantined as q
        on q.folder = n.folder
        and (q.first_event_at is null or q.first_event_at < n.period_end)
        and q.last_event_at >= n.period_start
    group by n.promise_id, n.month, n.folder
    union all
    select
        n.promise_id,
        n.month,
        concat('a gap in ', h.source, ' from ', strftime(h.gap_from, '%Y-%m-%d %H:%M'), coalesce(' to ' || strftime(h.gap_to, '%Y-%m-%d %H:%M'), '')) as reason
    from needed as n
    join hole as h on h.folder = n.folder and h.gap_from < n.period_end and (h.gap_to is null or h.gap_to > n.period_start)
    union all
    select n.promise_id, n.month, concat(u.source, ' is read only up to ', strftime(u.watermark, '%Y-%m-%d %H:%M')) as reason
    from needed as n
    join unread as u on u.folder = n.folder and u.watermark < n.period_end
    union all
    select n.promise_id, n.month, concat('no line of ', n.folder, '/ in this period') as reason
    from needed as n
    join delivered as d on d.folder = n.folder
    left join ledger.inputs as i
        on i.folder = n.folder and i.status = 'read' and i.first_event_at < n.period_end and i.last_event_at >= n.period_start
    where n.folder in ('web_logs', 'request_logs')
    group by n.promise_id, n.month, n.folder
    having count(i.input_id) = 0
)
select distinct
    promise_id, -- the promise
    month, -- first day of the UTC month
    reason -- what is missing, in a few words
from gap
