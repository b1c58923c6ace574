-- One row for each message in a snapshot of the message ledger.
-- Kept: while LANDING holds it. Swept: no. Scanned: no.
create table scrubbed.messages (
    snapshot_at timestamptz not null, -- when the ledger was copied
    message_id varchar not null,    -- the message
    account_id varchar not null,    -- customer it came from
    received_at timestamptz not null, -- when it came
    size_bytes bigint not null,     -- its size
    channel varchar                 -- email, chat, …
);
