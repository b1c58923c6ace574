-- One row for each call of a marketing tag whose URL carries personal data.
-- Promises: CR-10.
select
    left(sha256(concat_ws(chr(31), 'personal_data_in_tag', t.event_id)), 32) as finding_id, -- the finding, by call
    t.occurred_at, -- when the tag was called
    t.account_id, -- customer whose visitor it was; null where unknown
    cast(null as varchar) as staff_id, -- nobody is named
    'PERSONAL_DATA_IN_TAG' as code, -- the one verdict of this control
    'high' as severity, -- always high
    ['CR-10'] as promise_ids, -- CR-10
    concat(
        'A marketing tag of ', t.recipient, ' on site ', t.site, ' carried personal data at ', strftime(t.occurred_at, '%Y-%m-%d %H:%M:%S UTC'), ' (',
        coalesce(nullif(array_to_string(t.personal_kinds, ', '), ''), 'card'), ').'
    ) as summary, -- one sentence; kinds only, never values
    t.event_id, -- the call
    t.site, -- site that made it
    t.recipient, -- company that got it
    t.personal_kinds, -- kinds of personal data found
    cast(t.card_numbers as bigint) as card_numbers -- card numbers found
from scrubbed.tags as t
cross join scrubbed.run as run
where (t.personal_kinds <> cast([] as varchar[]) or t.card_numbers > 0) and t.occurred_at <= run.as_of
