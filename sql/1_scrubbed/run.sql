-- One row: what the run was given from outside.
-- Kept: until the next run. Swept: no. Scanned: no.
create table scrubbed.run (
    as_of timestamptz not null,     -- nothing recorded after this instant exists
    dark_access_within_s bigint not null, -- how near an access event must be to a staff request
    k_visitors bigint not null,     -- fewest visitors a published cell may stand on
    min_seats bigint not null       -- fewest visitors of an account whose behaviour is shown
);
