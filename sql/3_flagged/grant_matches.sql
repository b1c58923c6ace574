-- One row for each grant and each key of flagged.access_asks that finds it, and may need it. Stays in HOME.
with
grantee as (
    select
        grant_rank,
        account_id,
        granted_by_staff_id,
        grantee_id,
        record_classes,
        record_ids,
        actions,
        case_id,
        valid_from,
        valid_to,
        recorded_at,
        named,
        if(grantor_fault is null, 0, 8) as of_grantor,
        unnest(case grantee_kind when 'person' then [0, 16] when 'team' then [0, 32] else [0] end) as of_grantee
    from flagged.known_grants
    where account_id in (select account_id from flagged.access_uncovered)
),
-- A scope that names something is met in one of what it names, or null: in none.
class as (
    select grantee.*, unnest(if(grantee.record_classes is null, [''], list_concat(grantee.record_classes, [null]))) as scope_class from grantee
),
record as (
    select class.*, unnest(if(class.record_ids is null, [''], list_concat(class.record_ids, [null]))) as scope_record from class
),
action as (
    select record.*, unnest(if(record.actions is null, [''], list_concat(record.actions, [null]))) as scope_action from record
),
ticket as (
    select action.*, unnest(if(action.case_id is null, [''], [action.case_id, null])) as scope_case from action
),
met as (
    select
        grant_rank,
        account_id,
        granted_by_staff_id,
        valid_from,
        valid_to,
        recorded_at,
        named,
        of_grantor + of_grantee + if(scope_class is null, 64, 0) + if(scope_record is null, 128, 0) + if(scope_action is null, 256, 0) + if(scope_case is null, 512, 0) as faults,
        if(of_grantee > 0, '', grantee_id) as holder_id,
        coalesce(scope_class, '') as record_class,
        coalesce(scope_record, '') as record_id,
        coalesce(scope_action, '') as action,
        coalesce(scope_case, '') as case_id
    from ticket
),
asked as (
    select
        key_id,
        account_id,
        named,
        faults,
        holder_id,
        record_class,
        record_id,
        action,
        case_id,
        max(spare_faults) as spare_faults,
        min(judged_at) as first_at,
        max(judged_at) as last_at
    from flagged.access_asks
    group by key_id, account_id, named, faults, holder_id, record_class, record_id, action, case_id
)
select distinct
    asked.key_id, -- number of the key
    met.grant_rank, -- the grant
    -- Without another fault of grantor or scope it matters whether the grantor is the actor.
    if(met.faults = 8, met.granted_by_staff_id, null) as granted_by_staff_id, -- member of staff who granted it; null where no matter
    met.recorded_at -- when it was committed
from met
join asked
    on asked.account_id = met.account_id and asked.named = met.named and asked.faults = met.faults and asked.holder_id = met.holder_id
    and asked.record_class = met.record_class and asked.record_id = met.record_id and asked.action = met.action and asked.case_id = met.case_id
-- One that may have no fault of time is in force at one of the instants.
where asked.spare_faults > 0 or (met.valid_from <= asked.last_at and (met.valid_to is null or asked.first_at < met.valid_to))
