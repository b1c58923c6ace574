-- One row for each record class whose records settings limit.
-- Kept: while settings say it. Swept: no. Scanned: no.
create table scrubbed.limits (
    record_class varchar not null,  -- the class
    records bigint not null         -- most records of it that an account may hold
);
