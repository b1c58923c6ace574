-- One row for each decision of compliance on a finding; append-only.
-- Kept: while LANDING holds it. Swept: no. Scanned: no.
create table scrubbed.reviews (
    finding_id varchar not null,    -- the finding
    status varchar not null,        -- acknowledged, justified, false_positive, remediated or reopened
    reviewed_at timestamptz not null, -- when
    reviewed_by_staff_id varchar    -- who; null where not staff
);
