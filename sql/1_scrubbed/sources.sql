-- One row for each source of events: how its stamps are to be trusted and how far it has been read.
-- Kept: while LANDING holds it. Swept: no. Scanned: no.
create table scrubbed.sources (
    source varchar not null,        -- the source; the grant ledger is named grants
    time_zone varchar,              -- IANA zone of stamps without one
    clock_skew_us bigint not null,  -- how far its clock may be off, microseconds
    whole_seconds boolean not null, -- its stamps stand for [t, t + 1 s)
    watermark timestamptz,          -- read up to here; null = up to the as-of
    allowed_lateness_s bigint not null -- how long events may still come
);
