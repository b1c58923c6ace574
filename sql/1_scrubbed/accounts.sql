-- One row for each customer.
-- Kept: while LANDING holds it. Swept: no. Scanned: no.
create table scrubbed.accounts (
    account_id varchar not null,    -- the customer
    joined_at timestamptz,          -- first instant; null = older than any policy
    closed_at timestamptz,          -- first instant after; null = open
    plan varchar,                   -- plan of the licence
    seats bigint,                   -- seats of the licence
    time_zone varchar               -- IANA zone of the customer
);
