-- One row for each view of an access that a single grant without fault covers, then or now: the nearest, and the lowest that stands against opt-outs (step 12). Stays in HOME.
with
-- A stretch of places is the union of few nodes, at each level at most one at each end: a node holds 2^level places.
part as (
    select stretch.*, (begin_place + (1 << level) - 1) >> level as first_node, end_place >> level as end_node
    from (
        select
            span.key_id,
            span.refused_us,
            span.grant_rank,
            span.is_plain,
            span.lag_us,
            span.slope,
            span.offset_us,
            span.begin_place,
            span.end_place,
            unnest(range(0, cast(floor(log2(span.end_place - span.begin_place)) as bigint) + 1)) as level
        from flagged.scope_spans as span
    ) as stretch
),
node as (
    select
        key_id,
        refused_us,
        level,
        node,
        is_plain,
        lag_us,
        slope,
        min(grant_rank) as lowest_rank,
        min(offset_us) as offset_us,
        min_by(grant_rank, cast(offset_us as decimal(38, 0)) * 1000000000 + grant_rank) as nearest_rank
    from (
        select part.*, first_node as node from part where first_node < end_node and first_node & 1 = 1
        union all
        select part.*, end_node - 1 from part where first_node < end_node and end_node & 1 = 1
    ) as ends
    group by key_id, refused_us, level, node, is_plain, lag_us, slope
),
height as (
    select key_id, refused_us, max(level) as height from node group by key_id, refused_us
),
looked_up as (
    select instant.key_id, instant.refused_us, instant.place, unnest(range(0, height.height + 1)) as level
    from (select distinct key_id, refused_us, place from flagged.access_scopes) as instant
    join height on height.key_id = instant.key_id and height.refused_us = instant.refused_us
),
found as (
    select looked_up.key_id, looked_up.refused_us, looked_up.place, node.is_plain, node.lag_us, node.slope, node.lowest_rank, node.offset_us, node.nearest_rank
    from looked_up
    join node
        on node.key_id = looked_up.key_id and node.refused_us = looked_up.refused_us
        and node.level = looked_up.level and node.node = looked_up.place >> looked_up.level
),
covering as (
    select
        scope.view_id,
        scope.is_then and (found.is_plain or coalesce(found.lag_us = scope.lag_us, false)) as is_then,
        scope.is_now and found.lag_us is null as is_now,
        scope.stands_then,
        scope.stands_now,
        found.lowest_rank,
        found.nearest_rank,
        found.offset_us + found.slope * epoch_us(scope.judged_at) as distance_us
    from found
    join flagged.access_scopes as scope on scope.key_id = found.key_id and scope.refused_us = found.refused_us and scope.place = found.place
),
compared as (
    select *, cast(distance_us as decimal(38, 0)) * 1000000000 + nearest_rank as farness from covering where is_then or is_now
)
select
    view_id, -- number of the view
    min(lowest_rank) filter (where is_then and stands_then) as then_rank, -- lowest grant that stands too, by what was recorded at the access; null = none
    min_by(nearest_rank, farness) filter (where is_then) as then_nearest_rank, -- nearest grant without fault, the lowest of equals; null = none
    min(distance_us) filter (where is_then) / 1000000.0 as then_distance_s, -- how far its end lies before the access, seconds
    min(lowest_rank) filter (where is_now and stands_now) as now_rank, -- the same by what was recorded at the as-of
    min_by(nearest_rank, farness) filter (where is_now) as now_nearest_rank, -- likewise
    min(distance_us) filter (where is_now) / 1000000.0 as now_distance_s -- likewise
from compared
group by view_id
