-- One row for each folder of LANDING: what was read of it.
select
    folder,
    count(*) as inputs,
    cast(sum(lines) as bigint) as lines,
    cast(sum(parsed) as bigint) as parsed,
    cast(sum(quarantined) as bigint) as quarantined,
    cast(sum(blank_or_comment) as bigint) as blank_or_comment,
    cast(sum(duplicates) as bigint) as duplicates
from ledger.inputs
where status = 'read'
group by folder
order by folder
