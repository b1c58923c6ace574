-- One row for each templated target: what a route_id stands for.
-- Kept: always. Swept: with its run of requests. Scanned: yes.
create table scrubbed.routes (
    route_id bigint not null,       -- number given when the target was first read
    site varchar not null,          -- site it was requested on
    route varchar not null          -- template; literals only if declared or asked for by enough visitors and accounts
);
