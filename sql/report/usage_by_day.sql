-- One row for each account and day of the month: its requests.
select account_id, day, cast(sum(requests) as bigint) as requests
from measured.account_requests_daily
where day >= $month and day < $next and ($account is null or account_id = $account)
group by account_id, day
order by account_id nulls last, day
