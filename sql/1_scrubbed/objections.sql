-- One row for each customer's refusal of a policy change.
create table scrubbed.objections (
    account_id varchar not null,    -- customer
    policy_id varchar not null,     -- version refused
    recorded_at timestamptz not null -- when it was entered
);
