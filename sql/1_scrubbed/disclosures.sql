-- One row for each time records were passed to somebody else.
-- Kept: while LANDING holds it. Swept: no. Scanned: no.
create table scrubbed.disclosures (
    disclosure_id varchar not null, -- the disclosure
    account_id varchar not null,    -- customer whose records they were
    recipient varchar not null,     -- company that got them
    data_class varchar not null,    -- record class
    purpose varchar not null,       -- purpose
    kind varchar,                   -- sale, provider, licence, processor or other
    occurred_at timestamptz not null -- when
);
