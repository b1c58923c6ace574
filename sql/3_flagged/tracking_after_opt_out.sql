-- One row for each call of a marketing tag for an account, or on a site, that had refused tracking.
-- Promises: CR-10, CE-5.
with refusal as (
    -- Nobody can heed a refusal before it is entered: it takes effect at the later of its start and its record.
    select
        o.account_id,
        o.site,
        greatest(o.valid_from, o.recorded_at) as in_effect_from,
        o.valid_to
    from scrubbed.opt_outs as o
    cross join scrubbed.run as run
    where o.purpose in ('tracking', 'cookies') and o.recorded_at <= run.as_of
),
refused as (
    select t.event_id, o.in_effect_from
    from scrubbed.tags as t
    join refusal as o on o.account_id = t.account_id
    where
        (o.site is null or o.site = t.site)
        and o.in_effect_from <= t.occurred_at
        and (o.valid_to is null or t.occurred_at < o.valid_to)
    union all
    -- A call that names no account is held against every refusal for its site.
    select t.event_id, o.in_effect_from
    from scrubbed.tags as t
    join refusal as o on o.site = t.site
    where
        t.account_id is null
        and o.in_effect_from <= t.occurred_at
        and (o.valid_to is null or t.occurred_at < o.valid_to)
),
first_refused as (
    select event_id, min(in_effect_from) as refused_from
    from refused
    group by event_id
)
select
    left(sha256(concat_ws(chr(31), 'tracking_after_opt_out', t.event_id)), 32) as finding_id, -- the finding, by call
    t.occurred_at, -- when the tag was called
    t.account_id, -- customer whose visitor it was; null where only the site is known
    cast(null as varchar) as staff_id, -- nobody is named
    'TRACKED_AFTER_OPT_OUT' as code, -- the one verdict of this control
    'medium' as severity, -- always medium
    ['CR-10', 'CE-5'] as promise_ids, -- CR-10 and CE-5
    concat(
        'A marketing tag of ', t.recipient, ' was called for ', coalesce('account ' || t.account_id || ' on ', ''), 'site ', t.site, ' at ',
        strftime(t.occurred_at, '%Y-%m-%d %H:%M:%S UTC'), ', refused since ', strftime(f.refused_from, '%Y-%m-%d %H:%M:%S UTC'), '.'
    ) as summary, -- one sentence
    t.event_id, -- the call
    t.site, -- site that made it
    t.recipient, -- company that got it
    f.refused_from -- when the first refusal that holds took effect
from scrubbed.tags as t
join first_refused as f on f.event_id = t.event_id
cross join scrubbed.run as run
where t.occurred_at <= run.as_of
