-- One row for each member of staff with accesses that grants decide, customer, and team of hers that it gave grants; again for each part that is judged alone. Stays in HOME.
with
asking as (
    select account_id, staff_id, sum(greatest(1, coalesce(array_length(record_ids), 1))) as records
    from flagged.access_facts
    where early_code is null
    group by account_id, staff_id
),
given as (
    select account_id, grantee_id as team, count(*) as grants from flagged.known_grants where grantee_kind = 'team' group by account_id, grantee_id
),
member as (
    select staff_id, team, count(*) as states from flagged.known_memberships group by staff_id, team
)
select
    asking.account_id, -- customer
    asking.staff_id, -- member of staff
    given.team, -- team
    -- Either each record of an access asks for each team, or each grant to a team counts as hers while she is in it: whichever is less work.
    asking.records * count(*) over of_person > sum(given.grants * member.states) over of_person as is_personal -- grants to her teams are found by her name, not by theirs
from asking
join given on given.account_id = asking.account_id
join member on member.staff_id = asking.staff_id and member.team = given.team
window of_person as (partition by asking.account_id, asking.staff_id)
