-- One row for each hole that a source of access events proves itself by what it attested so far; scrubbed.gaps holds them too. Stays in HOME.
create table ledger.source_gaps (
    source varchar not null,        -- the source
    gap_from timestamptz not null,  -- first instant missing
    gap_to timestamptz,             -- first instant present again; null = open
    rule varchar not null,          -- what proves it, a code (docs/access-sources.md)
    object varchar                  -- the file that is missing or was changed; null where no file is
);
