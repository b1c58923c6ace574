-- One row for each account, site and hour, only for accounts with enough visitors on that site and day to hide each of them (the seats rule).
with seated as (
    select v.account_id, v.site
    from measured.visitors_daily as v
    cross join scrubbed.run as run
    where v.day = $day and v.breakdown = 'account' and v.visitor_days >= run.min_seats
),
totals as (
    select
        r.account_id,
        r.site,
        -- Microseconds from 1970 to the hour: to truncate an instant, DuckDB asks the calendar of a time zone for every row.
        epoch_us(r.occurred_at) - epoch_us(r.occurred_at) % 3600000000 as hour,
        count(*) as requests,
        count(case when r.status between 400 and 499 then 1 end) as client_errors,
        count(case when r.status between 500 and 599 then 1 end) as server_errors,
        cast(sum(r.bytes_sent) as bigint) as bytes_sent,
        count(case when r.is_bot then 1 end) as bot_requests,
        count(case when r.is_hostile then 1 end) as hostile_requests
    from scrubbed.requests as r
    join seated as s on s.account_id is not distinct from r.account_id and s.site = r.site
    where r.day = $day
    group by r.account_id, r.site, epoch_us(r.occurred_at) - epoch_us(r.occurred_at) % 3600000000
),
-- Few logs have durations; a step that both read would hold every request of the day.
durations as (
    select r.account_id, r.site, epoch_us(r.occurred_at) - epoch_us(r.occurred_at) % 3600000000 as hour, r.duration_ms
    from scrubbed.requests as r
    join seated as s on s.account_id is not distinct from r.account_id and s.site = r.site
    where r.day = $day and r.duration_ms is not null
),
timed as (
    select
        account_id,
        site,
        hour,
        duration_ms,
        row_number() over (partition by account_id, site, hour order by duration_ms) as rank_from_1,
        count(*) over (partition by account_id, site, hour) as requests
    from durations
),
percentiles as (
    -- Nearest rank, as in account_requests_daily.
    select
        account_id,
        site,
        hour,
        max(case when 100 * (rank_from_1 - 1) < 50 * requests and 50 * requests <= 100 * rank_from_1 then duration_ms end) as p50_ms,
        max(case when 100 * (rank_from_1 - 1) < 95 * requests and 95 * requests <= 100 * rank_from_1 then duration_ms end) as p95_ms
    from timed
    group by account_id, site, hour
)
select
    t.account_id, -- account; null where no rule finds one
    t.site, -- site
    to_timestamp(t.hour / 1000000) as hour, -- begin of the UTC hour
    t.requests, -- requests, bots and hostile lines included
    t.client_errors, -- answered with status 400 to 499
    t.server_errors, -- answered with status 500 to 599
    t.bytes_sent, -- bytes of response bodies
    t.bot_requests, -- by agents that call themselves programs
    t.hostile_requests, -- that are not HTTP
    p.p50_ms as duration_p50_ms, -- median time to serve, milliseconds (nearest rank); null where no line has one
    p.p95_ms as duration_p95_ms -- 95 of 100 were served within this, milliseconds
from totals as t
left join percentiles as p
    on p.account_id is not distinct from t.account_id and p.site = t.site and p.hour = t.hour
