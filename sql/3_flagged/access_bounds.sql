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
        ask.faults,
        view.place,
        bit_count(ask.faults) as least_faults,
        bit_count(ask.faults) + if(ask.is_then and view.judged_at < found.recorded_at, 2, 1) as most_faults
    from flagged.access_asks as ask
    join found on found.key_id = ask.key_id
    join flagged.access_uncovered as view on view.view_id = ask.view_id
)
select
    view_id, -- number of the view
    key_id, -- number of the key
    faults, -- faults of grantor and scope of its grants
    place, -- place of the view among the instants of its account
    min(most_faults) over (partition by view_id) - least_faults as spare_faults -- how many more a grant may have
from ask
qualify least_faults <= min(most_faults) over (partition by view_id)
