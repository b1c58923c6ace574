-- One row for each review that any run has read: it stays, whatever becomes of its row in reviews/. Stays in HOME.
-- Kept: ledger_years after reviewed_at. Swept: no. Scanned: no.
create table ledger.reviews (
    finding_id varchar not null,    -- the finding; {redacted} where the text is no finding's id
    status varchar not null,        -- acknowledged, justified, false_positive, remediated or reopened
    reviewed_at timestamptz not null, -- when
    reviewed_by_staff_id varchar,   -- who; null where not staff
    taken_at timestamptz not null   -- as-of of the run that read it first
);
