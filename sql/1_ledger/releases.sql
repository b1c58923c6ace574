-- One row for each suppressed table, day and account that was published: what it hides and the weakest cell it shows (CR-7).
-- Kept: ledger_years after day. Swept: no. Scanned: no.
create table ledger.releases (
    table_name varchar not null,    -- published table
    day date not null,              -- UTC day
    account_id varchar,             -- account; null for a site's tables
    cells bigint not null,          -- cells in it
    suppressed bigint not null,     -- cells hidden
    fewest_visitors bigint,         -- visitors of the weakest cell that is shown; null where none is
    recoverable bigint not null,    -- hidden cells that sums and differences give away: must be 0
    cells_sha256 varchar not null   -- hash of the published cells
);
