-- One row for each disclosure to a service provider that serves marketing.
-- Promises: CE-3.
select
    left(sha256(concat_ws(chr(31), 'provider_marketing', d.disclosure_id)), 32) as finding_id, -- the finding, by disclosure
    d.occurred_at, -- when the records were passed on
    d.account_id, -- customer whose records they were
    cast(null as varchar) as staff_id, -- nobody is named
    'PROVIDER_MARKETING' as code, -- the one verdict of this control
    'high' as severity, -- always high
    ['CE-3'] as promise_ids, -- CE-3
    concat(
        'Provider ', d.recipient, ' was given ', d.data_class, ' records of account ', d.account_id, ' for marketing at ',
        strftime(d.occurred_at, '%Y-%m-%d %H:%M:%S UTC'), '.'
    ) as summary, -- one sentence
    d.disclosure_id, -- the disclosure
    d.recipient, -- provider that got them
    d.data_class, -- record class
    d.purpose -- purpose
from scrubbed.disclosures as d
cross join scrubbed.run as run
where d.kind = 'provider' and d.purpose = 'marketing' and d.occurred_at <= run.as_of
