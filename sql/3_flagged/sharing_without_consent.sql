-- One row for each disclosure to somebody else that was a sale, or had no consent recorded before it and was not demanded by the licence agreement.
-- Promises: CR-9.
with disclosure as (
    select d.disclosure_id, d.account_id, d.recipient, d.data_class, d.purpose, d.kind, d.occurred_at
    from scrubbed.disclosures as d
    cross join scrubbed.run as run
    where d.occurred_at <= run.as_of and coalesce(d.kind, 'other') <> 'licence'
),
consented as (
    select distinct d.disclosure_id
    from disclosure as d
    join scrubbed.consents as c on c.account_id = d.account_id and c.recipient = d.recipient
    where
        c.valid_from <= d.occurred_at
        and (c.valid_to is null or d.occurred_at < c.valid_to)
        and c.recorded_at < d.occurred_at
        -- null allows every class or purpose; the empty list allows none.
        and (c.data_classes is null or list_contains(c.data_classes, d.data_class))
        and (c.purpose is null or c.purpose = d.purpose)
)
select
    left(sha256(concat_ws(chr(31), 'sharing_without_consent', d.disclosure_id)), 32) as finding_id, -- the finding, by disclosure
    d.occurred_at, -- when the records were passed on
    d.account_id, -- customer whose records they were
    cast(null as varchar) as staff_id, -- nobody is named
    case when d.kind = 'sale' then 'SOLD' else 'NO_CONSENT' end as code, -- sold, or shared without consent
    'critical' as severity, -- always critical
    ['CR-9'] as promise_ids, -- CR-9
    concat(
        d.data_class, ' records of account ', d.account_id, case when d.kind = 'sale' then ' were sold to ' else ' were shared without consent with ' end,
        d.recipient, ' for ', d.purpose, ' at ', strftime(d.occurred_at, '%Y-%m-%d %H:%M:%S UTC'), '.'
    ) as summary, -- one sentence
    d.disclosure_id, -- the disclosure
    d.recipient, -- company that got them
    d.data_class, -- record class
    d.purpose, -- purpose
    d.kind -- sale, provider, processor or other; null = not stated
from disclosure as d
left join consented as c on c.disclosure_id = d.disclosure_id
where coalesce(d.kind, 'other') = 'sale' or c.disclosure_id is null
