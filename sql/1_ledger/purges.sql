-- One row for each table, day and input of which rows were removed because their time was over, and for lines that came after their day was gone. Stays in HOME.
-- Kept: ledger_years after purged_at, or with its input. Swept: no. Scanned: no.
create table ledger.purges (
    rule varchar not null,          -- key of [retention] by which they went
    table_name varchar not null,    -- table they stood in, or reports
    day date,                       -- UTC day of the rows; null where the table has no days
    input_id varchar,               -- input they came of; null where no one input does, and once a rebuild has read it again
    rows bigint not null,           -- rows that went (pages, for reports)
    is_refused boolean not null,    -- true where they came after their day had been purged, and were refused
    purged_at timestamptz not null  -- as-of of the purge, or of the run that refused them
);
