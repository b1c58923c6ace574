-- One row for each hole that a source of access events proves itself; scrubbed.gaps holds it too, unless it was filled since.
create table ledger.source_gaps (
    input_id varchar not null,      -- input that proves it (ledger.inputs)
    source varchar not null,        -- the source
    gap_from timestamptz not null,  -- first instant missing
    gap_to timestamptz,             -- first instant present again; null = open
    rule varchar not null           -- what proves it, a code
);
