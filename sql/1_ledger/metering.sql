-- One row for each record store and day it was measured: which bytes the meter touched, counted at the file handle (CR-4).
create table ledger.metering (
    day date not null,              -- UTC day of the measurement
    store varchar not null,         -- the store
    record_class varchar not null,  -- class of its records
    files bigint not null,          -- files opened
    footer_bytes bigint not null,   -- bytes read of footers
    account_column_bytes bigint not null, -- bytes read of the account column
    content_bytes bigint not null,  -- bytes read of anything else: must be 0
    columns varchar[] not null,     -- columns whose pages were touched
    allowed_columns varchar[] not null -- columns the meter may touch
);
