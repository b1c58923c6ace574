-- One row for each site, day and route, over all accounts; published only where enough visitors stand behind it (CR-7).
with counted as (
    select r.site, r.day, coalesce(o.route, '{none}') as route, count(*) as requests
    from scrubbed.requests as r
    left join scrubbed.routes as o on o.route_id = r.route_id
    where r.day = $day
    group by r.site, r.day, coalesce(o.route, '{none}')
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
