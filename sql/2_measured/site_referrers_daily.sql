-- One row for each site, day and kind of referrer, over all accounts; published only where enough visitors stand behind it (CR-7).
with counted as (
    select site, day, coalesce(referrer, 'none') as referrer, count(*) as requests
    from scrubbed.requests
    where day = $day
    group by site, day, coalesce(referrer, 'none')
)
select
    c.site, -- site
    c.day, -- UTC day
    c.referrer, -- where the request came from: none, internal, search, social, …
    c.requests, -- requests, bots and hostile lines included
    v.visitor_days, -- distinct visitors that day, neither bots nor hostile lines
    false as is_suppressed -- true in the published copy where the cell is hidden
from counted as c
left join measured.visitors_daily as v on v.day = c.day and v.breakdown = 'referrer' and v.site = c.site and v.cell = c.referrer
