-- One row for each promise of the policies that settings choose (promises.toml of each set).
-- Kept: while settings say it. Swept: no. Scanned: no.
create table scrubbed.promises (
    policy varchar not null,        -- set of promises
    promise_id varchar not null,    -- CR-1, CE-2, …
    promised varchar not null,      -- what was promised, in one sentence
    controls varchar[] not null,    -- controls that decide it, from the headers of sql/3_flagged
    evidence varchar[] not null,    -- folders that must be delivered for a verdict
    not_applicable_reason varchar   -- why settings switch it off; null = it applies
);
