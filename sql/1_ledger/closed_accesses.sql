-- One row for each access event that a closed report knows, whenever its input is read again: any other of its time is late. Stays in HOME.
-- Kept: ledger_years after closed_as_of. Swept: no. Scanned: no.
create table ledger.closed_accesses (
    source varchar not null,            -- system that wrote the event
    event_id varchar not null,          -- unique within its source
    closed_as_of timestamptz not null   -- as-of of the first closed report that knows it
);
