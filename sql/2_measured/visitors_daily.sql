-- One row for each cell of a breakdown and day: how many visitors it stands on, counted from tokens while the day's key lives and frozen once the day is sealed. Stays in HOME.

-- DuckDB 1.5.6 waits for ever on several distinct aggregates in one plan: so distinct visits are told apart first.
-- A token stands for one account and one class of agent, so those who are told apart by both are told apart by the account.
with visits as (
    select distinct site, account_id, browser, os, device_class, visitor_high, visitor_low
    from scrubbed.visits
    where day = $day
),
counted as (
    select site, account_id, browser, os, device_class, count(visitor_high) as visitor_days
    from visits
    group by site, account_id, browser, os, device_class
),
cells as (
    select site, account_id, 'client' as breakdown, concat_ws(chr(31), browser, os, device_class) as cell, visitor_days from counted
    union all
    select site, account_id, 'account', '', cast(sum(visitor_days) as bigint) from counted group by site, account_id
)
select $day as day, site, account_id, breakdown, cell, visitor_days from cells;

-- Routes are told apart by the lowest of the numbers that share their text, which costs less than the text.
with pages as (
    select route_id, route, min(route_id) over (partition by site, route) as page
    from scrubbed.routes
),
visits as (
    select distinct
        v.site,
        v.account_id,
        v.method,
        p.page,
        case
            when v.status between 100 and 199 then '1xx'
            when v.status between 200 and 299 then '2xx'
            when v.status between 300 and 399 then '3xx'
            when v.status between 400 and 499 then '4xx'
            when v.status between 500 and 599 then '5xx'
            else 'none'
        end as status_class,
        v.visitor_high,
        v.visitor_low
    from scrubbed.visits as v
    left join pages as p on p.route_id = v.route_id
    where v.day = $day
),
by_route as (
    select site, account_id, method, page, status_class, count(visitor_high) as visitor_days
    from visits
    group by site, account_id, method, page, status_class
),
by_page as (
    select site, page, count(visitor_high) as visitor_days
    from (select distinct site, page, visitor_high, visitor_low from visits) as of_page
    group by site, page
),
cells as (
    select
        c.site,
        c.account_id,
        'route' as breakdown,
        concat_ws(chr(31), c.method, coalesce(p.route, '{none}'), c.status_class) as cell,
        c.visitor_days
    from by_route as c
    left join pages as p on p.route_id = c.page
    union all
    select c.site, null, 'page', coalesce(p.route, '{none}'), c.visitor_days
    from by_page as c
    left join pages as p on p.route_id = c.page
)
select $day as day, site, account_id, breakdown, cell, visitor_days from cells;

with visits as (
    select distinct site, coalesce(referrer, 'none') as referrer, visitor_high, visitor_low
    from scrubbed.visits
    where day = $day
)
select
    $day as day, -- UTC day
    site, -- site
    cast(null as varchar) as account_id, -- account; null where unknown, and for a site's breakdowns
    'referrer' as breakdown, -- account, route, client, page or referrer
    referrer as cell, -- the cell, its parts joined by the unit separator
    count(visitor_high) as visitor_days -- distinct visitors that day, neither bots nor hostile lines (CR-7)
from visits
group by site, referrer
