-- One row for each period of employment of a member of staff, or of life of a service account.
-- Kept: while LANDING holds it. Swept: no. Scanned: no.
create table scrubbed.staff (
    staff_id varchar not null,      -- the person or service account
    kind varchar not null,          -- person or service
    owner_staff_id varchar,         -- who answers for a service account
    valid_from timestamptz,         -- first instant; null = always
    valid_to timestamptz            -- first instant after; null = open
);
