-- One row for each accepted event of a person reaching customer records; duplicates and refused events have none.
-- Kept: ledger_years after its day. Swept: with its input. Scanned: no.
create table scrubbed.access_events (
    day date,                       -- UTC day of occurred_at (observed_at where unzoned, else 1970-01-01); the partition
    input_id varchar not null,      -- input the event stands in
    line_number bigint not null,    -- line or row within that input, from 1
    source varchar not null,        -- system that wrote the event
    event_id varchar not null,      -- unique within its source
    occurred_at timestamptz,        -- instant of the access; null where the stamp has no zone and its source declares none
    time_status varchar not null,   -- zoned, unzoned (no zone at all) or ambiguous (fold or gap of the declared zone)
    observed_at timestamptz,        -- instant at which the event was received
    started_at timestamptz,         -- begin of a session
    ended_at timestamptz,           -- end of a session
    actor_kind varchar not null,    -- staff, user (a customer's person) or unresolved
    staff_id varchar,               -- member of staff; null for users and unresolved actors
    user_account_ids varchar[],     -- accounts of a user; null otherwise
    account_id varchar,             -- customer whose records were reached; null where the event names none
    record_class varchar,           -- class of the records; null where the event names none
    record_id varchar,              -- the record; null with record_ids null means all records
    record_ids varchar[],           -- the records, in the given order
    action varchar,                 -- read, list, export, write, delete, impersonate, …
    has_content boolean not null,   -- false where only counts and sizes came back
    purpose varchar,                -- declared purpose, a code
    case_id varchar,                -- ticket
    row_count bigint,               -- rows that came back
    byte_count bigint,              -- bytes that came back
    outcome varchar not null,       -- ok or denied
    request_id varchar              -- id shared with the request log
);
