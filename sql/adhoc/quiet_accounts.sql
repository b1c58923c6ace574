-- Which accounts have gone quiet: nothing asked for in the last 14 measured days?
with latest as (
    select max(day) as last_day from measured.account_requests_daily
)
select
    d.account_id, -- account
    max(d.day) as last_active_day, -- last UTC day with a request
    cast(sum(d.requests) as bigint) as requests -- requests up to then
from measured.account_requests_daily as d
cross join latest as l
where d.account_id is not null
group by d.account_id, l.last_day
having date_diff('day', max(d.day), l.last_day) >= 14
order by last_active_day, d.account_id
