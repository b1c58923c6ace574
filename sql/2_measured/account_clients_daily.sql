-- One row for each account, site, day, browser, operating system and device class; published only where enough visitors stand behind it (CR-7).
with counted as (
    select account_id, site, day, browser, os, device_class, count(*) as requests
    from scrubbed.requests
    where day = $day
    group by account_id, site, day, browser, os, device_class
)
select
    c.account_id, -- account; null where no rule finds one
    c.site, -- site
    c.day, -- UTC day
    c.browser, -- browser family
    c.os, -- operating system family
    c.device_class, -- desktop, mobile, tablet, bot or other
    c.requests, -- requests, bots and hostile lines included
    v.visitor_days, -- distinct visitors that day, neither bots nor hostile lines
    false as is_suppressed -- true in the published copy where the cell is hidden
from counted as c
left join measured.visitors_daily as v
    on v.day = c.day
    and v.breakdown = 'client'
    and v.account_id is not distinct from c.account_id
    and v.site = c.site
    and v.cell = concat_ws(chr(31), c.browser, c.os, c.device_class)
