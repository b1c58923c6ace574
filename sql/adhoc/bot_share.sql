-- How much of the traffic of each site are programs, and how much is hostile?
select
    site, -- site
    month, -- first day of the UTC month
    cast(sum(requests) as bigint) as requests, -- requests
    sum(bot_requests) / nullif(sum(requests), 0) as bot_share, -- by agents that call themselves programs
    sum(hostile_requests) / nullif(sum(requests), 0) as hostile_share -- that are not HTTP
from reported.account_usage_monthly
group by site, month
order by site, month
