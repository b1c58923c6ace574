-- One row for each cell of a breakdown and day: how many visitors it stands on, counted from tokens while the day's key lives and frozen once the day is sealed. Stays in HOME.

-- A statement for each breakdown: DuckDB 1.5.6 waits for ever on several distinct aggregates in one plan.
select
    $day as day,
    site,
    account_id,
    'account' as breakdown,
    '' as cell,
    count(distinct case when is_bot or is_hostile then null else visitor end) as visitor_days
from scrubbed.requests
where day = $day
group by site, account_id;

-- Routes are told apart by the lowest of the numbers that share their text, which costs less than the text.
with pages as (
    select route_id, route, min(route_id) over (partition by site, route) as page
    from scrubbed.routes
),
counted as (
    select
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
        count(distinct case when r.is_bot or r.is_hostile then null else r.visitor end) as visitor_days
    from scrubbed.requests as r
    left join pages as p on p.route_id = r.route_id
    where r.day = $day
    group by all
)
select
    $day as day,
    c.site,
    c.account_id,
    'route' as breakdown,
    concat_ws(chr(31), c.method, coalesce(p.route, '{none}'), c.status_class) as cell,
    c.visitor_days
from counted as c
left join pages as p on p.route_id = c.page;

select
    $day as day,
    site,
    account_id,
    'client' as breakdown,
    concat_ws(chr(31), browser, os, device_class) as cell,
    count(distinct case when is_bot or is_hostile then null else visitor end) as visitor_days
from scrubbed.requests
where day = $day
group by site, account_id, browser, os, device_class;

with pages as (
    select route_id, route, min(route_id) over (partition by site, route) as page
    from scrubbed.routes
),
counted as (
    select r.site, p.page, count(distinct case when r.is_bot or r.is_hostile then null else r.visitor end) as visitor_days
    from scrubbed.requests as r
    left join pages as p on p.route_id = r.route_id
    where r.day = $day
    group by r.site, p.page
)
select
    $day as day,
    c.site,
    cast(null as varchar) as account_id,
    'page' as breakdown,
    coalesce(p.route, '{none}') as cell,
    c.visitor_days
from counted as c
left join pages as p on p.route_id = c.page;

select
    $day as day, -- UTC day
    site, -- site
    cast(null as varchar) as account_id, -- account; null where unknown, and for a site's breakdowns
    'referrer' as breakdown, -- account, route, client, page or referrer
    coalesce(referrer, 'none') as cell, -- the cell, its parts joined by the unit separator
    count(distinct case when is_bot or is_hostile then null else visitor end) as visitor_days -- distinct visitors that day, neither bots nor hostile lines (CR-7)
from scrubbed.requests
where day = $day
group by site, coalesce(referrer, 'none')
