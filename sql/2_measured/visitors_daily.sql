-- One row for each cell of a breakdown and day: how many visitors it stands on, counted from tokens while the day's key lives and frozen once the day is sealed. Stays in HOME.
with request as (
    select
        r.site,
        r.account_id,
        case when r.is_bot or r.is_hostile then null else r.visitor end as visitor,
        r.method,
        r.route_id,
        case
            when r.status between 100 and 199 then '1xx'
            when r.status between 200 and 299 then '2xx'
            when r.status between 300 and 399 then '3xx'
            when r.status between 400 and 499 then '4xx'
            when r.status between 500 and 599 then '5xx'
            else 'none'
        end as status_class,
        r.browser,
        r.os,
        r.device_class,
        r.referrer
    from scrubbed.requests as r
    where r.day = $day
),
-- A number stands in for the token and one for the text of a route: numbers are told apart at a fraction of the cost.
visitors as (
    select visitor, row_number() over (order by visitor) as visitor_number
    from (select distinct visitor from request where visitor is not null)
),
routes as (
    select route_id, route, min(route_id) over (partition by site, route) as page
    from scrubbed.routes
),
numbered as (
    select r.site, r.account_id, v.visitor_number, r.method, o.page, r.status_class, r.browser, r.os, r.device_class, r.referrer
    from request as r
    left join visitors as v on v.visitor = r.visitor
    left join routes as o on o.route_id = r.route_id
),
-- Not count(distinct …): DuckDB 1.5.6 waits for ever on five of them over one step with two threads.
of_accounts as (
    select site, account_id, count(visitor_number) as visitor_days
    from (select distinct site, account_id, visitor_number from numbered)
    group by site, account_id
),
of_routes as (
    select site, account_id, method, page, status_class, count(visitor_number) as visitor_days
    from (select distinct site, account_id, method, page, status_class, visitor_number from numbered)
    group by site, account_id, method, page, status_class
),
of_clients as (
    select site, account_id, browser, os, device_class, count(visitor_number) as visitor_days
    from (select distinct site, account_id, browser, os, device_class, visitor_number from numbered)
    group by site, account_id, browser, os, device_class
),
of_pages as (
    select site, page, count(visitor_number) as visitor_days
    from (select distinct site, page, visitor_number from numbered)
    group by site, page
),
of_referrers as (
    select site, referrer, count(visitor_number) as visitor_days
    from (select distinct site, referrer, visitor_number from numbered)
    group by site, referrer
),
cells as (
    select site, account_id, 'account' as breakdown, '' as cell, visitor_days from of_accounts
    union all
    select
        r.site,
        r.account_id,
        'route' as breakdown,
        concat_ws(chr(31), r.method, coalesce(o.route, '{none}'), r.status_class) as cell,
        r.visitor_days
    from of_routes as r
    left join routes as o on o.route_id = r.page
    union all
    select site, account_id, 'client' as breakdown, concat_ws(chr(31), browser, os, device_class) as cell, visitor_days from of_clients
    union all
    select p.site, cast(null as varchar) as account_id, 'page' as breakdown, coalesce(o.route, '{none}') as cell, p.visitor_days
    from of_pages as p
    left join routes as o on o.route_id = p.page
    union all
    select site, cast(null as varchar) as account_id, 'referrer' as breakdown, coalesce(referrer, 'none') as cell, visitor_days from of_referrers
)
select
    $day as day, -- UTC day
    site, -- site
    account_id, -- account; null where unknown, and for a site's breakdowns
    breakdown, -- account, route, client, page or referrer
    cell, -- the cell, its parts joined by the unit separator
    cast(visitor_days as bigint) as visitor_days -- distinct visitors that day, neither bots nor hostile lines (CR-7)
from cells
