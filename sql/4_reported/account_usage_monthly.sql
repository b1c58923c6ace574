-- One row for each account, site and UTC month: totals of the daily tables.
select
    account_id, -- account; null where no rule finds one
    site, -- site
    cast(date_trunc('month', cast(day as timestamptz)) as date) as month, -- first day of the UTC month
    count(*) as active_days, -- days with a request
    cast(sum(requests) as bigint) as requests, -- requests, bots and hostile lines included
    cast(sum(client_errors) as bigint) as client_errors, -- answered with status 400 to 499
    cast(sum(server_errors) as bigint) as server_errors, -- answered with status 500 to 599
    cast(sum(bytes_sent) as bigint) as bytes_sent, -- bytes of response bodies
    cast(sum(bot_requests) as bigint) as bot_requests, -- by agents that call themselves programs
    cast(sum(hostile_requests) as bigint) as hostile_requests, -- that are not HTTP
    cast(sum(visitor_days) as bigint) as visitor_days, -- visitors added up by day: who came on two days counts twice
    cast(sum(late_unlinked) as bigint) as late_unlinked -- lines that came after their day was sealed
from measured.account_requests_daily
group by account_id, site, cast(date_trunc('month', cast(day as timestamptz)) as date)
