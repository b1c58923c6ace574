-- One row for each account and record class: how its records grow, how sure that is, and when they reach the limit.
with latest as (
    -- A measurement that lacks a part says less than an older whole one.
    select account_id, record_class, day as last_day, records, bytes, largest_record_bytes
    from measured.account_records_daily
    qualify row_number() over (partition by account_id, record_class order by cast(is_partial as integer), day desc) = 1
),
point as (
    select
        m.account_id,
        m.record_class,
        cast(date_diff('day', l.last_day, m.day) as double) as x,
        cast(m.records as double) as y
    from measured.account_records_daily as m
    join latest as l on l.account_id is not distinct from m.account_id and l.record_class = m.record_class
    where not m.is_partial and m.day <= l.last_day
),
spans as (
    select unnest([7, 30, 90]) as days
),
fitted as (
    -- Least squares over the days of the window that were measured; the window ends with the last measurement.
    select
        p.account_id,
        p.record_class,
        s.days,
        count(*) as points,
        regr_slope(p.y, p.x) as slope,
        regr_sxx(p.y, p.x) as sxx,
        regr_syy(p.y, p.x) as syy
    from point as p
    join spans as s on p.x > -s.days
    group by p.account_id, p.record_class, s.days
),
trend as (
    -- Rounded, so that the order of a sum never shows.
    select
        account_id,
        record_class,
        days,
        round(case when sxx > 0 then slope end, 6) as slope,
        round(case when points > 2 and sxx > 0 then sqrt(greatest(syy - slope * slope * sxx, 0) / (points - 2) / sxx) end, 6) as error
    from fitted
),
trends as (
    select
        account_id,
        record_class,
        max(case when days = 7 then slope end) as slope_7,
        max(case when days = 7 then error end) as error_7,
        max(case when days = 30 then slope end) as slope_30,
        max(case when days = 30 then error end) as error_30,
        max(case when days = 90 then slope end) as slope_90,
        max(case when days = 90 then error end) as error_90
    from trend
    group by account_id, record_class
),
forecast as (
    -- The faster and the slower growth of the month, two standard errors apart from the trend.
    select
        l.account_id,
        l.record_class,
        l.last_day,
        l.records,
        l.bytes,
        l.largest_record_bytes,
        i.records as record_limit,
        t.slope_7,
        t.error_7,
        t.slope_30,
        t.error_30,
        t.slope_90,
        t.error_90,
        case when l.records >= i.records then 0 when t.slope_30 > 0 then ceil((i.records - l.records) / t.slope_30) end as days_left,
        case when l.records >= i.records then 0 when t.slope_30 + 2 * t.error_30 > 0 then ceil((i.records - l.records) / (t.slope_30 + 2 * t.error_30)) end as days_left_least,
        case when l.records >= i.records then 0 when t.slope_30 - 2 * t.error_30 > 0 then ceil((i.records - l.records) / (t.slope_30 - 2 * t.error_30)) end as days_left_most
    from latest as l
    left join trends as t on t.account_id is not distinct from l.account_id and t.record_class = l.record_class
    left join scrubbed.limits as i on i.record_class = l.record_class
)
select
    account_id, -- customer; null for records that name none
    record_class, -- class of the records
    last_day, -- UTC day of the last measurement that saw all, or of the last at all where none did
    records, -- records then
    bytes, -- uncompressed size of their values then
    largest_record_bytes, -- size of the largest; null where only content could tell
    slope_7 as records_per_day_7d, -- trend over the last 7 days; null for a single measurement
    error_7 as records_per_day_error_7d, -- its standard error; null below three measurements
    slope_30 as records_per_day_30d, -- trend over the last 30 days
    error_30 as records_per_day_error_30d, -- its standard error
    slope_90 as records_per_day_90d, -- trend over the last 90 days
    error_90 as records_per_day_error_90d, -- its standard error
    record_limit, -- most records of the class, from settings; null = no limit
    -- Beyond ten years a straight line says nothing.
    case when days_left <= 3650 then last_day + cast(days_left as integer) end as reached_on, -- day the limit is reached by the 30-day trend; null = not in ten years
    case when days_left_least <= 3650 then last_day + cast(days_left_least as integer) end as reached_earliest, -- by a trend two standard errors steeper
    case when days_left_most <= 3650 then last_day + cast(days_left_most as integer) end as reached_latest -- by a trend two standard errors flatter
from forecast
