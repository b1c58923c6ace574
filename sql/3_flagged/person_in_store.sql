-- One row for each stored column in which a scan found what names a person, or that no contract declares.
-- Promises: CR-6, CE-4.
select
    left(sha256(concat_ws(chr(31), 'person_in_store', s.table_name, s.column_name, s.kind)), 32) as finding_id, -- the finding, by column and kind
    run.as_of as occurred_at, -- as-of of the scan
    cast(null as varchar) as account_id, -- no single customer
    cast(null as varchar) as staff_id, -- nobody is named
    case when s.kind = 'undeclared_column' then 'COLUMN_UNDECLARED' else 'PERSON_IN_STORE' end as code, -- outside the contracts, or a person
    'critical' as severity, -- always critical
    -- What names a person is outside every contract too; a column may be outside without naming one.
    case when s.kind = 'undeclared_column' then ['CE-4'] else ['CR-6', 'CE-4'] end as promise_ids, -- CR-6 where a person is named, CE-4 always
    concat('A scan found ', cast(s.hits as varchar), ' values of kind ', s.kind, ' in column ', s.column_name, ' of ', s.table_name, '.') as summary, -- one sentence
    s.table_name, -- stored table
    s.column_name, -- its column
    s.kind, -- email, ip, phone, token, … or undeclared_column
    s.values_scanned, -- distinct values looked at
    s.hits -- values of that kind
from ledger.scans as s
cross join scrubbed.run as run
-- What the backstop caught was never stored.
where s.kind not in ('cookie', 'backstop') and s.hits > 0
