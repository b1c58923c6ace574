-- One row for each folder: what was read of it. Whatever was read by the as-of may bear on the month, so all of it is shown.
select
    folder,
    cast(sum(inputs) as bigint) as inputs,
    cast(sum(refused_inputs) as bigint) as refused_inputs,
    cast(sum(lines) as bigint) as lines,
    cast(sum(parsed) as bigint) as parsed,
    cast(sum(quarantined) as bigint) as quarantined,
    cast(sum(blank_or_comment) as bigint) as blank_or_comment,
    cast(sum(duplicates) as bigint) as duplicates,
    bool_and(is_reconciled) as is_reconciled
from reported.population
group by folder
order by folder
