-- One row for each access event that exists at the as-of: was it permitted, by which code, and what explains it.
with
record_code as (
    select
        verdict.event_number,
        verdict.ordinal,
        verdict.record_id,
        verdict.uncovered_from,
        verdict.uncovered_to,
        verdict.grant_id,
        verdict.nearest_grant_id,
        verdict.all_faults,
        verdict.distance_s,
        verdict.verdict_then,
        verdict.verdict_now,
        case
            when verdict.verdict_then = 'GRANTED' and verdict.verdict_now = 'GRANTED' then if(verdict.is_sure, 'GRANTED', 'GRANTED_BOUNDARY')
            when emergency.code is not null then emergency.code
            when verdict.verdict_then = 'GRANTED' then 'RETRO_REVOKED'
            when verdict.verdict_now = 'GRANTED' then 'BACKDATED'
            when verdict.verdict_now in ('REVOKED', 'EXPIRED', 'NOT_YET_VALID') and verdict.is_possible then 'TIME_AMBIGUOUS'
            else verdict.verdict_now
        end as code
    from flagged.access_verdicts as verdict
    left join flagged.access_emergencies as emergency using (event_number, ordinal)
),
-- The first record in the given order that is not covered speaks for the event.
ordered as (
    select
        *,
        case code when 'GRANTED' then 3 when 'GRANTED_BOUNDARY' then 2 when 'BREAK_GLASS_APPROVED' then 1 else 0 end * cast(1000000000 as bigint) + ordinal as place
    from record_code
),
first as (
    select event_number, min(place) as place, count(*) filter (where code not in ('GRANTED', 'GRANTED_BOUNDARY')) as records_uncovered
    from ordered
    group by event_number
),
verdict as (
    select ordered.*, case when ordered.record_id is not null then first.records_uncovered end as records_uncovered
    from ordered
    join first on first.event_number = ordered.event_number and first.place = ordered.place
),
decided as (
    select
        fact.source,
        fact.event_id,
        fact.occurred_at,
        fact.staff_id,
        fact.account_id,
        fact.record_class,
        fact.record_id,
        fact.record_ids,
        fact.action,
        fact.purpose,
        fact.case_id,
        fact.is_provisional,
        verdict.grant_id,
        verdict.nearest_grant_id,
        verdict.all_faults,
        verdict.distance_s,
        verdict.verdict_then,
        verdict.verdict_now,
        verdict.records_uncovered,
        fact.is_session and verdict.code not in ('GRANTED', 'GRANTED_BOUNDARY') as has_interval,
        verdict.uncovered_from,
        coalesce(verdict.uncovered_to, fact.end_at) as uncovered_to,
        coalesce(fact.early_code, verdict.code) as code,
        late.event_id is not null as is_late
    from flagged.access_facts as fact
    left join verdict on verdict.event_number = fact.event_number
    left join flagged.late_accesses as late on late.source = fact.source and late.event_id = fact.event_id
)
select
    source, -- system that wrote the event
    event_id, -- unique within its source
    occurred_at, -- instant of the access, UTC; null where its stamp has no zone
    staff_id, -- member of staff; null for a customer's user
    account_id, -- customer whose records were reached
    record_class, -- class of the records
    record_id, -- the record; null with record_ids null means all
    record_ids, -- the records, in the given order
    records_uncovered, -- records that no grant covers then and now; null for all records at once, and where decided before grants
    if(has_interval, uncovered_from, null) as uncovered_from, -- begin of the first part of a session that no grant covers
    if(has_interval, uncovered_to, null) as uncovered_to, -- end of that part
    action, -- what was done
    purpose, -- declared purpose, a code
    case_id, -- ticket
    meaning.outcome, -- permitted, info, undetermined or violation
    decided.code, -- verdict, the first rule of the decision order that applies
    meaning.severity, -- critical, high, medium or low; null unless a violation
    case when decided.code in ('GRANTED', 'GRANTED_BOUNDARY') then grant_id end as grant_id, -- grant relied on
    nearest_grant_id, -- grant with the fewest faults, then the nearest in time; null where the account gave none
    case when meaning.outcome = 'permitted' then [] else coalesce(all_faults, []) end as all_faults, -- faults of the nearest grant in their order; empty when permitted
    distance_s, -- from the access to the nearest grant's interval, seconds
    verdict_then, -- by what was recorded at the access; null where decided before grants
    verdict_now, -- by what was recorded at the as-of; null where decided before grants
    is_provisional as provisional, -- its source has not been read so far: the verdict may change
    is_late as late -- of the time of a closed report that does not know it
from decided
left join flagged.verdict_codes as meaning on meaning.code = decided.code
