-- One row for each request line, with no person in it (CR-6, CE-4): all that may be kept of a request log.
-- Kept: request_days after the seal of its day. Swept: with its input. Scanned: yes.
create table scrubbed.requests (
    day date not null,              -- UTC day of the request; the partition
    occurred_at timestamptz not null, -- instant of the request as the log gives it
    input_id varchar not null,      -- input the line stands in (ledger.inputs)
    line_number bigint not null,    -- line within that input, from 1
    folder varchar not null,        -- web_logs or request_logs
    site varchar not null,          -- site the log belongs to
    account_id varchar,             -- account the request belongs to; null where no rule finds one
    is_late boolean not null,       -- true where the day was sealed before the line was read
    is_bot boolean not null,        -- the agent calls itself a program
    is_hostile boolean not null,    -- the request itself is not HTTP (a bad request in a good line)
    method varchar not null,        -- IANA method, else _OTHER
    route_id bigint,                -- templated target (scrubbed.routes); null where the line has none
    protocol varchar not null,      -- 0.9, 1.0, 1.1, 2, 3 or other
    host varchar,                   -- one of the site's own hosts, else [other]; null where the format has none
    status smallint,                -- HTTP status, 100 to 599; null where the log has none
    bytes_sent bigint not null,     -- bytes of the response body, 0 where the log says -
    duration_ms double,             -- time to serve, milliseconds; null where the format has none
    referrer varchar,               -- none, internal, search, social, mail, ads, app, ip, intranet, other, or a domain from the known list
    browser varchar not null,       -- browser family from the closed list, else Other
    os varchar not null,            -- operating system family from the closed list, else Other
    device_class varchar not null,  -- desktop, mobile, tablet, bot or other
    ip_version smallint,            -- 4 or 6; null where there is no address
    client_class varchar not null,  -- public, private, loopback, reserved, name, none, invalid or pre_anonymised
    client_source varchar not null, -- peer, xff, forwarded or vendor: where the address was found
    other_query_names integer not null, -- how many query names were dropped
    card_numbers integer not null   -- strings in the line that are card numbers by prefix, length and Luhn check (CE-2)
);
