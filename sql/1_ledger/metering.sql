-- One row for each measurement of a record store: what the meter touched, counted at the file handle or by the database (CR-4).
-- Kept: ledger_years after day. Swept: no. Scanned: no.
create table ledger.metering (
    day date not null,              -- UTC day of the measurement
    store varchar not null,         -- the store: its key in settings, or its folder below records/
    record_class varchar not null,  -- class of its records
    attempt bigint not null,        -- which measurement of the day: one that lacks a part is tried again
    kind varchar not null,          -- parquet, objects or postgres
    files bigint not null,          -- files that were listed
    files_opened bigint not null,   -- files opened; those that did not change since they were measured are not
    footer_bytes bigint not null,   -- bytes read of footers
    account_column_bytes bigint not null, -- bytes read of the account column
    content_bytes bigint not null,  -- bytes read of anything else, of a database those it keeps apart for being large: must be 0
    columns varchar[] not null,     -- columns whose pages were touched; of a database, those that it lets the meter use
    allowed_columns varchar[] not null, -- columns the meter may touch
    is_partial boolean not null     -- part of the store could not be measured
);
