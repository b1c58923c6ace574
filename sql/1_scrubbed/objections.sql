-- One row for each customer's refusal of a policy change.
-- Kept: while LANDING holds it. Swept: no. Scanned: no.
create table scrubbed.objections (
    account_id varchar not null,    -- customer
    policy_id varchar not null,     -- version refused
    recorded_at timestamptz not null -- when it was entered
);
