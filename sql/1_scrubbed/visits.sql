-- One row for each request line of a day that is not sealed: whose visit it was, and what visits are counted by; sealing the day removes it (CR-6).
-- Kept: until the seal of its day. Swept: with its input. Scanned: no.
create table scrubbed.visits (
    day date not null,              -- UTC day of the request; the partition
    site varchar not null,          -- site the log belongs to
    account_id varchar,             -- account the request belongs to; null where no rule finds one
    visitor_high bigint,            -- first half of the keyed token of (account, address, agent class) of that day; null for bots, hostile lines and without an address
    visitor_low bigint,             -- second half of the token
    method varchar not null,        -- IANA method, else _OTHER
    route_id bigint,                -- templated target (scrubbed.routes); null where the line has none
    status smallint,                -- HTTP status, 100 to 599; null where the log has none
    referrer varchar,               -- none, internal, search, social, mail, ads, app, ip, intranet, other, or a domain from the known list
    browser varchar not null,       -- browser family from the closed list, else Other
    os varchar not null,            -- operating system family from the closed list, else Other
    device_class varchar not null   -- desktop, mobile, tablet, bot or other
);
