-- One row for each uncovered view and each key whose grants may be its nearest: how many faults of time and knowledge they may have besides. Stays in HOME.
with
found as (
    select key_id, min(recorded_at) as recorded_at from flagged.grant_matches group by key_id
),
-- A grant has at most one fault of time, and one of knowledge only if it was recorded later.
ask as (
    select
        ask.view_id,
        ask.key_id,
        ask.is_then,
        ask.faults,
        ask.judged_at,
        bit_count(ask.faults) as least_faults,
        -- Of the grants of a member's teams none may reach her at that instant.
        if(ask.named & 48 = 48, null, bit_count(ask.faults) + if(ask.is_then and ask.judged_at < found.recorded_at, 2, 1)) as most_faults
    from flagged.access_asks as ask
    join found on found.key_id = ask.key_id
),
allowed as (
    select *, coalesce(min(most_faults) over (partition by view_id, is_then), 8) - least_faults as spare_faults from ask
)
select
    view_id, -- number of the view
    key_id, -- number of the key
    is_then, -- judged by what was recorded at the access, else by all that is
    faults, -- faults of grantor and scope of its grants
    judged_at, -- instant at which grants are judged
    dense_rank() over (partition by key_id order by judged_at) - 1 as place, -- how many instants of the key's views stand before it
    spare_faults -- how many more a grant may have
from allowed
where spare_faults >= 0
