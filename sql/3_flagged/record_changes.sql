-- One row for each account and record class whose records vanished, fell to less than half or more than doubled, or whose size did, from one measurement to the next.
-- Promises: none.
with stores_on as (
    -- A store that lacked a part at first may have been measured whole later that day.
    select record_class, day, store, bool_or(not is_partial) as is_whole
    from ledger.metering
    group by record_class, day, store
),
whole_on as (
    select record_class, day, string_agg(store, ',' order by store) as stores
    from stores_on
    group by record_class, day
    having bool_and(is_whole)
),
in_turn as (
    select
        record_class,
        day,
        stores,
        lag(day) over (partition by record_class order by day) as day_before,
        lag(stores) over (partition by record_class order by day) as stores_before
    from whole_on
),
complete as (
    -- Only measurements that saw the same stores whole can be compared.
    select t.record_class, t.day, t.day_before
    from in_turn as t
    cross join scrubbed.run as run
    where t.stores = t.stores_before and cast(t.day as timestamptz) <= run.as_of
),
compared as (
    select
        p.account_id,
        p.record_class,
        c.day_before,
        c.day,
        p.records as records_before,
        coalesce(n.records, 0) as records_after,
        p.bytes as bytes_before,
        coalesce(n.bytes, 0) as bytes_after,
        p.method = 'exact' and n.method = 'exact' as is_size_exact
    from complete as c
    join measured.account_records_daily as p on p.record_class = c.record_class and p.day = c.day_before
    left join measured.account_records_daily as n
        on n.record_class = c.record_class and n.day = c.day and n.account_id is not distinct from p.account_id
),
changed as (
    -- Fewer than 100 records change by half on an ordinary day.
    select
        account_id,
        record_class,
        day_before,
        day,
        records_before,
        records_after,
        bytes_before,
        bytes_after,
        case
            when records_after = 0 then 'RECORDS_VANISHED'
            when records_after * 2 < records_before then 'RECORDS_FELL'
            when records_after > records_before * 2 then 'RECORDS_DOUBLED'
            when bytes_after * 2 < bytes_before then 'SIZE_FELL'
            else 'SIZE_DOUBLED'
        end as code
    from compared
    where
        records_before >= 100 and (records_after * 2 < records_before or records_after > records_before * 2)
        or records_before >= 100 and is_size_exact and (bytes_after * 2 < bytes_before or bytes_after > bytes_before * 2)
        or records_before > 0 and records_after = 0
)
select
    left(sha256(concat_ws(chr(31), 'record_changes', coalesce(account_id, ''), record_class, cast(day as varchar))), 32) as finding_id, -- the finding, by account, class and day
    cast(day as timestamptz) as occurred_at, -- begin of the UTC day of the later measurement
    account_id, -- customer; null for records that name none
    cast(null as varchar) as staff_id, -- nobody is named
    code, -- RECORDS_VANISHED, RECORDS_FELL, RECORDS_DOUBLED, SIZE_FELL or SIZE_DOUBLED
    case when code = 'RECORDS_VANISHED' then 'medium' else 'low' end as severity, -- medium where none is left, else low
    cast([] as varchar[]) as promise_ids, -- none
    concat(
        'Account ', coalesce(account_id, '(unknown)'), ' held ', cast(records_before as varchar), ' ', record_class, ' records',
        case when code like 'SIZE%' then concat(' of ', cast(bytes_before as varchar), ' bytes') else '' end, ' on ', cast(day_before as varchar),
        ' and ', cast(records_after as varchar), case when code like 'SIZE%' then concat(' of ', cast(bytes_after as varchar), ' bytes') else '' end,
        ' on ', cast(day as varchar), '.'
    ) as summary, -- one sentence
    record_class, -- class of the records
    day_before, -- earlier measurement
    day, -- later measurement
    records_before, -- records then
    records_after, -- records now
    bytes_before, -- uncompressed size of their values then
    bytes_after -- the same now
from changed
