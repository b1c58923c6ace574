-- One row for each message that an earlier snapshot of the message ledger holds and a later one lacks, or holds smaller, with no order to erase it.
-- Promises: CR-8.
with snapshot as (
    select m.snapshot_at, row_number() over (order by m.snapshot_at) as number_from_1
    from scrubbed.messages as m
    cross join scrubbed.run as run
    where m.snapshot_at <= run.as_of
    group by m.snapshot_at
),
seen as (
    select m.account_id, m.message_id, s.number_from_1, s.snapshot_at, min(m.received_at) as received_at, max(m.size_bytes) as size_bytes
    from scrubbed.messages as m
    join snapshot as s on s.snapshot_at = m.snapshot_at
    group by m.account_id, m.message_id, s.number_from_1, s.snapshot_at
),
followed as (
    select
        account_id,
        message_id,
        number_from_1,
        snapshot_at,
        received_at,
        size_bytes,
        max(size_bytes) over earlier as largest_before,
        lead(number_from_1) over (partition by account_id, message_id order by number_from_1) as next_number
    from seen
    window earlier as (partition by account_id, message_id order by number_from_1 rows between unbounded preceding and 1 preceding)
),
loss as (
    select account_id, message_id, received_at, snapshot_at as lost_at, 'MESSAGE_SMALLER' as code, largest_before as size_before, size_bytes as size_after
    from followed
    where size_bytes < largest_before
    union all
    -- Missing in the very next snapshot, whether it comes back later or not.
    select f.account_id, f.message_id, f.received_at, n.snapshot_at as lost_at, 'MESSAGE_MISSING' as code, f.size_bytes as size_before, cast(null as bigint) as size_after
    from followed as f
    join snapshot as n on n.number_from_1 = f.number_from_1 + 1
    where f.next_number is null or f.next_number > n.number_from_1
),
ordered as (
    -- An order counts once it is recorded; one for all messages of an account covers those received by then.
    select distinct l.account_id, l.message_id, l.lost_at
    from loss as l
    join scrubbed.erasures as o on o.account_id = l.account_id
    where o.recorded_at <= l.lost_at and (o.message_id = l.message_id or o.message_id is null and l.received_at <= o.recorded_at)
),
first_loss as (
    select l.account_id, l.message_id, l.received_at, l.lost_at, l.code, l.size_before, l.size_after
    from loss as l
    left join ordered as o on o.account_id = l.account_id and o.message_id = l.message_id and o.lost_at = l.lost_at
    where o.message_id is null
    qualify row_number() over (partition by l.account_id, l.message_id order by l.lost_at) = 1
)
select
    left(sha256(concat_ws(chr(31), 'message_not_retained', account_id, message_id)), 32) as finding_id, -- the finding, by account and message
    lost_at as occurred_at, -- first snapshot that lacks it, or holds it smaller
    account_id, -- customer it came from
    cast(null as varchar) as staff_id, -- nobody is named
    code, -- MESSAGE_MISSING or MESSAGE_SMALLER
    'high' as severity, -- always high
    ['CR-8'] as promise_ids, -- CR-8
    concat(
        'Message ', message_id, ' of account ', account_id, case when code = 'MESSAGE_MISSING' then ' is missing from' else ' is smaller in' end,
        ' the snapshot of ', strftime(lost_at, '%Y-%m-%d %H:%M:%S UTC'), ', and no order to erase it is recorded.'
    ) as summary, -- one sentence
    message_id, -- the message
    received_at, -- when it came
    size_before, -- its size before, bytes
    size_after -- its size in that snapshot, bytes; null = missing
from first_loss
