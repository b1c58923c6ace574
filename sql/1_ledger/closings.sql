-- One row for each month whose report was closed: an access of it, or of an earlier one, that is delivered afterwards is late. Stays in HOME.
-- Kept: always. Swept: no. Scanned: no.
create table ledger.closings (
    period varchar not null,            -- UTC month, YYYY-MM
    period_end timestamptz not null,    -- first instant after it
    closed_as_of timestamptz not null   -- as-of of the run whose tables the closed report shows
);
