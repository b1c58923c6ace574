-- One row for each input that was ever taken.
select
    input_id,
    folder,
    site,
    format,
    parser_version,
    bytes,
    lines,
    parsed,
    quarantined,
    blank_or_comment,
    duplicates,
    status
from ledger.inputs
order by folder, site nulls first, input_id
