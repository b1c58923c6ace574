-- One row for each order of a customer to erase messages.
-- Kept: while LANDING holds it. Swept: no. Scanned: no.
create table scrubbed.erasures (
    order_id varchar not null,      -- the order
    account_id varchar not null,    -- customer
    recorded_at timestamptz not null, -- when it was entered
    message_id varchar              -- the message; null = all of that account
);
