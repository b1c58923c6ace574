-- One row for each finding that any run has seen: when it was seen first. Stays in HOME.
create table ledger.first_seen (
    finding_id varchar not null,    -- the finding
    first_seen_at timestamptz not null -- as-of of the first run that saw it
);
