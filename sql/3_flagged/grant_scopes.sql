-- One row for each grant without fault of its own and each class, record and action it names: the key by which accesses find it. Stays in HOME.
with
sound as (
    select
        grant_id,
        account_id,
        grantee_kind,
        grantee_id,
        record_classes is not null as names_class,
        record_ids is not null as names_record,
        actions is not null as names_action,
        case_id is not null as names_case,
        coalesce(record_classes, ['']) as record_classes,
        coalesce(record_ids, ['']) as record_ids,
        coalesce(actions, ['']) as actions,
        coalesce(case_id, '') as scope_case,
        valid_from,
        valid_to,
        recorded_at,
        revoked_at,
        revocation_recorded_at
    from flagged.known_grants
    where grantor_fault is null
),
class as (
    select sound.*, unnest(sound.record_classes) as scope_class from sound
),
record as (
    select class.*, unnest(class.record_ids) as scope_record from class
),
action as (
    select record.*, unnest(record.actions) as scope_action from record
)
select distinct
    grant_id, -- the grant
    account_id, -- customer
    grantee_kind, -- person, team or anystaff
    grantee_id, -- staff id or team; empty for anystaff
    names_class, -- the class counts
    names_record, -- the record counts
    names_action, -- the action counts
    names_case, -- the ticket counts
    scope_class, -- class; empty where none is named
    scope_record, -- record; empty where none is named
    scope_action, -- action; empty where none is named
    scope_case, -- ticket; empty where none is named
    valid_from, -- first instant covered
    valid_to, -- first instant no longer covered
    recorded_at, -- when it was committed
    revoked_at, -- first instant after its revocation
    revocation_recorded_at -- when the revocation was committed
from action
