-- One row for each cell of a breakdown and day: how many visitors it stands on, counted from tokens while the day's key lives and frozen once the day is sealed. Stays in HOME.
with request as (
    select
        r.day,
        r.site,
        r.account_id,
        case when r.is_bot or r.is_hostile then null else r.visitor end as visitor,
        concat_ws(
            chr(31),
            r.method,
            coalesce(o.route, '{none}'),
            case
                when r.status between 100 and 199 then '1xx'
                when r.status between 200 and 299 then '2xx'
                when r.status between 300 and 399 then '3xx'
                when r.status between 400 and 499 then '4xx'
                when r.status between 500 and 599 then '5xx'
                else 'none'
            end
        ) as route_cell,
        concat_ws(chr(31), r.browser, r.os, r.device_class) as client_cell,
        coalesce(o.route, '{none}') as page_cell,
        coalesce(r.referrer, 'none') as referrer_cell
    from scrubbed.requests as r
    left join scrubbed.routes as o on o.route_id = r.route_id
    where r.day = $day
),
breakdowns as (
    select day, site, account_id, 'account' as breakdown, '' as cell, visitor from request
    union all
    select day, site, account_id, 'route' as breakdown, route_cell as cell, visitor from request
    union all
    select day, site, account_id, 'client' as breakdown, client_cell as cell, visitor from request
    union all
    select day, site, cast(null as varchar) as account_id, 'page' as breakdown, page_cell as cell, visitor from request
    union all
    select day, site, cast(null as varchar) as account_id, 'referrer' as breakdown, referrer_cell as cell, visitor from request
),
-- Not count(distinct …): DuckDB 1.5.6 waits for ever on five of them over one step with two threads.
once as (
    select distinct day, site, account_id, breakdown, cell, visitor from breakdowns
),
cells as (
    select day, site, account_id, breakdown, cell, count(visitor) as visitor_days
    from once
    group by day, site, account_id, breakdown, cell
)
select
    day, -- UTC day
    site, -- site
    account_id, -- account; null where unknown, and for a site's breakdowns
    breakdown, -- account, route, client, page or referrer
    cell, -- the cell, its parts joined by the unit separator
    cast(visitor_days as bigint) as visitor_days -- distinct visitors that day, neither bots nor hostile lines (CR-7)
from cells
