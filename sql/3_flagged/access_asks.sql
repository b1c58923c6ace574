-- One row for each uncovered view, each kind of grant that its account gave and each set of faults of grantor and scope: the key by which such grants are found. Stays in HOME.
with
-- What grants name is all that can be wrong with their scope; faults are powers of two, by their place in the order.
given as (
    select distinct
        account_id,
        if(grantor_fault is null, 0, 8) as of_grantor,
        named
    from flagged.known_grants
    where account_id in (select account_id from flagged.access_uncovered)
),
-- A grant to a team is found by the name of a member, too, where she is looked for so.
kind as (
    select account_id, of_grantor, named from given
    union all
    select account_id, of_grantor, named + 16 from given
    where named & 32 = 32 and account_id in (select account_id from flagged.access_teams where is_personal)
),
shape as (
    select kind.account_id, kind.named, fault_set.faults + kind.of_grantor as faults, kind.named - fault_set.faults as matched
    from kind
    join (select cast(unnest(range(0, 1024, 16)) as integer) as faults) as fault_set on fault_set.faults & kind.named = fault_set.faults
    where kind.named & 48 <> 48 or fault_set.faults & 48 = 0
),
-- Whom a grant may name for this member of staff at this instant, by what was known.
holder as (
    select view.view_id, view.is_then, 32 as of_grantee, member.team as holder_id
    from flagged.access_uncovered as view
    join flagged.access_members as member on member.view_id = view.view_id and if(view.is_then, member.is_then, member.is_now)
    union all
    select view_id, is_then, 48, staff_id
    from flagged.access_uncovered
    where (account_id, staff_id) in (select account_id, staff_id from flagged.access_teams where is_personal)
    union all
    select view_id, is_then, 16, staff_id from flagged.access_uncovered
    union all
    select view_id, is_then, 0, '' from flagged.access_uncovered
),
-- A grant without fault of grantor and scope has one of time, and one of knowledge only if it was recorded later: with more faults none can be nearer.
bound as (
    select view.view_id, view.is_then, min(if(view.is_then and view.judged_at < key.recorded_at, 2, 1)) as most_faults
    from flagged.access_uncovered as view
    join flagged.access_scopes as scope on scope.view_id = view.view_id and if(view.is_then, scope.is_then, scope.is_now)
    join (select key_id, min(recorded_at) as recorded_at from flagged.grant_scopes group by key_id) as key on key.key_id = scope.key_id
    group by view.view_id, view.is_then
),
possible as (
    select
        view.view_id,
        view.is_then,
        view.judged_at,
        shape.account_id,
        shape.named,
        shape.faults,
        coalesce(bound.most_faults, 8) - bit_count(shape.faults) as spare_faults,
        holder.holder_id,
        if(shape.matched & 64 = 64, view.record_class, '') as record_class,
        if(shape.matched & 128 = 128, view.record_id, '') as record_id,
        if(shape.matched & 256 = 256, view.action, '') as action,
        if(shape.matched & 512 = 512, view.case_id, '') as case_id
    from flagged.access_uncovered as view
    join shape on shape.account_id = view.account_id
    join holder on holder.view_id = view.view_id and holder.is_then = view.is_then and holder.of_grantee = shape.matched & 48
    left join bound on bound.view_id = view.view_id and bound.is_then = view.is_then
    where bit_count(shape.faults) <= coalesce(bound.most_faults, 8)
),
wanted as (
    select * from possible where record_class is not null and record_id is not null and action is not null and case_id is not null
),
key as (
    select
        *,
        coalesce(getvariable('numbered_before'), 0) + row_number() over (order by account_id, named, faults, holder_id, record_class, record_id, action, case_id) as key_id
    from (select distinct account_id, named, faults, holder_id, record_class, record_id, action, case_id from wanted) as asked
)
select
    wanted.view_id, -- number of the view
    key.key_id, -- number of the key
    wanted.is_then, -- judged by what was recorded at the access, else by all that is
    wanted.judged_at, -- instant at which grants are judged
    wanted.account_id, -- customer
    wanted.named, -- what such a grant names: the faults of scope that it can have
    wanted.faults, -- those it has, and 8 where its grantor is at fault
    wanted.spare_faults, -- how many of time and knowledge it may have besides
    wanted.holder_id, -- staff id or team it names, or a member of it; empty where it names none or another
    wanted.record_class, -- class it names; likewise
    wanted.record_id, -- record it names; likewise
    wanted.action, -- action it names; likewise
    wanted.case_id -- ticket it names; likewise
from wanted
join key
    on key.account_id = wanted.account_id and key.named = wanted.named and key.faults = wanted.faults and key.holder_id = wanted.holder_id
    and key.record_class = wanted.record_class and key.record_id = wanted.record_id and key.action = wanted.action and key.case_id = wanted.case_id
