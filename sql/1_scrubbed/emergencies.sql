-- One row for each emergency (break-glass) that a member of staff opened.
-- Kept: while LANDING holds it. Swept: no. Scanned: no.
create table scrubbed.emergencies (
    emergency_id varchar not null,  -- the emergency
    staff_id varchar,               -- who opened it; null where not staff
    account_id varchar not null,    -- customer
    record_classes varchar[],       -- classes it is limited to; null = all, empty = none
    opened_at timestamptz not null, -- first instant
    recorded_at timestamptz not null, -- when it was entered; opened_at where not delivered
    ttl_s bigint not null,          -- seconds it lasts
    decide_within_s bigint not null, -- seconds the customer has to decide
    has_reason boolean not null,    -- a reason that is not blank was given
    decision varchar,               -- approve or reject
    is_decider_grantor boolean not null, -- decided by a grantor of that account at decided_at who is not staff
    decided_at timestamptz          -- when it was decided
);
