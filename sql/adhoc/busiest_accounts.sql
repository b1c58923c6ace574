-- Which accounts asked for most in the last 30 measured days?
with latest as (
    select max(day) as last_day from measured.account_requests_daily
)
select
    d.account_id, -- account; null where no rule finds one
    cast(sum(d.requests) as bigint) as requests, -- requests in the window
    cast(sum(d.bytes_sent) as bigint) as bytes_sent, -- bytes sent to it
    count(distinct d.day) as active_days -- days with a request
from measured.account_requests_daily as d
cross join latest as l
where date_diff('day', d.day, l.last_day) < 30
group by d.account_id
order by requests desc, d.account_id nulls last
limit 20
