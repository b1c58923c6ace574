-- One row for each rule of retention and table. What was deleted bears on whatever the report shows, of any month.
select
    rule,
    table_name,
    cast(sum(rows) as bigint) as rows,
    cast(sum(case when is_refused then rows else 0 end) as bigint) as refused,
    min(day) as first_day,
    max(day) as last_day,
    max(purged_at) as last_purged_at
from ledger.purges
where purged_at <= $as_of
group by rule, table_name
order by rule, table_name
