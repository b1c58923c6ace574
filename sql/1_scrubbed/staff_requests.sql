-- One row for each request by a member of staff to the service, kept so that the audit can find reads that no access event tells of.
-- Kept: request_days after the seal of its day. Swept: with its input. Scanned: yes.
create table scrubbed.staff_requests (
    day date not null,              -- UTC day of the request; the partition
    occurred_at timestamptz not null, -- instant of the request
    input_id varchar not null,      -- input the line stands in
    line_number bigint not null,    -- line within that input, from 1
    site varchar not null,          -- site the log belongs to
    staff_id varchar not null,      -- member of staff, resolved by id or login
    account_id varchar,             -- account the request belongs to
    method varchar not null,        -- IANA method, else _OTHER
    route_id bigint,                -- templated target (scrubbed.routes)
    is_customer_record boolean not null, -- the route is one of [access] customer_record_routes
    status smallint                 -- HTTP status
);
