-- One row for each consent of a customer to a disclosure.
-- Kept: while LANDING holds it. Swept: no. Scanned: no.
create table scrubbed.consents (
    consent_id varchar not null,    -- the consent
    account_id varchar not null,    -- customer
    recipient varchar not null,     -- company it allows
    data_classes varchar[],         -- null = all, empty = none
    purpose varchar,                -- null = any
    valid_from timestamptz not null, -- first instant
    valid_to timestamptz,           -- first instant after; null = open
    recorded_at timestamptz not null -- when it was entered
);
