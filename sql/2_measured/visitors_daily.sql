-- One row for each cell of a breakdown and day: how many visitors it stands on, counted from tokens while the day's key lives and frozen once the day is sealed. Stays in HOME.

-- DuckDB 1.5.6 waits for ever on several distinct aggregates in one plan: so distinct visits are told apart first.
-- What visits are counted by is numbered before that: each text by which millions of them are told apart costs as much as the token.

-- Routes are told apart by the lowest of the numbers that share their text, sites by the lowest of those that stand for them.
with pages as (
    select route_id, route, min(route_id) over (partition by site, route) as page
    from scrubbed.routes
),
callers as (
    select
        site,
        account_id,
        method,
        cast(row_number() over (order by site, account_id, method) as integer) as caller,
        cast(rank() over (order by site) as integer) as site_number
    from (select distinct site, account_id, method from scrubbed.visits where day = $day) as met
),
visits as (
    select distinct
        c.caller,
        c.site_number,
        p.page,
        v.status - v.status % 100 as hundreds,
        v.visitor_high,
        v.visitor_low
    from scrubbed.visits as v
    join callers as c on c.site = v.site and c.account_id is not distinct from v.account_id and c.method = v.method
    left join pages as p on p.route_id = v.route_id
    where v.day = $day
),
by_route as (
    select caller, page, hundreds, count(visitor_high) as visitor_days
    from visits
    group by caller, page, hundreds
),
by_page as (
    select site_number, page, count(visitor_high) as visitor_days
    from (select distinct site_number, page, visitor_high, visitor_low from visits) as of_page
    group by site_number, page
),
sites as (
    select distinct site_number, site from callers
),
cells as (
    select
        c.site,
        c.account_id,
        'route' as breakdown,
        concat_ws(
            chr(31),
            c.method,
            coalesce(p.route, '{none}'),
            case when n.hundreds is null then 'none' else concat(substr(cast(n.hundreds as varchar), 1, 1), 'xx') end
        ) as cell,
        n.visitor_days
    from by_route as n
    join callers as c on c.caller = n.caller
    left join pages as p on p.route_id = n.page
    union all
    select s.site, null, 'page', coalesce(p.route, '{none}'), n.visitor_days
    from by_page as n
    join sites as s on s.site_number = n.site_number
    left join pages as p on p.route_id = n.page
)
select $day as day, site, account_id, breakdown, cell, visitor_days from cells;

-- Visits of a visitor differ in few of these, so what is counted by any of them is counted from a small part of the rows.
-- A token stands for one account and one class of agent, so those who are told apart by both are told apart by the account.
with origins as (
    select
        *,
        cast(row_number() over (order by site, account_id, browser, os, device_class, referrer) as integer) as origin,
        cast(rank() over (order by site, account_id, browser, os, device_class) as integer) as client,
        cast(rank() over (order by site, referrer) as integer) as link
    from (
        select distinct site, account_id, browser, os, device_class, coalesce(referrer, 'none') as referrer
        from scrubbed.visits
        where day = $day
    ) as met
),
visits as (
    select distinct o.origin, v.visitor_high, v.visitor_low
    from scrubbed.visits as v
    join origins as o
        on o.site = v.site
        and o.account_id is not distinct from v.account_id
        and o.browser = v.browser
        and o.os = v.os
        and o.device_class = v.device_class
        and o.referrer = coalesce(v.referrer, 'none')
    where v.day = $day
),
by_client as (
    select client, count(visitor_high) as visitor_days
    from (select distinct o.client, v.visitor_high, v.visitor_low from visits as v join origins as o on o.origin = v.origin) as of_client
    group by client
),
by_link as (
    select link, count(visitor_high) as visitor_days
    from (select distinct o.link, v.visitor_high, v.visitor_low from visits as v join origins as o on o.origin = v.origin) as of_link
    group by link
),
clients as (
    select distinct client, site, account_id, browser, os, device_class from origins
),
links as (
    select distinct link, site, referrer from origins
),
cells as (
    select c.site, c.account_id, 'client' as breakdown, concat_ws(chr(31), c.browser, c.os, c.device_class) as cell, n.visitor_days
    from by_client as n
    join clients as c on c.client = n.client
    union all
    select c.site, c.account_id, 'account', '', cast(sum(n.visitor_days) as bigint)
    from by_client as n
    join clients as c on c.client = n.client
    group by c.site, c.account_id
    union all
    select l.site, null, 'referrer', l.referrer, n.visitor_days
    from by_link as n
    join links as l on l.link = n.link
)
select
    $day as day, -- UTC day
    site, -- site
    account_id, -- account; null where unknown, and for a site's breakdowns
    breakdown, -- account, route, client, page or referrer
    cell, -- the cell, its parts joined by the unit separator
    visitor_days -- distinct visitors that day, neither bots nor hostile lines (CR-7)
from cells
