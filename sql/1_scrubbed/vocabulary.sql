-- One row for each route prefix whose last segment was asked for by enough visitors and accounts to be shown as it is; those that failed are not kept. Stays in HOME.
-- Kept: always. Swept: with its run of requests. Scanned: yes.
create table scrubbed.vocabulary (
    site varchar not null,          -- site it was requested on
    route varchar not null          -- the prefix, ending in the literal
);
