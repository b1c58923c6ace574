-- One row for each account, site, day, method, route and class of status: what the account's people used; published only where enough visitors stand behind it (CR-7).
with cells as (
    select
        r.account_id,
        r.site,
        r.day,
        r.method,
        coalesce(o.route, '{none}') as route,
        case
            when r.status between 100 and 199 then '1xx'
            when r.status between 200 and 299 then '2xx'
            when r.status between 300 and 399 then '3xx'
            when r.status between 400 and 499 then '4xx'
            when r.status between 500 and 599 then '5xx'
            else 'none'
        end as status_class,
        r.bytes_sent
    from scrubbed.requests as r
    left join scrubbed.routes as o on o.route_id = r.route_id
    where r.day = $day
),
counted as (
    select account_id, site, day, method, route, status_class, count(*) as requests, cast(sum(bytes_sent) as bigint) as bytes_sent
    from cells
    group by account_id, site, day, method, route, status_class
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
