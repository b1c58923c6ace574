-- Whose records grow fastest, and when do they reach the limit?
select
    account_id, -- customer; null for records that name none
    record_class, -- class of the records
    records, -- records at the last measurement
    bytes, -- uncompressed size of their values
    records_per_day_30d, -- trend over the last 30 days
    records_per_day_error_30d, -- its standard error
    record_limit, -- most records of the class; null = no limit
    reached_on -- day the limit is reached by that trend; null = not in ten years
from reported.capacity
order by records_per_day_30d desc nulls last, account_id nulls last, record_class
limit 50
