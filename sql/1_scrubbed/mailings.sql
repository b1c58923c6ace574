-- One row for each message sent to a customer.
-- Kept: while LANDING holds it. Swept: no. Scanned: no.
create table scrubbed.mailings (
    mailing_id varchar not null,    -- the mailing
    account_id varchar not null,    -- customer
    sent_at timestamptz not null,   -- when
    purpose varchar not null        -- marketing, billing, …
);
