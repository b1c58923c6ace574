-- One row for each UTC month and folder: what was read in that month, and that every line of it is accounted for. Stays in HOME.
select
    cast(date_trunc('month', read_at) as date) as month, -- first day of the UTC month in which it was read
    folder, -- folder of the landing zone
    count(*) as inputs, -- inputs, refused ones included
    count(case when status = 'refused' then 1 end) as refused_inputs, -- inputs refused whole
    cast(sum(lines) as bigint) as lines, -- lines, or rows
    cast(sum(parsed) as bigint) as parsed, -- rows that came of them
    cast(sum(quarantined) as bigint) as quarantined, -- lines refused
    cast(sum(blank_or_comment) as bigint) as blank_or_comment, -- lines that hold no row: blank, a comment or an entry that is no access
    cast(sum(duplicates) as bigint) as duplicates, -- rows that were there before; part of parsed
    bool_and(status <> 'read' or lines = parsed + quarantined + blank_or_comment) as is_reconciled -- every line of every accepted input is accounted for
from ledger.inputs
group by cast(date_trunc('month', read_at) as date), folder
