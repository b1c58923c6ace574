-- One row for each membership of a team.
-- Kept: while LANDING holds it. Swept: no. Scanned: no.
create table scrubbed.teams (
    staff_id varchar not null,      -- member
    team varchar not null,          -- team
    valid_from timestamptz not null, -- first instant of membership
    valid_to timestamptz,           -- first instant after; null = open
    recorded_at timestamptz not null -- when it was entered; valid_from where not delivered
);
