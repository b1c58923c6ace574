-- One row for each account, site, day, method, route and class of status: what the account's people used; published only where enough visitors stand behind it (CR-7).
with by_number as (
    select account_id, site, day, method, route_id, status - status % 100 as hundreds, count(*) as requests, sum(bytes_sent) as bytes_sent
    from scrubbed.requests
    where day = $day
    group by account_id, site, day, method, route_id, status - status % 100
),
counted as (
    select
        n.account_id,
        n.site,
        n.day,
        n.method,
        coalesce(o.route, '{none}') as route,
        case when n.hundreds is null then 'none' else concat(substr(cast(n.hundreds as varchar), 1, 1), 'xx') end as status_class,
        cast(sum(n.requests) as bigint) as requests,
        cast(sum(n.bytes_sent) as bigint) as bytes_sent
    from by_number as n
    left join scrubbed.routes as o on o.route_id = n.route_id
    group by
        n.account_id,
        n.site,
        n.day,
        n.method,
        coalesce(o.route, '{none}'),
        case when n.hundreds is null then 'none' else concat(substr(cast(n.hundreds as varchar), 1, 1), 'xx') end
)
select
    c.account_id, -- account; null where no rule finds one
    c.site, -- site
    c.day, -- UTC day
    c.method, -- HTTP method
    c.route, -- templated target; {none} where the line has none
    c.status_class, -- 1xx to 5xx; none where the log has no status
    c.requests, -- requests, bots and hostile lines included
    c.bytes_sent, -- bytes of response bodies
    v.visitor_days, -- distinct visitors that day, neither bots nor hostile lines
    false as is_suppressed -- true in the published copy where the cell is hidden
from counted as c
left join measured.visitors_daily as v
    on v.day = c.day
    and v.breakdown = 'route'
    and v.account_id is not distinct from c.account_id
    and v.site = c.site
    and v.cell = concat_ws(chr(31), c.method, c.route, c.status_class)
