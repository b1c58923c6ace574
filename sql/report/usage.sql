-- One row for each account that asked for anything in the month.
select
    account_id,
    cast(sum(requests) as bigint) as requests,
    cast(sum(visitor_days) as bigint) as visitor_days,
    cast(sum(client_errors) as bigint) as client_errors,
    cast(sum(server_errors) as bigint) as server_errors,
    cast(sum(bytes_sent) as bigint) as bytes_sent
from measured.account_requests_daily
where day >= $month and day < $next and ($account is null or account_id = $account)
group by account_id
order by requests desc, account_id nulls last
