-- One row for each marketing message to an account that had refused marketing.
-- Promises: CE-5.
with refused as (
    -- Nobody can heed a refusal before it is entered: it takes effect at the later of its start and its record.
    select m.mailing_id, min(greatest(o.valid_from, o.recorded_at)) as refused_from
    from scrubbed.mailings as m
    cross join scrubbed.run as run
    join scrubbed.opt_outs as o on o.account_id = m.account_id
    where
        m.purpose = 'marketing'
        and o.purpose = 'marketing'
        and o.recorded_at <= run.as_of
        -- A refusal bound to a site says nothing of messages.
        and o.site is null
        and m.sent_at <= run.as_of
        and greatest(o.valid_from, o.recorded_at) <= m.sent_at
        and (o.valid_to is null or m.sent_at < o.valid_to)
    group by m.mailing_id
)
select
    left(sha256(concat_ws(chr(31), 'marketing_after_opt_out', m.mailing_id)), 32) as finding_id, -- the finding, by mailing
    m.sent_at as occurred_at, -- when it was sent
    m.account_id, -- customer who had refused
    cast(null as varchar) as staff_id, -- nobody is named
    'MAILED_AFTER_OPT_OUT' as code, -- the one verdict of this control
    'medium' as severity, -- always medium
    ['CE-5'] as promise_ids, -- CE-5
    concat(
        'Account ', m.account_id, ' was sent marketing message ', m.mailing_id, ' at ', strftime(m.sent_at, '%Y-%m-%d %H:%M:%S UTC'),
        ', refused since ', strftime(r.refused_from, '%Y-%m-%d %H:%M:%S UTC'), '.'
    ) as summary, -- one sentence
    m.mailing_id, -- the mailing
    r.refused_from -- when the first refusal that holds took effect
from scrubbed.mailings as m
join refused as r on r.mailing_id = m.mailing_id
