-- One row for each verified hole in a source.
-- Kept: while LANDING holds it. Swept: no. Scanned: no.
create table scrubbed.gaps (
    source varchar not null,        -- the source
    gap_from timestamptz not null,  -- first instant missing
    gap_to timestamptz              -- first instant present again; null = open
);
