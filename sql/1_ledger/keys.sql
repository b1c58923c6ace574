-- One row for each day key of the visitor tokens: made when, to be destroyed when, destroyed when.
-- Kept: ledger_years after destroyed_at. Swept: no. Scanned: no.
create table ledger.keys (
    key_id varchar not null,        -- 16 hex digits, random
    purpose varchar not null,       -- visitor
    day date not null,              -- UTC day it serves
    created_at timestamptz not null, -- when it was made
    destroy_after timestamptz not null, -- when it must be gone
    destroyed_at timestamptz,       -- when it was destroyed; null = alive
    destroyed_by_run varchar,       -- run that destroyed it (hash of settings, code and as-of); null = alive
    rows_tokenised bigint not null, -- rows that hold a token made with it
    kcv varchar not null,           -- key check value, 8 hex digits
    checked_at timestamptz not null -- as-of of the last run that looked for keys to destroy
);
