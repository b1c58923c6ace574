-- How did each account's use change from one month to the next?
with usage as (
    select account_id, month, sum(requests) as requests
    from reported.account_usage_monthly
    group by account_id, month
),
compared as (
    select account_id, month, requests, lag(requests) over (partition by account_id order by month) as requests_before
    from usage
)
select
    account_id, -- account; null where no rule finds one
    month, -- first day of the UTC month
    cast(requests as bigint) as requests, -- requests
    cast(requests_before as bigint) as requests_before, -- requests in the month before with any
    requests / nullif(requests_before, 0) - 1 as growth -- 0.5 = half as much again
from compared
order by account_id nulls last, month
