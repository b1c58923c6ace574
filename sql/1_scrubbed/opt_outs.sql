-- One row for each refusal by a customer.
-- Kept: while LANDING holds it. Swept: no. Scanned: no.
create table scrubbed.opt_outs (
    account_id varchar not null,    -- customer who refuses
    record_class varchar,           -- class of records; null = all
    purpose varchar,                -- marketing, tracking, …; null = staff access
    site varchar,                   -- site it is bound to; null = all
    valid_from timestamptz not null, -- first instant
    valid_to timestamptz,           -- first instant after; null = open
    recorded_at timestamptz not null -- when it was entered; valid_from where not delivered
);
