-- One row for each input of access events and each kind of entry in it that is no access; they are part of its blank_or_comment.
-- Kept: ledger_years with its input. Swept: with its run. Scanned: no.
create table ledger.non_accesses (
    input_id varchar not null,      -- input (ledger.inputs)
    name varchar not null,          -- what they are, from a closed list of each source (docs/access-sources.md)
    entries bigint not null         -- how many
);
