-- One row: every entry that was delivered, in its place.
select
    inputs,
    entries,
    blank_or_comment,
    not_accesses,
    refused,
    duplicates,
    purged,
    not_yet_known,
    permitted,
    info,
    undetermined,
    violation,
    inputs_off,
    sources_off,
    is_balanced
from reported.access_balance
