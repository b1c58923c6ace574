-- One row for each account and class of records: how they grow, and when their limit is reached.
select
    account_id,
    record_class,
    last_day,
    records,
    bytes,
    largest_record_bytes,
    records_per_day_7d,
    records_per_day_30d,
    records_per_day_error_30d,
    records_per_day_90d,
    record_limit,
    reached_on,
    reached_earliest,
    reached_latest
from reported.capacity
where $account is null or account_id = $account
order by account_id nulls last, record_class
