-- One row for each access that lasts, a session or a stamp that stands for a second, and each instant about it at which its permission can change. Stays in HOME.
with
lasting as (
    select
        event_number,
        account_id,
        staff_id,
        begin_at - to_microseconds(skew_us) as from_at,
        end_at + to_microseconds(skew_us + 1000000) as to_at
    from flagged.access_facts
    where early_code is null and (is_session or is_whole_second)
),
-- Whose instants matter: those of grants to this person, to any of their teams or to any staff, of opt-outs and of memberships.
asked as (
    select event_number, from_at, to_at, 'person' as kind, account_id, staff_id as holder_id from lasting
    union all
    select event_number, from_at, to_at, 'anystaff', account_id, '' from lasting
    union all
    select lasting.event_number, lasting.from_at, lasting.to_at, 'team', lasting.account_id, team.team
    from lasting
    join flagged.access_teams as team on team.account_id = lasting.account_id and team.staff_id = lasting.staff_id
    where not team.is_personal
    union all
    select event_number, from_at, to_at, 'teams', account_id, staff_id from lasting
    union all
    select event_number, from_at, to_at, 'opt_out', account_id, '' from lasting
    union all
    select event_number, from_at, to_at, 'membership', '', staff_id from lasting
),
told as (
    select grantee_kind as kind, account_id, grantee_id as holder_id, unnest([valid_from, valid_to, recorded_at, revoked_at, revocation_recorded_at]) as edge_at
    from flagged.known_grants
    where grantor_fault is null and account_id in (select account_id from lasting)
    union all
    select 'teams', item.account_id, team.staff_id, unnest([item.valid_from, item.valid_to, item.recorded_at, item.revoked_at, item.revocation_recorded_at])
    from flagged.known_grants as item
    join flagged.access_teams as team on team.account_id = item.account_id and team.team = item.grantee_id and team.is_personal
    where item.grantor_fault is null and item.grantee_kind = 'team'
    union all
    select 'opt_out', account_id, '', unnest([valid_from, valid_to, recorded_at]) from scrubbed.opt_outs
    union all
    select 'membership', '', staff_id, unnest([valid_from, valid_to, recorded_at]) from flagged.known_memberships
),
edge as (
    select kind, account_id, holder_id, edge_at, row_number() over (partition by kind, account_id, holder_id order by edge_at) as place
    from (
        select distinct told.kind, told.account_id, told.holder_id, told.edge_at
        from told
        join (select distinct kind, account_id, holder_id from asked) as wanted
            on wanted.kind = told.kind and wanted.account_id = told.account_id and wanted.holder_id = told.holder_id
        where told.edge_at is not null
    ) as edges
),
-- Where an access begins and ends among the edges: how many stand before.
placed as (
    select
        event_number,
        kind,
        account_id,
        holder_id,
        count(place) over (partition by kind, account_id, holder_id order by line_at, is_edge rows between unbounded preceding and current row) as place
    from (
        select event_number, kind, account_id, holder_id, unnest([from_at, to_at]) as line_at, null as place, false as is_edge from asked
        union all
        select null, kind, account_id, holder_id, edge_at, place, true from edge
    ) as line
    qualify event_number is not null
),
about as (
    select event_number, kind, account_id, holder_id, unnest(range(min(place) + 1, max(place) + 1)) as place
    from placed
    group by event_number, kind, account_id, holder_id
)
select distinct
    about.event_number, -- number of the access
    edge.edge_at -- the instant
from about
join edge on edge.kind = about.kind and edge.account_id = about.account_id and edge.holder_id = about.holder_id and edge.place = about.place
