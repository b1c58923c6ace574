-- One row for each account, site and day: how much the account asked for and how the service answered, in totals that name nobody (CR-6, CR-7).
with totals as (
    select
        r.account_id,
        r.site,
        r.day,
        count(*) as requests,
        count(case when r.status between 400 and 499 then 1 end) as client_errors,
        count(case when r.status between 500 and 599 then 1 end) as server_errors,
        cast(sum(r.bytes_sent) as bigint) as bytes_sent,
        count(case when r.is_bot then 1 end) as bot_requests,
        count(case when r.is_hostile then 1 end) as hostile_requests,
        count(case when r.is_late then 1 end) as late_unlinked
    from scrubbed.requests as r
    where r.day = $day
    group by r.account_id, r.site, r.day
),
timed as (
    select
        account_id,
        site,
        duration_ms,
        row_number() over (partition by account_id, site order by duration_ms) as rank_from_1,
        count(*) over (partition by account_id, site) as requests
    from scrubbed.requests
    where day = $day and duration_ms is not null
),
percentiles as (
    -- Nearest rank, in whole numbers: the request of rank n stands for p percent where 100 (n - 1) < p * requests <= 100 n.
    select
        account_id,
        site,
        max(case when 100 * (rank_from_1 - 1) < 50 * requests and 50 * requests <= 100 * rank_from_1 then duration_ms end) as p50_ms,
        max(case when 100 * (rank_from_1 - 1) < 95 * requests and 95 * requests <= 100 * rank_from_1 then duration_ms end) as p95_ms
    from timed
    group by account_id, site
)
select
    t.account_id, -- account; null where no rule finds one
    t.site, -- site
    t.day, -- UTC day
    t.requests, -- requests, bots and hostile lines included
    t.client_errors, -- answered with status 400 to 499
    t.server_errors, -- answered with status 500 to 599
    t.bytes_sent, -- bytes of response bodies
    t.bot_requests, -- by agents that call themselves programs
    t.hostile_requests, -- that are not HTTP
    p.p50_ms as duration_p50_ms, -- median time to serve, milliseconds (nearest rank); null where no line has one
    p.p95_ms as duration_p95_ms, -- 95 of 100 were served within this, milliseconds
    v.visitor_days, -- distinct visitors that day, neither bots nor hostile lines; cannot be added up to weekly or monthly visitors
    t.late_unlinked -- lines that came after the day was sealed: counted above, but in no visitor count
from totals as t
left join percentiles as p on p.account_id is not distinct from t.account_id and p.site = t.site
left join measured.visitors_daily as v
    on v.day = t.day and v.breakdown = 'account' and v.account_id is not distinct from t.account_id and v.site = t.site
