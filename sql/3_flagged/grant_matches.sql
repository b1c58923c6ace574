-- One row for each grant, each key of flagged.access_asks that finds it, and may need it, and each membership through which it does. Stays in HOME.
with
wanted as (
    select distinct account_id, named, faults from flagged.access_asks
),
-- Of what a grant names one is met, or none, which is a fault: each grant stands for the sets of faults alone that are asked for.
shape as (
    select
        item.grant_rank,
        item.account_id,
        item.granted_by_staff_id,
        item.valid_from,
        item.valid_to,
        item.recorded_at,
        item.grantee_id,
        wanted.named,
        wanted.faults,
        if(item.record_classes is null or wanted.faults & 64 = 64, [''], item.record_classes) as record_classes,
        if(item.record_ids is null or wanted.faults & 128 = 128, [''], item.record_ids) as record_ids,
        if(item.actions is null or wanted.faults & 256 = 256, [''], item.actions) as actions,
        if(item.case_id is null or wanted.faults & 512 = 512, '', item.case_id) as case_id
    from flagged.known_grants as item
    join wanted
        on wanted.account_id = item.account_id and if(wanted.named & 48 = 48, wanted.named - 16, wanted.named) = item.named
        and wanted.faults & 8 = if(item.grantor_fault is null, 0, 8)
),
-- Through a team it reaches each member who is looked for by name, as often as she is in it.
member as (
    select 48 as of_grantee, team.account_id, team.team, team.staff_id, state.membership
    from flagged.access_teams as team
    join flagged.known_memberships as state on state.staff_id = team.staff_id and state.team = team.team
    where team.is_personal
),
held as (
    select shape.*, member.membership, if(shape.faults & 48 > 0, '', coalesce(member.staff_id, shape.grantee_id)) as holder_id
    from shape
    left join member on member.of_grantee = shape.named & 48 and member.account_id = shape.account_id and member.team = shape.grantee_id
    where shape.named & 48 <> 48 or member.staff_id is not null
),
class as (
    select held.*, unnest(held.record_classes) as record_class from held
),
record as (
    select class.*, unnest(class.record_ids) as record_id from class
),
met as (
    select record.*, unnest(record.actions) as action from record
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
    met.recorded_at, -- when it was committed
    met.membership -- the membership through which it reaches a member of its team; null = it is found by its own words
from met
join asked
    on asked.account_id = met.account_id and asked.named = met.named and asked.faults = met.faults and asked.holder_id = met.holder_id
    and asked.record_class = met.record_class and asked.record_id = met.record_id and asked.action = met.action and asked.case_id = met.case_id
-- One that may have no fault of time is in force at one of the instants.
where asked.spare_faults > 0 or (met.valid_from <= asked.last_at and (met.valid_to is null or asked.first_at < met.valid_to))
