-- One row for each file of a record store and each account in it, as it was when it was measured: a file that did not change is not opened again.
-- Kept: until its store is measured again. Swept: no. Scanned: no.
create table scrubbed.record_files (
    file_id varchar not null,       -- hash of the file's place, size and times, never its name
    account_id varchar,             -- customer; null where a record names none, or the file holds none
    records bigint not null,        -- how many; 0 for a file that holds none
    bytes bigint not null,          -- uncompressed size of their values
    stored_bytes bigint not null,   -- size on disk
    largest_record_bytes bigint,    -- size of the largest; null where only content could tell
    is_exact boolean not null       -- no size was shared by record counts
);
