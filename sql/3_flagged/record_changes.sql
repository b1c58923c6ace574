-- One row for each account and record class whose records vanished, fell to less than half or more than doubled from one measurement to the next.
-- Promises: none.
with measured_on as (
    select record_class, day, bool_or(is_partial) as is_partial, lag(day) over (partition by record_class order by day) as day_before
    from measured.account_records_daily
    group by record_class, day
),
complete as (
    -- Only measurements that saw the whole store can be compared.
    select n.record_class, n.day, n.day_before
    from measured_on as n
    join measured_on as p on p.record_class = n.record_class and p.day = n.day_before
    where not n.is_partial and not p.is_partial
),
compared as (
    select
        p.account_id,
        p.record_class,
        c.day_before,
        c.day,
        p.records as records_before,
        coalesce(n.records, 0) as records_after
    from complete as c
    join measured.account_records_daily as p on p.record_class = c.record_class and p.day = c.day_before
    left join measured.account_records_daily as n
        on n.record_class = c.record_class and n.day = c.day and n.account_id is not distinct from p.account_id
    cross join scrubbed.run as run
    where cast(c.day as timestamptz) <= run.as_of
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
        case
            when records_after = 0 then 'RECORDS_VANISHED'
            when records_after * 2 < records_before then 'RECORDS_FELL'
            else 'RECORDS_DOUBLED'
        end as code
    from compared
    where
        records_before >= 100 and (records_after * 2 < records_before or records_after > records_before * 2)
        or records_before > 0 and records_after = 0
)
select
    left(sha256(concat_ws(chr(31), 'record_changes', coalesce(account_id, ''), record_class, cast(day as varchar))), 32) as finding_id, -- the finding, by account, class and day
    cast(day as timestamptz) as occurred_at, -- begin of the UTC day of the later measurement
    account_id, -- customer; null for records that name none
    cast(null as varchar) as staff_id, -- nobody is named
    code, -- RECORDS_VANISHED, RECORDS_FELL or RECORDS_DOUBLED
    case when code = 'RECORDS_VANISHED' then 'medium' else 'low' end as severity, -- medium where none is left, else low
    cast([] as varchar[]) as promise_ids, -- none
    concat(
        'Account ', coalesce(account_id, '(unknown)'), ' held ', cast(records_before as varchar), ' ', record_class, ' records on ', cast(day_before as varchar),
        ' and ', cast(records_after as varchar), ' on ', cast(day as varchar), '.'
    ) as summary, -- one sentence
    record_class, -- class of the records
    day_before, -- earlier measurement
    day, -- later measurement
    records_before, -- records then
    records_after -- records now
from changed
