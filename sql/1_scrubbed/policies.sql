-- One row for each version of the privacy policy.
-- Kept: while LANDING holds it. Swept: no. Scanned: no.
create table scrubbed.policies (
    policy_id varchar not null,     -- version
    noticed_at timestamptz not null, -- first notice: delivered, or the earlier of posted_at and emailed_at
    posted_at timestamptz,          -- when it was posted
    emailed_at timestamptz,         -- when it was mailed
    notice_days bigint not null,    -- days from notice until it binds accounts that are older than the notice
    exempt_classes varchar[],       -- record classes that need no grant; null = none
    purposes varchar[],             -- purposes allowed; null = not stated
    max_grant_days bigint           -- longest grant the policy allows; null = no limit
);
