-- Which accounts met the highest share of errors, and whose errors were they?
select
    account_id, -- account; null where no rule finds one
    month, -- first day of the UTC month
    requests, -- requests
    client_errors / nullif(requests, 0) as client_error_share, -- answered with status 400 to 499
    server_errors / nullif(requests, 0) as server_error_share -- answered with status 500 to 599
from (
    select account_id, month, sum(requests) as requests, sum(client_errors) as client_errors, sum(server_errors) as server_errors
    from reported.account_usage_monthly
    group by account_id, month
) as usage
where requests >= 100
order by server_error_share desc, client_error_share desc, account_id nulls last, month
