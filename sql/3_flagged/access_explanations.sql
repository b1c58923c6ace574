-- One row for each access: what its verdict rests on, and one sentence that tells the customer so. Stays in HOME.
with
-- Of several records, the first that the emergency decided speaks.
excused as (
    select fact.source, fact.event_id, emergency.code, min_by(emergency.emergency_id, emergency.ordinal) as emergency_id
    from flagged.access_emergencies as emergency
    join flagged.access_facts as fact on fact.event_number = emergency.event_number
    group by fact.source, fact.event_id, emergency.code
),
exempted as (
    select decision.source, decision.event_id, period.policy_id
    from flagged.access_decisions as decision
    left join scrubbed.accounts as account on account.account_id = decision.account_id
    join flagged.policy_periods as period
        on period.account_id is not distinct from account.account_id
        and period.binds_from <= decision.occurred_at and (period.binds_to is null or decision.occurred_at < period.binds_to)
    where decision.code = 'EXEMPT_CLASS'
),
told as (
    select
        decision.source,
        decision.event_id,
        decision.account_id,
        decision.occurred_at,
        decision.staff_id,
        decision.action,
        decision.purpose,
        decision.code,
        decision.outcome,
        decision.records_uncovered,
        decision.record_class is null as is_unclassed,
        item.grantee_kind,
        item.granted_by_staff_id,
        item.recorded_at,
        emergency.emergency_id,
        emergency.decided_at,
        policy.policy_id,
        coalesce(decision.grant_id, decision.nearest_grant_id) as grant_id,
        list_distinct(list_concat(if(decision.record_id is null, [], [decision.record_id]), coalesce(decision.record_ids, []))) as records,
        list_contains(decision.all_faults, 'REVOKED') as is_revoked,
        decision.uncovered_from,
        -- Names come from outside: one that is not plain is quoted, without what could end the quote, hide or reorder text.
        list_transform(
            [
                decision.staff_id, decision.account_id, decision.record_class, coalesce(decision.record_id, decision.record_ids[1]),
                coalesce(decision.grant_id, decision.nearest_grant_id), decision.action, item.case_id, item.grantee_id, item.granted_by_staff_id,
                emergency.emergency_id, policy.policy_id
            ],
            lambda name: case
                when name is null or regexp_matches(name, '^[A-Za-z0-9_.:/@+-]{1,64}$') then name
                else concat('"', left(trim(regexp_replace(name, '[\p{C}\p{Z}"“”]+', ' ', 'g')), 64), '"')
            end
        ) as names,
        replace(strftime(decision.occurred_at, '%Y-%m-%d %H:%M:%S.%f UTC'), '.000000', '') as happened,
        replace(strftime(item.valid_from, '%Y-%m-%d %H:%M:%S.%f UTC'), '.000000', '') as grant_begin,
        replace(strftime(item.valid_to, '%Y-%m-%d %H:%M:%S.%f UTC'), '.000000', '') as grant_end,
        replace(strftime(item.revoked_at, '%Y-%m-%d %H:%M:%S.%f UTC'), '.000000', '') as revoked,
        replace(strftime(item.recorded_at, '%Y-%m-%d %H:%M:%S.%f UTC'), '.000000', '') as recorded,
        replace(strftime(item.revocation_recorded_at, '%Y-%m-%d %H:%M:%S.%f UTC'), '.000000', '') as revocation_recorded,
        replace(strftime(decision.uncovered_from, '%Y-%m-%d %H:%M:%S.%f UTC'), '.000000', '') as open_from,
        replace(strftime(decision.uncovered_to, '%Y-%m-%d %H:%M:%S.%f UTC'), '.000000', '') as open_to,
        replace(strftime(emergency.recorded_at, '%Y-%m-%d %H:%M:%S.%f UTC'), '.000000', '') as emergency_recorded,
        replace(strftime(emergency.decided_at, '%Y-%m-%d %H:%M:%S.%f UTC'), '.000000', '') as decided,
        replace(strftime(emergency.opened_at + to_seconds(emergency.decide_within_s), '%Y-%m-%d %H:%M:%S.%f UTC'), '.000000', '') as deadline,
        replace(strftime(ledger.watermark, '%Y-%m-%d %H:%M:%S.%f UTC'), '.000000', '') as grants_read_to
    from flagged.access_decisions as decision
    left join flagged.known_grants as item on item.grant_id = coalesce(decision.grant_id, decision.nearest_grant_id)
    left join excused on excused.source = decision.source and excused.event_id = decision.event_id and excused.code = decision.code
    left join scrubbed.emergencies as emergency on emergency.emergency_id = excused.emergency_id
    left join exempted as policy on policy.source = decision.source and policy.event_id = decision.event_id
    left join scrubbed.sources as ledger on ledger.source = 'grants'
),
named as (
    select
        *,
        names[1] as staff,
        coalesce(names[2], 'an unnamed customer') as account,
        names[3] as class,
        names[4] as record,
        concat('grant ', names[5]) as grant_name,
        names[6] as action_name,
        names[7] as case_name,
        names[8] as grantee,
        names[9] as granter,
        concat('emergency ', names[10]) as emergency,
        names[11] as policy
    from told
),
worded as (
    select
        *,
        case
            when staff is not null then concat('Staff ', staff)
            when code = 'SELF_ACCESS' then concat('A user of ', account)
            when code = 'FOREIGN_USER' then 'A user of another customer'
            when code = 'ACTOR_UNRESOLVED' then 'An unknown person'
            else 'Somebody not on the staff'
        end as who,
        case
            when code = 'EXEMPT_METRICS_ONLY' then 'counted'
            when code = 'ATTEMPT_DENIED' then concat('tried to ', case
                when action in ('read', 'list', 'export', 'delete') then action
                when action = 'write' then 'change'
                when action = 'impersonate' then 'act as a user to reach'
                else 'reach'
            end)
            when action = 'read' then 'read'
            when action = 'list' then 'listed'
            when action = 'export' then 'exported'
            when action = 'delete' then 'deleted'
            when action = 'write' then 'changed'
            when action = 'impersonate' then 'acted as a user to reach'
            else 'reached'
        end as did,
        case array_length(records)
            when 0 then concat('all ', class || ' ', 'records')
            when 1 then concat(coalesce(class, 'record'), ' ', record)
            else concat(cast(array_length(records) as varchar), ' ', class || ' ', 'records')
        end as what,
        if(outcome <> 'violation' or (open_from is null and array_length(records) < 2), '', concat(
            if(array_length(records) > 1, cast(records_uncovered as varchar) || ' of them ', ''),
            'without permission', ' from ' || open_from, ' to ' || open_to, ': '
        )) as where_missing,
        case code
            when 'GRANTED' then concat(grant_name, ' permitted it')
            when 'GRANTED_BOUNDARY' then concat(grant_name, ' permitted it, though its clock leaves open on which side of a boundary it fell')
            when 'SELF_ACCESS' then 'the customer''s own users need no permission'
            when 'EXEMPT_CLASS' then concat(
                coalesce('policy ' || nullif(policy, 'settings'), 'the policy'), ' exempts ', class, ' records from needing permission',
                if(purpose is null, '', ' for the purpose declared')
            )
            when 'EXEMPT_METRICS_ONLY' then 'only counts and sizes came back, no content'
            when 'BREAK_GLASS_APPROVED' then concat('no grant covered it, but the customer approved ', emergency, ' at ', decided)
            when 'ATTEMPT_DENIED' then 'the system refused it and nothing was seen'
            when 'RETRO_REVOKED' then if(
                is_revoked,
                concat(grant_name, ' permitted it then, and was revoked as of ', revoked, ', recorded only at ', revocation_recorded),
                'it was permitted then, and what was recorded afterwards takes that back'
            )
            when 'TIME_UNZONED' then 'its time stamp has no zone, so it cannot be placed in time'
            when 'TIME_AMBIGUOUS' then if(
                grant_id is null,
                'its time stamp can mean more than one instant',
                concat('its clock leaves open on which side of an end of ', grant_name, ' it fell')
            )
            when 'ACTOR_UNRESOLVED' then 'the name in the log is neither a member of staff nor a customer''s user'
            when 'CUSTOMER_UNRESOLVED' then if(account_id is null, 'the log does not say whose records they were', 'no customer of that name is known')
            when 'CLOCK_ANOMALY' then 'it was received before it is said to have happened'
            when 'GRANTS_INCOMPLETE' then concat('the ledger of grants has been read only up to ', grants_read_to)
            when 'LOG_GAP' then 'its log has a verified gap at that time'
            when 'CLASS_UNKNOWN' then 'the log does not say which class of records it was'
            when 'BREAK_GLASS_PENDING' then concat('the customer has until ', deadline, ' to decide on ', emergency)
            when 'NO_GRANT' then concat(account, ' had given no permission at all')
            when 'SELF_GRANTED' then concat(grant_name, ' had been given by ', staff, ', who used it')
            when 'GRANTOR_NOT_CUSTOMER' then concat(grant_name, ' had been given by staff ', granter, ', not by the customer')
            when 'GRANTOR_NOT_AUTHORISED' then concat(grant_name, ' had been given by somebody who may not give it for ', account)
            when 'WRONG_GRANTEE' then concat(grant_name, ' was given to ', coalesce(grantee, 'another person'))
            when 'NOT_TEAM_MEMBER' then concat(grant_name, ' was given to team ', grantee, ', of which ', staff, ' was no member then')
            when 'SCOPE_CLASS' then concat(grant_name, ' does not cover ', class, ' records')
            when 'SCOPE_RECORD' then concat(grant_name, if(array_length(records) = 0, ' covers single records only', ' does not cover that record'))
            when 'SCOPE_ACTION' then concat(grant_name, coalesce(' does not cover the action ' || action_name, ' covers named actions only'))
            when 'SCOPE_CASE' then concat(grant_name, ' is bound to case ', case_name)
            when 'REVOKED' then concat(grant_name, ' had been revoked at ', revoked)
            when 'EXPIRED' then concat(grant_name, ' had ended at ', grant_end)
            when 'NOT_YET_VALID' then concat(grant_name, ' began only at ', grant_begin)
            when 'BACKDATED' then case
                when emergency_id is not null then concat(emergency, ' was entered only at ', emergency_recorded)
                when recorded_at > coalesce(uncovered_from, occurred_at) then concat(grant_name, ' was recorded only at ', recorded)
                else 'what permits it was recorded only afterwards'
            end
            when 'OPTED_OUT' then concat(account, ' had opted out, and gave no permission for these records after that')
            when 'FORMER_STAFF' then concat(staff, ' was not on the staff at that time')
            when 'FOREIGN_USER' then concat('only ', account, '''s own users may do that')
            when 'BREAK_GLASS_REJECTED' then concat('the customer rejected ', emergency, ' at ', decided)
            when 'BREAK_GLASS_UNAPPROVED' then concat('the customer had not approved ', emergency, ' by ', deadline)
            when 'BREAK_GLASS_NO_REASON' then concat(emergency, ' was opened without a reason')
            when 'BREAK_GLASS_OVERREACH' then concat(emergency, ' was not opened for ', class, ' records')
            when 'BREAK_GLASS_LATE' then concat('the customer approved ', emergency, ' only at ', decided, ', after the deadline ', deadline)
        end as because
    from named
)
select
    source, -- system that wrote the event
    event_id, -- unique within its source
    -- Where the exemption holds for some purposes only, all that stands behind it is the word of who had access.
    if(
        worded.code = 'EXEMPT_CLASS' and purpose is not null, 'declared_purpose', meaning.basis
    ) as basis, -- grant, emergency, own_user, exemption, declared_purpose, nothing_seen, revoked_since, undetermined or violation
    concat(who, ' ', did, ' ', what, ' of ', account, coalesce(' at ' || happened, ''), '; ', where_missing, because, '.') as sentence -- who did what, when, and why
from worded
left join flagged.verdict_codes as meaning on meaning.code = worded.code
