-- One row for each record store and class measured on a day: what it holds, and what was touched to know it.
with touched as (
    select
        store,
        cast(sum(files_opened) as bigint) as files_opened,
        cast(sum(footer_bytes + account_column_bytes) as bigint) as bytes_read,
        cast(sum(content_bytes) as bigint) as content_bytes
    from ledger.metering
    where day = $day
    group by store
)
select
    r.store,
    r.record_class,
    cast(sum(r.records) as bigint) as records,
    cast(sum(r.bytes) as bigint) as bytes,
    bool_or(r.is_partial) as is_partial,
    t.files_opened,
    t.bytes_read,
    t.content_bytes
from scrubbed.records as r
left join touched as t on t.store = r.store
where r.day = $day
group by r.store, r.record_class, t.files_opened, t.bytes_read, t.content_bytes
order by r.store
