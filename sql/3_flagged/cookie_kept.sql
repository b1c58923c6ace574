-- One row for each stored column in which a scan found a cookie's name or value.
-- Promises: CR-5.
select
    left(sha256(concat_ws(chr(31), 'cookie_kept', s.table_name, s.column_name, s.kind)), 32) as finding_id, -- the finding, by column
    run.as_of as occurred_at, -- as-of of the scan
    cast(null as varchar) as account_id, -- no single customer
    cast(null as varchar) as staff_id, -- nobody is named
    'COOKIE_KEPT' as code, -- the one verdict of this control
    'critical' as severity, -- always critical
    ['CR-5'] as promise_ids, -- CR-5
    concat('A scan found ', cast(s.hits as varchar), ' cookies in column ', s.column_name, ' of ', s.table_name, '.') as summary, -- one sentence
    s.table_name, -- stored table
    s.column_name, -- its column
    s.values_scanned, -- distinct values looked at
    s.hits -- values that are cookies
from ledger.scans as s
cross join scrubbed.run as run
where s.kind = 'cookie' and s.hits > 0
