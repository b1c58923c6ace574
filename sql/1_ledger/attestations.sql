-- One row for each thing that a source of access events says of its own completeness, and for each file that it can vouch for. Stays in HOME.
-- Kept: ledger_years with its input. Swept: with its run. Scanned: no.
create table ledger.attestations (
    input_id varchar not null,      -- input that says it (ledger.inputs)
    source varchar not null,        -- the source
    says varchar not null,          -- gap, file, digest, previous, log, signature, key, run, off or on
    object varchar not null,        -- the file spoken of; the rule of a gap; a public key, DER in base64; the numbers of a run and its session; whose audit is off or on
    sha256 varchar,                 -- its hash, decompressed
    begins_at timestamptz,          -- first instant it covers
    ends_at timestamptz,            -- last instant it covers; of a gap and a digest the first one after
    signature varchar,              -- its signature, in hexadecimal
    digest varchar                  -- the digest that says it
);
