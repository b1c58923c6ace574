-- One row for each access event that exists at the as-of, decided as far as it can be without grants (steps 1 to 11 of docs/verdicts.md). Stays in HOME.
with
-- Any number will do: accesses are only told apart by it. What is sorted is their names alone, not all that is known of them.
numbered as (
    select source, event_id, coalesce(getvariable('numbered_before'), 0) + row_number() over (order by event_id, source) as event_number
    from scrubbed.access_events
),
stamped as (
    select
        numbered.event_number,
        event.source,
        event.event_id,
        event.occurred_at,
        event.time_status,
        event.observed_at,
        event.started_at,
        event.ended_at,
        event.actor_kind,
        event.staff_id,
        event.user_account_ids,
        event.account_id,
        event.record_class,
        event.record_id,
        event.record_ids,
        event.action,
        event.has_content,
        event.purpose,
        event.case_id,
        event.outcome,
        run.as_of,
        coalesce(source.clock_skew_us, 0) as skew_us,
        coalesce(source.whole_seconds, false) as is_whole_second,
        coalesce(source.watermark, run.as_of) as source_read_to,
        coalesce(grant_source.watermark, run.as_of) as grants_read_to,
        coalesce(event.started_at < event.ended_at, false) as is_session
    from scrubbed.access_events as event
    join numbered on numbered.source = event.source and numbered.event_id = event.event_id
    cross join scrubbed.run as run
    left join scrubbed.sources as source on source.source = event.source
    left join scrubbed.sources as grant_source on grant_source.source = 'grants'
    where coalesce(event.observed_at, event.occurred_at, run.as_of) <= run.as_of
),
employed as (
    select distinct event.event_number
    from stamped as event
    join scrubbed.staff as staff on staff.staff_id = event.staff_id
    where (staff.valid_from is null or staff.valid_from <= event.occurred_at)
        and (staff.valid_to is null or event.occurred_at < staff.valid_to)
),
-- An instant lies in one of those that began by then where the latest of their ends lies behind it.
in_gap as (
    select event_number
    from (
        select
            event_number,
            line_at,
            max(gap_to) over (partition by source order by line_at, event_number nulls first rows between unbounded preceding and current row) as gap_to
        from (
            select cast(null as bigint) as event_number, source, gap_from as line_at, coalesce(gap_to, timestamptz '9999-12-31 23:59:59.999999+00') as gap_to
            from scrubbed.gaps
            union all
            select event_number, source, occurred_at, null from stamped where occurred_at is not null and source in (select source from scrubbed.gaps)
        ) as line
    ) as placed
    where event_number is not null and line_at < gap_to
)
select
    event.event_number, -- number of the access
    event.source, -- system that wrote the event
    event.event_id, -- unique within its source
    event.occurred_at, -- instant of the access; null where unzoned
    event.staff_id, -- member of staff; null for users
    event.account_id, -- customer
    event.record_class, -- class of the records
    event.record_id, -- the record
    event.record_ids, -- the records
    event.action, -- what was done
    event.purpose, -- declared purpose
    event.case_id, -- ticket
    if(is_session, event.started_at, event.occurred_at) as begin_at, -- first instant to be covered
    if(is_session, event.ended_at, event.occurred_at + to_microseconds(1)) as end_at, -- first instant no longer to be covered
    is_session, -- the access lasted
    event.as_of, -- as-of of the run
    event.skew_us, -- how far the source's clock may be off, microseconds
    event.is_whole_second, -- the stamp stands for a whole second
    coalesce(
        least(event.source_read_to, event.grants_read_to) < event.occurred_at
        or (is_session and least(event.source_read_to, event.grants_read_to) < event.ended_at - to_microseconds(1)),
        true
    ) as is_provisional, -- its source or the grants have not been read as far as its last instant
    case
        when event.time_status = 'unzoned' then 'TIME_UNZONED'
        when event.time_status = 'ambiguous' then 'TIME_AMBIGUOUS'
        when event.outcome = 'denied' then 'ATTEMPT_DENIED'
        when event.actor_kind = 'unresolved' then 'ACTOR_UNRESOLVED'
        when event.account_id is null then 'CUSTOMER_UNRESOLVED'
        when known.account_id is null and exists (select 1 from scrubbed.accounts) then 'CUSTOMER_UNRESOLVED'
        when event.actor_kind = 'user' and list_contains(event.user_account_ids, event.account_id) then 'SELF_ACCESS'
        when event.actor_kind = 'user' then 'FOREIGN_USER'
        when employed.event_number is null then 'FORMER_STAFF'
        when event.occurred_at > event.observed_at + to_microseconds(event.skew_us) then 'CLOCK_ANOMALY'
        when event.grants_read_to < event.occurred_at then 'GRANTS_INCOMPLETE'
        when in_gap.event_number is not null then 'LOG_GAP'
        when not event.has_content then 'EXEMPT_METRICS_ONLY'
        when event.record_class is null then 'CLASS_UNKNOWN'
        when list_contains(policy.exempt_classes, event.record_class) then 'EXEMPT_CLASS'
    end as early_code -- verdict before grants; null where grants decide
from stamped as event
left join scrubbed.accounts as known on known.account_id = event.account_id
left join employed on employed.event_number = event.event_number
left join in_gap on in_gap.event_number = event.event_number
left join flagged.policy_periods as policy
    on policy.account_id is not distinct from known.account_id
    and policy.binds_from <= event.occurred_at and (policy.binds_to is null or event.occurred_at < policy.binds_to)
