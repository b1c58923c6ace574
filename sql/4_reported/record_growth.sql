-- One row for each account, record class and day on which the class was measured whole: what the account held, and how much that had grown.
select
    account_id, -- customer; null for records that name none
    record_class, -- class of the records
    day, -- UTC day of the measurement
    records, -- records then
    bytes, -- uncompressed size of their values
    largest_record_bytes, -- size of the largest; null where only content could tell
    lag(day) over measured as day_before, -- day of the measurement before; null for the first
    records - lag(records) over measured as records_grown, -- records more than then
    bytes - lag(bytes) over measured as bytes_grown -- bytes more than then
from measured.account_records_daily
where not is_partial
window measured as (partition by account_id, record_class order by day)
