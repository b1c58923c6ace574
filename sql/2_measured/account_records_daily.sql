-- One row for each account, record class and day: how many records it holds and how large they are, never what they say (CR-4).
select
    account_id, -- account; null where a record names none
    record_class, -- class of the records
    day, -- UTC day of the measurement
    cast(sum(records) as bigint) as records, -- how many, over all stores
    cast(sum(bytes) as bigint) as bytes, -- uncompressed size of their values
    cast(sum(stored_bytes) as bigint) as stored_bytes, -- size on disk
    case when count(largest_record_bytes) = count(*) then max(largest_record_bytes) end as largest_record_bytes, -- size of the largest; null where only content could tell
    case when bool_or(method = 'apportioned') then 'apportioned' else 'exact' end as method, -- exact, or apportioned where a block of a store holds several accounts
    -- What is missing may be anybody's.
    bool_or(bool_or(is_partial)) over (partition by record_class, day) as is_partial -- part of a store of the class could not be read
from scrubbed.records
where day = $day
group by account_id, record_class, day
