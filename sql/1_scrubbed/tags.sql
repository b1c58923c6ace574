-- One row for each call of a marketing tag; of its URL only what kinds of personal data were found in it.
-- Kept: while LANDING holds it. Swept: no. Scanned: yes.
create table scrubbed.tags (
    event_id varchar not null,      -- the call
    site varchar not null,          -- site that made it
    recipient varchar not null,     -- company that got it
    occurred_at timestamptz not null, -- when
    account_id varchar,             -- customer whose visitor it was
    personal_kinds varchar[] not null, -- kinds of personal data in the URL (email, phone, ip, …), sorted; empty = none
    card_numbers integer not null   -- card numbers in the URL (CE-2)
);
