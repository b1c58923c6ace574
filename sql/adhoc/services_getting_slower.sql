-- For which accounts and sites did the service get slower over the last week, against the week before?
with latest as (
    select max(day) as last_day from measured.account_requests_daily
),
weeks as (
    select
        d.account_id,
        d.site,
        median(case when date_diff('day', d.day, l.last_day) < 7 then d.duration_p95_ms end) as p95_ms,
        median(case when date_diff('day', d.day, l.last_day) >= 7 then d.duration_p95_ms end) as p95_before_ms
    from measured.account_requests_daily as d
    cross join latest as l
    where date_diff('day', d.day, l.last_day) < 14
    group by d.account_id, d.site
)
select
    account_id, -- account; null where no rule finds one
    site, -- site
    p95_before_ms, -- middle of the daily 95th percentiles of the week before, milliseconds
    p95_ms, -- the same of the last week
    p95_ms / nullif(p95_before_ms, 0) as times_slower -- 2 = twice as slow
from weeks
where p95_ms > p95_before_ms
order by times_slower desc, account_id nulls last, site
