-- One row for each disclosure to the payment intermediary that serves anything but card processing.
-- Promises: CE-2.
select
    left(sha256(concat_ws(chr(31), 'processor_purpose', d.disclosure_id)), 32) as finding_id, -- the finding, by disclosure
    d.occurred_at, -- when the records were passed on
    d.account_id, -- customer whose records they were
    cast(null as varchar) as staff_id, -- nobody is named
    'NOT_CARD_PROCESSING' as code, -- the one verdict of this control
    'high' as severity, -- always high
    ['CE-2'] as promise_ids, -- CE-2
    concat(
        'Payment intermediary ', d.recipient, ' was given ', d.data_class, ' records of account ', d.account_id, ' for ', d.purpose, ' at ',
        strftime(d.occurred_at, '%Y-%m-%d %H:%M:%S UTC'), ', not for card processing.'
    ) as summary, -- one sentence
    d.disclosure_id, -- the disclosure
    d.recipient, -- intermediary that got them
    d.data_class, -- record class
    d.purpose -- purpose
from scrubbed.disclosures as d
cross join scrubbed.run as run
where d.kind = 'processor' and d.purpose <> 'card_processing' and d.occurred_at <= run.as_of
