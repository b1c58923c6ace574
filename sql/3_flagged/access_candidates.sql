-- One row for each uncovered view and each grant that is the nearest of one key in a part of the time around it: the nearest of all is among them. Stays in HOME.
with
stretch as (
    select
        span.key_id,
        span.granted_by_staff_id,
        span.grant_rank,
        span.begin_place,
        span.end_place,
        span.then_faults,
        span.now_faults,
        span.slope,
        span.offset_us,
        unnest(range(0, cast(floor(log2(span.end_place - span.begin_place)) as bigint) + 1)) as level
    from flagged.grant_spans as span
),
-- A stretch of places is the union of few nodes, at each level at most one at each end: a node holds 2^level places.
part as (
    select stretch.*, (begin_place + (1 << level) - 1) >> level as first_node, end_place >> level as end_node from stretch
),
height as (
    select key_id, max(level) as height from part where first_node < end_node group by key_id
),
looked_up as (
    select view_id, is_then, key_id, faults, spare_faults, level, place >> level as node
    from (
        select bound.view_id, bound.is_then, bound.key_id, bound.place, bound.faults, bound.spare_faults, unnest(range(0, height.height + 1)) as level
        from flagged.access_bounds as bound
        join height on height.key_id = bound.key_id
    ) as levels
),
-- The best grant of each node that is looked up, for each set of faults, way in which distance goes with time and member of staff who granted it.
best as (
    select
        ends.key_id,
        ends.level,
        ends.node,
        ends.then_faults,
        ends.now_faults,
        ends.slope,
        ends.granted_by_staff_id,
        min(ends.offset_us) as offset_us,
        min_by(ends.grant_rank, cast(ends.offset_us as decimal(38, 0)) * 1000000000 + ends.grant_rank) as grant_rank
    from (
        select part.*, first_node as node from part where first_node < end_node and first_node & 1 = 1
        union all
        select part.*, end_node - 1 from part where first_node < end_node and end_node & 1 = 1
    ) as ends
    join (select distinct key_id, level, node from looked_up) as wanted
        on wanted.key_id = ends.key_id and wanted.level = ends.level and wanted.node = ends.node
    group by ends.key_id, ends.level, ends.node, ends.then_faults, ends.now_faults, ends.slope, ends.granted_by_staff_id
),
-- Of those that staff granted, one of the two nearest is not the actor's own, and no farther grant can come before it.
node as (
    select *
    from best
    qualify row_number() over (
        partition by key_id, level, node, then_faults, now_faults, slope, granted_by_staff_id is null order by offset_us, grant_rank
    ) <= 2
)
select
    looked_up.view_id, -- number of the view
    looked_up.is_then, -- judged by what was recorded at the access, else by all that is
    node.grant_rank, -- the grant
    looked_up.faults + if(looked_up.is_then, node.then_faults, node.now_faults) as faults, -- its faults, powers of two by their place in the order; 8 is any of its grantor
    node.granted_by_staff_id, -- member of staff who granted it; null where no matter
    node.slope, -- whether the distance shrinks, grows or is none as time passes
    node.offset_us -- distance at 1970-01-01, microseconds
from looked_up
join node on node.key_id = looked_up.key_id and node.level = looked_up.level and node.node = looked_up.node
where bit_count(if(looked_up.is_then, node.then_faults, node.now_faults)) <= looked_up.spare_faults
