-- One row for each grant without fault of its own and each class, record and action it names: the key by which accesses find it. Stays in HOME.
with
sound as (
    select
        grant_rank,
        account_id,
        named,
        grantee_id,
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
    where grantor_fault is null and grantee_id is not null
),
class as (
    select sound.*, unnest(sound.record_classes) as scope_class from sound
),
record as (
    select class.*, unnest(class.record_ids) as scope_record from class
),
action as (
    select record.*, unnest(record.actions) as scope_action from record
),
key as (
    select
        *,
        row_number() over (order by account_id, named, grantee_id, scope_class, scope_record, scope_action, scope_case) as key_id
    from (select distinct account_id, named, grantee_id, scope_class, scope_record, scope_action, scope_case from action) as scope
)
select
    action.grant_rank, -- the grant
    key.key_id, -- number of the key
    action.account_id, -- customer
    action.named, -- what of the key counts, a power of two each: 16 a person, 32 a team, 64 the class, 128 the record, 256 the action, 512 the ticket
    action.grantee_id, -- staff id or team; empty for anystaff
    action.scope_class, -- class; empty where none is named
    action.scope_record, -- record; empty where none is named
    action.scope_action, -- action; empty where none is named
    action.scope_case, -- ticket; empty where none is named
    action.valid_from, -- first instant covered
    action.valid_to, -- first instant no longer covered
    action.recorded_at, -- when it was committed
    action.revoked_at, -- first instant after its revocation
    action.revocation_recorded_at -- when the revocation was committed
from action
join key
    on key.account_id = action.account_id and key.named = action.named and key.grantee_id = action.grantee_id and key.scope_class = action.scope_class
    and key.scope_record = action.scope_record and key.scope_action = action.scope_action and key.scope_case = action.scope_case
