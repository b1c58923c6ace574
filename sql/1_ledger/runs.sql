-- One row for each run that added something.
-- Kept: ledger_years with its run. Swept: no. Scanned: no.
create table ledger.runs (
    run_id varchar not null,        -- hash of settings, code and inputs read
    as_of timestamptz not null,     -- as-of of the run
    settings_sha256 varchar not null, -- hash of the settings in force
    code_version varchar not null,  -- version of glasshouse
    inputs_read bigint not null,    -- new inputs
    rows_added bigint not null      -- rows they added
);
