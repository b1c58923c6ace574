-- One row for each cell of a breakdown and day: how many visitors it stands on, counted from tokens while the day's key lives and frozen once the day is sealed. Stays in HOME.

-- A statement for each breakdown: DuckDB 1.5.6 waits for ever on several distinct aggregates in one plan.
with told as (
    select distinct r.site, r.account_id, case when r.is_bot or r.is_hostile then null else r.visitor end as visitor
    from scrubbed.requests as r
    where r.day = $day
)
select $day as day, site, account_id, 'account' as breakdown, '' as cell, cast(count(visitor) as bigint) as visitor_days
from told
group by site, account_id;

-- Routes are told apart by the lowest of the numbers that share their text, which costs less than the text.
with pages as (
    select route_id, route, min(route_id) over (partition by site, route) as page
    from scrubbed.routes
),
told as (
    select distinct
        r.site,
        r.account_id,
        r.method,
        p.page,
        case
            when r.status between 100 and 199 then '1xx'
            when r.status between 200 and 299 then '2xx'
            when r.status between 300 and 399 then '3xx'
            when r.status between 400 and 499 then '4xx'
            when r.status between 500 and 599 then '5xx'
            else 'none'
        end as status_class,
        case when r.is_bot or r.is_hostile then null else r.visitor end as visitor
    from scrubbed.requests as r
    left join pages as p on p.route_id = r.route_id
    where r.day = $day
),
counted as (
    select site, account_id, method, page, status_class, count(visitor) as visitor_days
    from told
    group by site, account_id, method, page, status_class
)
select
    $day as day,
    c.site,
    c.account_id,
    'route' as breakdown,
    concat_ws(chr(31), c.method, coalesce(p.route, '{none}'), c.status_class) as cell,
    cast(c.visitor_days as bigint) as visitor_days
from counted as c
left join pages as p on p.route_id = c.page;

with told as (
    select distinct r.site, r.account_id, r.browser, r.os, r.device_class, case when r.is_bot or r.is_hostile then null else r.visitor end as visitor
    from scrubbed.requests as r
    where r.day = $day
)
select
    $day as day,
    site,
    account_id,
    'client' as breakdown,
    concat_ws(chr(31), browser, os, device_class) as cell,
    cast(count(visitor) as bigint) as visitor_days
from told
group by site, account_id, browser, os, device_class;

with pages as (
    select route_id, route, min(route_id) over (partition by site, route) as page
    from scrubbed.routes
),
told as (
    select distinct r.site, p.page, case when r.is_bot or r.is_hostile then null else r.visitor end as visitor
    from scrubbed.requests as r
    left join pages as p on p.route_id = r.route_id
    where r.day = $day
),
counted as (
    select site, page, count(visitor) as visitor_days
    from told
    group by site, page
)
select
    $day as day,
    c.site,
    cast(null as varchar) as account_id,
    'page' as breakdown,
    coalesce(p.route, '{none}') as cell,
    cast(c.visitor_days as bigint) as visitor_days
from counted as c
left join pages as p on p.route_id = c.page;

with told as (
    select distinct r.site, coalesce(r.referrer, 'none') as referrer, case when r.is_bot or r.is_hostile then null else r.visitor end as visitor
    from scrubbed.requests as r
    where r.day = $day
)
select
    $day as day, -- UTC day
    site, -- site
    cast(null as varchar) as account_id, -- account; null where unknown, and for a site's breakdowns
    'referrer' as breakdown, -- account, route, client, page or referrer
    referrer as cell, -- the cell, its parts joined by the unit separator
    cast(count(visitor) as bigint) as visitor_days -- distinct visitors that day, neither bots nor hostile lines (CR-7)
from told
group by site, referrer
