-- Which routes are used most, as far as enough visitors stand behind them to say so?
select
    method, -- HTTP method
    route, -- templated target
    count(distinct account_id) as accounts, -- accounts that show it
    cast(sum(requests) as bigint) as requests, -- rounded requests of the cells that are shown
    cast(sum(visitor_days) as bigint) as visitor_days -- rounded visitors, added up by day
from measured.account_routes_daily
where not is_suppressed
group by method, route
order by requests desc, method, route
limit 50
