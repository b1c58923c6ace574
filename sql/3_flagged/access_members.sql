-- One row for each view of an access and each team of the person at that instant whose grants are found by the team's name. Stays in HOME.
with
asked as (
    select view.view_id, view.staff_id, team.team, view.judged_at, view.lag_us
    from flagged.access_views as view
    join flagged.access_teams as team on team.account_id = view.account_id and team.staff_id = view.staff_id
    where not team.is_personal
),
state as (
    select member.staff_id, member.team, lag.lag_us, member.valid_from, member.valid_to, member.recorded_at, member.superseded_at
    from flagged.known_memberships as member
    join (select distinct staff_id, team, lag_us from asked) as lag on lag.staff_id = member.staff_id and lag.team = member.team
),
-- From when to when an instant finds it known, by what was recorded then and by what is now.
known as (
    select
        staff_id,
        team,
        lag_us,
        true as is_then,
        greatest(valid_from, recorded_at - to_microseconds(lag_us)) as begin_at,
        coalesce(least(valid_to, superseded_at - to_microseconds(lag_us)), timestamptz '9999-12-31 23:59:59.999999+00') as end_at
    from state
    union all
    select staff_id, team, lag_us, false, valid_from, coalesce(valid_to, timestamptz '9999-12-31 23:59:59.999999+00')
    from state
    where superseded_at is null
),
-- An instant lies in one of those that began by then where the latest of their ends lies behind it.
placed as (
    select
        view_id,
        team,
        line_at,
        max(then_to) over so_far as then_to,
        max(now_to) over so_far as now_to
    from (
        select
            cast(null as bigint) as view_id,
            staff_id,
            team,
            lag_us,
            begin_at as line_at,
            if(is_then, end_at, null) as then_to,
            if(is_then, null, end_at) as now_to
        from known
        union all
        select view_id, staff_id, team, lag_us, judged_at, null, null from asked
    ) as line
    window so_far as (partition by staff_id, team, lag_us order by line_at, view_id nulls first rows between unbounded preceding and current row)
)
select
    view_id, -- number of the view
    team, -- team
    coalesce(line_at < then_to, false) as is_then, -- a member by what was recorded at the access
    coalesce(line_at < now_to, false) as is_now -- a member by what was recorded at the as-of
from placed
where view_id is not null and (line_at < then_to or line_at < now_to)
