-- One row for each line that was refused; never its text (docs/privacy.md#what-is-kept-of-a-request).
-- Kept: quarantine_days with its input. Swept: with its run. Scanned: yes.
create table ledger.quarantine (
    input_id varchar not null,      -- input
    line_number bigint not null,    -- line, from 1
    byte_offset bigint,             -- of the decompressed bytes; null for rows of Parquet
    length bigint,                  -- bytes; null for rows of Parquet
    reason varchar not null,        -- from a closed list
    shape varchar not null          -- letters as A, digits as 9, runs collapsed
);
