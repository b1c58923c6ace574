-- One row for each account, record class, store and day on which the store was measured: size and quantity, never content (CR-4).
-- Kept: published_months. Swept: no. Scanned: no.
create table scrubbed.records (
    day date not null,              -- UTC day of the measurement; the partition
    store varchar not null,         -- the store: its key in settings, or its folder below records/
    record_class varchar not null,  -- class of the records
    account_id varchar,             -- customer; null where a record names none
    records bigint not null,        -- how many
    bytes bigint not null,          -- uncompressed size of their values
    stored_bytes bigint not null,   -- size on disk
    largest_record_bytes bigint,    -- size of the largest; null where only content could tell
    method varchar not null,        -- exact, or apportioned by record counts where a row group holds several accounts
    is_partial boolean not null     -- part of the store could not be read
);
