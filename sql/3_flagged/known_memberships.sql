-- One row for each membership of a team and each state in which it was known up to the as-of: of several ends, the earliest counts. Stays in HOME.
with
entered as (
    select team.staff_id, team.team, team.valid_from, team.recorded_at, min(team.valid_to) as valid_to
    from scrubbed.teams as team
    cross join scrubbed.run as run
    where team.recorded_at <= run.as_of
    group by team.staff_id, team.team, team.valid_from, team.recorded_at
)
select
    row_number() over (order by staff_id, team, valid_from, recorded_at) as membership, -- number of the row
    staff_id, -- member
    team, -- team
    valid_from, -- first instant of membership
    -- A later row of the same begin can end a membership, never lengthen it.
    min(valid_to) over (
        partition by staff_id, team, valid_from
        order by recorded_at
        rows between unbounded preceding and current row
    ) as valid_to, -- first instant after, as far as known; null = open
    recorded_at, -- from when it was known so
    lead(recorded_at) over (partition by staff_id, team, valid_from order by recorded_at) as superseded_at -- from when it was known otherwise; null = never
from entered
