-- One row for each grant without fault of its own and each class, record and action it names: the key by which accesses find it. Stays in HOME.
with
classes as (
    select item.*, unnest(coalesce(item.record_classes, [''])) as scope_class
    from flagged.known_grants as item
    where item.grantor_fault is null
),
records as (
    select classes.*, unnest(coalesce(classes.record_ids, [''])) as scope_record from classes
),
actions as (
    select records.*, unnest(coalesce(records.actions, [''])) as scope_action from records
)
select distinct
    grant_id, -- the grant
    account_id, -- customer
    grantee_kind, -- person, team or anystaff
    grantee_id, -- staff id or team; empty for anystaff
    record_classes is not null as names_class, -- the class counts
    record_ids is not null as names_record, -- the record counts
    actions is not null as names_action, -- the action counts
    case_id is not null as names_case, -- the ticket counts
    scope_class, -- class; empty where none is named
    scope_record, -- record; empty where none is named
    scope_action, -- action; empty where none is named
    coalesce(case_id, '') as scope_case, -- ticket; empty where none is named
    valid_from, -- first instant covered
    valid_to, -- first instant no longer covered
    recorded_at, -- when it was committed
    revoked_at, -- first instant after its revocation
    revocation_recorded_at -- when the revocation was committed
from actions
