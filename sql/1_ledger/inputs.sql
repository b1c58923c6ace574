-- One row for each input that was read: what came in and that every line of it is accounted for.
-- Kept: ledger_years with its run. Swept: no. Scanned: no.
create table ledger.inputs (
    input_id varchar not null,      -- 32 hex digits of SHA-256 over folder, site and the decompressed bytes
    folder varchar not null,        -- folder of the landing zone
    site varchar,                   -- site, for logs; source, for access events
    format varchar,                 -- format it was read as; null where none was found
    parser_version varchar not null, -- version of the reader
    bytes bigint not null,          -- decompressed bytes
    lines bigint not null,          -- lines (rows, for Parquet)
    parsed bigint not null,         -- rows that came of them
    quarantined bigint not null,    -- lines refused
    blank_or_comment bigint not null, -- lines that hold no row: blank, a comment, what is no request, or what is no access (ledger.non_accesses says how many)
    duplicates bigint not null,     -- rows that were there before (access events and ledgers); part of parsed
    first_event_at timestamptz,     -- first instant in it
    last_event_at timestamptz,      -- last instant in it
    read_at timestamptz not null,   -- as-of of the run that read it
    status varchar not null,        -- read or refused
    reason varchar                  -- why it was refused, a code
);
