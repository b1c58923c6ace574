-- One row for each stored text column: how many of its values name a person, a cookie or anything outside the contract (CR-5, CR-6, CE-4). Stays in HOME.
-- Kept: until the next run. Swept: no. Scanned: no.
create table ledger.scans (
    table_name varchar not null,    -- stored table; settings for what is declared there
    column_name varchar not null,   -- its column
    kind varchar not null,          -- cookie, person (none found), email, ip, phone, …, undeclared_column, or backstop (caught before it was stored)
    values_scanned bigint not null, -- distinct values looked at
    hits bigint not null            -- values of that kind: must be 0, but for the backstop of scrubbed.routes
);
