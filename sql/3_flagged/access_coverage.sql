-- One row for each view of an access that a single grant without fault covers: the nearest one, and the lowest that stands against every opt-out (step 12). Stays in HOME.
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
covered as (
    select
        scope.view_id,
        min(found.lowest_rank) filter (where scope.is_standing) as lowest_rank,
        min(found.offset_us + found.slope * epoch_us(scope.judged_at)) as distance_us,
        min_by(
            found.nearest_rank, cast(found.offset_us + found.slope * epoch_us(scope.judged_at) as decimal(38, 0)) * 1000000000 + found.nearest_rank
        ) as nearest_rank
    from found
    join flagged.access_scopes as scope on scope.key_id = found.key_id and scope.refused_us = found.refused_us and scope.place = found.place
    where found.is_plain or scope.lag_us is not distinct from found.lag_us
    group by scope.view_id
)
select
    covered.view_id, -- number of the view
    nearest.grant_id as covering_grant_id, -- nearest grant without fault, the lowest of equals
    covered.distance_us / 1000000.0 as distance_s, -- how far its end lies before the access, seconds
    standing.grant_id -- lowest that stands too; null = opted out
from covered
join flagged.known_grants as nearest on nearest.grant_rank = covered.nearest_rank
left join flagged.known_grants as standing on standing.grant_rank = covered.lowest_rank
