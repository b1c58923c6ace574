-- One row for each day and record store of which the meter touched a byte of content or a column outside its allow-list.
-- Promises: CR-4.
with touched as (
    select day, store, record_class, attempt, unnest(columns) as column_name
    from ledger.metering
),
allowed as (
    select day, store, record_class, attempt, unnest(allowed_columns) as column_name
    from ledger.metering
),
outside as (
    select t.day, t.store, t.record_class, count(distinct t.column_name) as columns_outside
    from touched as t
    left join allowed as a on a.day = t.day and a.store = t.store and a.record_class = t.record_class and a.attempt = t.attempt and a.column_name = t.column_name
    where a.column_name is null
    group by t.day, t.store, t.record_class
),
metered as (
    select day, store, record_class, cast(sum(content_bytes) as bigint) as content_bytes
    from ledger.metering
    group by day, store, record_class
)
select
    left(sha256(concat_ws(chr(31), 'meter_reads_no_content', cast(m.day as varchar), m.store, m.record_class)), 32) as finding_id, -- the finding, by day and store
    cast(m.day as timestamptz) as occurred_at, -- begin of the UTC day of the measurement
    cast(null as varchar) as account_id, -- no single customer
    cast(null as varchar) as staff_id, -- nobody is named
    case when m.content_bytes > 0 then 'CONTENT_READ' else 'COLUMN_OUTSIDE' end as code, -- content was read, or a column that may not be touched
    'critical' as severity, -- always critical
    ['CR-4'] as promise_ids, -- CR-4
    concat(
        'The meter touched ', cast(m.content_bytes as varchar), ' bytes of content and ', cast(coalesce(o.columns_outside, 0) as varchar),
        ' columns outside its list in store ', m.store, ' on ', cast(m.day as varchar), '.'
    ) as summary, -- one sentence
    m.day, -- UTC day
    m.store, -- the store
    m.record_class, -- class of its records
    m.content_bytes, -- bytes read that were neither footer nor account column, over all measurements of the day
    coalesce(o.columns_outside, 0) as columns_outside -- columns touched that the meter may not touch
from metered as m
left join outside as o on o.day = m.day and o.store = m.store and o.record_class = m.record_class
where m.content_bytes > 0 or o.columns_outside > 0
