-- One row for each site, day and route, over all accounts; published only where enough visitors stand behind it (CR-7).
with by_number as (
    select site, day, route_id, count(*) as requests
    from scrubbed.requests
    where day = $day
    group by site, day, route_id
),
counted as (
    select n.site, n.day, coalesce(o.route, '{none}') as route, cast(sum(n.requests) as bigint) as requests
    from by_number as n
    left join scrubbed.routes as o on o.route_id = n.route_id
    group by n.site, n.day, coalesce(o.route, '{none}')
)
select
    c.site, -- site
    c.day, -- UTC day
    c.route, -- templated target; {none} where the line has none
    c.requests, -- requests, bots and hostile lines included
    v.visitor_days, -- distinct visitors that day, neither bots nor hostile lines
    false as is_suppressed -- true in the published copy where the cell is hidden
from counted as c
left join measured.visitors_daily as v on v.day = c.day and v.breakdown = 'page' and v.site = c.site and v.cell = c.route
