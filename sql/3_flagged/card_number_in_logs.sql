-- One row for each request line and tag call that holds a card number: where it stands, never the number.
-- Promises: CE-2.
with found as (
    select occurred_at, account_id, folder, site, input_id, line_number, cast(null as varchar) as event_id, card_numbers
    from measured.card_number_lines
    union all
    select occurred_at, account_id, 'tags' as folder, site, cast(null as varchar) as input_id, cast(null as bigint) as line_number, event_id, card_numbers
    from scrubbed.tags
    where card_numbers > 0
)
select
    left(
        sha256(concat_ws(chr(31), 'card_number_in_logs', f.folder, coalesce(f.input_id, ''), coalesce(cast(f.line_number as varchar), ''), coalesce(f.event_id, ''))),
        32
    ) as finding_id, -- the finding, by line or call
    f.occurred_at, -- instant of the request or call
    f.account_id, -- customer it belongs to; null where unknown
    cast(null as varchar) as staff_id, -- nobody is named
    'CARD_NUMBER' as code, -- the one verdict of this control
    'critical' as severity, -- always critical
    ['CE-2'] as promise_ids, -- CE-2
    concat(
        case when f.folder = 'tags' then 'A tag call' else 'A request line' end, ' of site ', f.site, ' holds a card number (',
        coalesce('line ' || cast(f.line_number as varchar) || ' of input ' || f.input_id, f.event_id), ', ', strftime(f.occurred_at, '%Y-%m-%d %H:%M:%S UTC'), ').'
    ) as summary, -- one sentence
    f.folder, -- web_logs, request_logs or tags
    f.site, -- site
    f.input_id, -- input the line stands in; null for tag calls
    f.line_number, -- line within that input
    f.event_id, -- the tag call; null for request lines
    cast(f.card_numbers as bigint) as card_numbers -- how many card numbers
from found as f
cross join scrubbed.run as run
where f.occurred_at <= run.as_of
