-- One row for each grant of the permission ledger; the customer's person who granted it is reduced to what the rules ask of her.
-- Kept: while LANDING holds it. Swept: no. Scanned: no.
create table scrubbed.grants (
    grant_id varchar not null,      -- the grant
    account_id varchar not null,    -- customer who granted it
    granted_by_staff_id varchar,    -- member of staff who granted it, where it was one
    is_grantor boolean not null,    -- granted by a grantor of that account at recorded_at
    grantee_kind varchar not null,  -- person, team or anystaff
    grantee_id varchar,             -- staff id or team; null for anystaff, and for a person who is not staff
    record_classes varchar[],       -- null = all, empty = none
    record_ids varchar[],           -- null = all, empty = none
    actions varchar[],              -- null = all, empty = none
    case_id varchar,                -- ticket it is bound to; null = any
    valid_from timestamptz not null, -- first instant covered
    valid_to timestamptz,           -- first instant no longer covered; null = open
    recorded_at timestamptz not null, -- when the permission was committed where it was given
    revoked_at timestamptz,         -- first instant after revocation
    revocation_recorded_at timestamptz -- when the revocation was committed; revoked_at where not delivered
);
