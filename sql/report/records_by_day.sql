-- One row for each account, class of records and day of the month.
select
    account_id,
    record_class,
    day,
    records,
    bytes,
    records_grown,
    bytes_grown
from reported.record_growth
where day >= $month and day < $next and ($account is null or account_id = $account)
order by account_id nulls last, record_class, day
