-- One row for each grant that counts and is known at the as-of, with what is wrong with it whoever uses it. Stays in HOME.
with
known as (
    select
        item.grant_id,
        item.account_id,
        item.granted_by_staff_id,
        item.is_grantor,
        item.grantee_kind,
        item.grantee_id,
        item.record_classes,
        item.record_ids,
        item.actions,
        item.case_id,
        item.valid_from,
        item.valid_to,
        item.recorded_at,
        item.revoked_at,
        coalesce(item.revocation_recorded_at, item.revoked_at) as revocation_recorded_at,
        item.revoked_at is not null and coalesce(item.revocation_recorded_at, item.revoked_at) <= run.as_of as is_revoked
    from scrubbed.grants as item
    cross join scrubbed.run as run
    where item.recorded_at <= run.as_of and (item.valid_to is null or item.valid_from < item.valid_to)
),
ranked as (
    select grant_id, row_number() over (order by grant_id) as grant_rank from scrubbed.grants where valid_to is null or valid_from < valid_to
)
select
    known.grant_id, -- the grant
    ranked.grant_rank, -- its place among all grants by id
    account_id, -- customer
    granted_by_staff_id, -- member of staff who granted it, where it was one
    case
        when granted_by_staff_id is not null then 'GRANTOR_NOT_CUSTOMER'
        when not is_grantor then 'GRANTOR_NOT_AUTHORISED'
    end as grantor_fault, -- fault of its grantor; null where it was the customer's to give
    grantee_kind, -- person, team or anystaff
    if(grantee_kind = 'anystaff', '', grantee_id) as grantee_id, -- staff id or team; empty for anystaff, null for a person who is not staff
    record_classes, -- null = all, empty = none
    record_ids, -- null = all, empty = none
    actions, -- null = all, empty = none
    case_id, -- ticket; null = any
    case grantee_kind when 'person' then 16 when 'team' then 32 else 0 end + if(record_classes is null, 0, 64) + if(record_ids is null, 0, 128)
    + if(actions is null, 0, 256) + if(case_id is null, 0, 512) as named, -- what it names: the faults of scope it can have, powers of two by their place in the order
    valid_from, -- first instant covered
    valid_to, -- first instant no longer covered
    recorded_at, -- when it was committed
    if(is_revoked, revoked_at, null) as revoked_at, -- first instant after the revocation known at the as-of
    if(is_revoked, revocation_recorded_at, null) as revocation_recorded_at -- when the revocation was committed
from known
join ranked on ranked.grant_id = known.grant_id
