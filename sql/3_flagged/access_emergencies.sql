-- One row for each record without permission, then or now, that an emergency (break-glass) of that person and account covers: the verdict it gives (step 14). Stays in HOME.
with
opened as (
    select
        fact.event_number,
        verdict.ordinal,
        verdict.missing_from,
        fact.record_class,
        fact.as_of,
        emergency.emergency_id,
        emergency.record_classes,
        emergency.recorded_at,
        emergency.has_reason,
        emergency.decided_at,
        emergency.opened_at + to_seconds(emergency.decide_within_s) as decide_before,
        case when emergency.is_decider_grantor and emergency.decided_at <= fact.as_of then emergency.decision end as known_decision
    from flagged.access_facts as fact
    join flagged.access_verdicts as verdict on verdict.event_number = fact.event_number
    join scrubbed.emergencies as emergency on emergency.staff_id = fact.staff_id and emergency.account_id = fact.account_id
    -- It covers every part of a session that lacks permission, or none.
    where emergency.recorded_at <= fact.as_of
        and emergency.opened_at <= verdict.missing_from
        and coalesce(verdict.missing_to, fact.end_at) <= emergency.opened_at + to_seconds(emergency.ttl_s)
    qualify emergency.emergency_id = min(emergency.emergency_id) over (partition by fact.event_number, verdict.ordinal)
)
select
    event_number, -- number of the access
    ordinal, -- place of the record in the event
    emergency_id, -- the emergency that decides, the lowest
    case
        when recorded_at > missing_from then 'BACKDATED'
        when not coalesce(list_contains(record_classes, record_class), record_classes is null) then 'BREAK_GLASS_OVERREACH'
        when not has_reason then 'BREAK_GLASS_NO_REASON'
        when known_decision = 'reject' then 'BREAK_GLASS_REJECTED'
        when known_decision = 'approve' and decided_at < decide_before then 'BREAK_GLASS_APPROVED'
        when known_decision = 'approve' then 'BREAK_GLASS_LATE'
        when as_of < decide_before then 'BREAK_GLASS_PENDING'
        else 'BREAK_GLASS_UNAPPROVED'
    end as code -- its verdict
from opened
