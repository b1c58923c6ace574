-- One row for each hole that a source of access events proves itself by what it attested so far; scrubbed.gaps holds them too. Stays in HOME.
-- Kept: until the next run. Swept: no. Scanned: no.
create table ledger.source_gaps (
    source varchar not null,        -- the source
    gap_from timestamptz not null,  -- first instant missing
    gap_to timestamptz,             -- first instant present again; null = open
    rule varchar not null,          -- what proves it, a code (docs/access-sources.md, docs/pgaudit.md)
    object varchar                  -- the file that is missing or was changed, the session and the numbers, or whose audit was off; null where it is none of these
);
