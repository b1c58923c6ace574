-- One row for each published table, day and account that shows a cell on too few visitors, or gives a hidden one away.
-- Promises: CR-7.
select
    left(sha256(concat_ws(chr(31), 'cell_too_small', r.table_name, cast(r.day as varchar), coalesce(r.account_id, ''))), 32) as finding_id, -- the finding, by table, day, account
    cast(r.day as timestamptz) as occurred_at, -- begin of the UTC day published
    r.account_id, -- account; null for a site's tables
    cast(null as varchar) as staff_id, -- nobody is named
    case when r.fewest_visitors < run.k_visitors then 'CELL_SMALL' else 'CELL_RECOVERABLE' end as code, -- too few visitors, or recoverable by subtraction
    'high' as severity, -- always high
    ['CR-7'] as promise_ids, -- CR-7
    concat(
        'The published ', r.table_name, ' of ', cast(r.day as varchar), coalesce(' for account ' || r.account_id, ''),
        case
            when r.fewest_visitors < run.k_visitors then ' shows a cell of fewer than ' || cast(run.k_visitors as varchar) || ' visitors.'
            else ' gives hidden cells away.'
        end
    ) as summary, -- one sentence
    r.table_name, -- published table
    r.day, -- UTC day
    r.fewest_visitors, -- visitors of the weakest cell shown
    r.recoverable -- hidden cells that can be told from the others
from ledger.releases as r
cross join scrubbed.run as run
where r.fewest_visitors < run.k_visitors or r.recoverable > 0
