-- One row for each finding that any run has seen: when it was seen first, and when it appeared anew. Stays in HOME.
-- Kept: ledger_years with its finding. Swept: no. Scanned: no.
create table ledger.first_seen (
    finding_id varchar not null,    -- the finding
    first_seen_at timestamptz not null, -- as-of of the first run that saw it
    code varchar not null,          -- verdict when it was seen last
    seen_at timestamptz not null,   -- as-of of the last run that saw it
    is_gone boolean not null,       -- the last run did not see it
    changed_at timestamptz          -- as-of of the last run that saw it with another verdict than the run before, or again after it had been gone; null = none
);
