-- One row: every entry of every accepted input of access events, and what became of it; the parts add up to the whole. Stays in HOME.
with
-- What each input brought, less what the ledger says became of it, must be the events that are stored.
delivered as (
    select input_id, lines, blank_or_comment, quarantined, duplicates, parsed - duplicates as events
    from ledger.inputs
    where folder = 'access_events' and status = 'read'
),
purged as (
    select input_id, cast(sum(rows) as bigint) as events
    from ledger.purges
    where table_name = 'scrubbed.access_events' and input_id is not null
    group by input_id
),
other as (
    select input_id, cast(sum(entries) as bigint) as entries from ledger.non_accesses group by input_id
),
stored as (
    select input_id, count(*) as events from scrubbed.access_events group by input_id
),
of_inputs as (
    select
        count(delivered.input_id) as inputs,
        coalesce(sum(delivered.lines), 0) as lines,
        coalesce(sum(delivered.blank_or_comment), 0) - coalesce(sum(other.entries), 0) as blank_or_comment,
        coalesce(sum(other.entries), 0) as not_accesses,
        coalesce(sum(delivered.quarantined), 0) as refused,
        coalesce(sum(delivered.duplicates), 0) as duplicates,
        coalesce(sum(purged.events), 0) as purged,
        count(*) filter (
            where coalesce(delivered.events, 0) <> coalesce(stored.events, 0) + coalesce(purged.events, 0) or other.entries > delivered.blank_or_comment
        ) as inputs_off
    from delivered
    full outer join stored on stored.input_id = delivered.input_id
    left join purged on purged.input_id = delivered.input_id
    left join other on other.input_id = delivered.input_id
),
-- Of what each source stored, all that exists at the as-of must be decided.
existing as (
    select
        event.source,
        count(*) filter (where coalesce(event.observed_at, event.occurred_at, run.as_of) > run.as_of) as not_yet_known,
        count(*) filter (where coalesce(event.observed_at, event.occurred_at, run.as_of) <= run.as_of) as known
    from scrubbed.access_events as event
    cross join scrubbed.run as run
    group by event.source
),
decided as (
    select
        source,
        count(*) as accesses,
        count(*) filter (where outcome = 'permitted') as permitted,
        count(*) filter (where outcome = 'info') as info,
        count(*) filter (where outcome = 'undetermined') as undetermined,
        count(*) filter (where outcome = 'violation') as violation
    from flagged.access_decisions
    group by source
),
of_sources as (
    select
        coalesce(sum(existing.not_yet_known), 0) as not_yet_known,
        coalesce(sum(decided.permitted), 0) as permitted,
        coalesce(sum(decided.info), 0) as info,
        coalesce(sum(decided.undetermined), 0) as undetermined,
        coalesce(sum(decided.violation), 0) as violation,
        count(*) filter (where coalesce(existing.known, 0) <> coalesce(decided.accesses, 0)) as sources_off
    from existing
    full outer join decided on decided.source = existing.source
)
select
    i.inputs, -- accepted inputs
    cast(i.lines as bigint) as entries, -- lines or rows in them
    cast(i.blank_or_comment as bigint) as blank_or_comment, -- blank lines and comments
    cast(i.not_accesses as bigint) as not_accesses, -- entries that are no access, by name in ledger.non_accesses
    cast(i.refused as bigint) as refused, -- entries refused, each with a reason in ledger.quarantine
    cast(i.duplicates as bigint) as duplicates, -- events that were there before
    cast(i.purged as bigint) as purged, -- events removed under the rules of retention, or refused since their day was
    cast(s.not_yet_known as bigint) as not_yet_known, -- events observed after the as-of: they have no verdict
    cast(s.permitted as bigint) as permitted, -- accesses permitted
    cast(s.info as bigint) as info, -- accesses noted
    cast(s.undetermined as bigint) as undetermined, -- accesses that the evidence cannot decide
    cast(s.violation as bigint) as violation, -- accesses that were not permitted
    i.inputs_off, -- inputs whose stored events are not those they brought: must be 0
    s.sources_off, -- sources whose verdicts are not as many as their events: must be 0
    i.inputs_off = 0 and s.sources_off = 0
    and i.lines = i.blank_or_comment + i.not_accesses + i.refused + i.duplicates + i.purged
        + s.not_yet_known + s.permitted + s.info + s.undetermined + s.violation
        as is_balanced -- every entry is accounted for once
from of_inputs as i
cross join of_sources as s
