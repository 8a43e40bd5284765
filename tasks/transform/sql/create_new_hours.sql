-- The hours of the changed days on which hours are not all one reading at their start. is_sum: which these are.
create temporary table new_hours as
with

odd_days as (

    select
        changed.meter_id,
        changed.interval_minutes,
        changed.day,
        changed.since,
        changed.until,
        new_days.metric
    from changed_meter_days as changed
    left join new_days
        on
            changed.meter_id = new_days.meter_id
            and changed.since = new_days.bucket_start
            and new_days.is_off_the_hour
    where changed.interval_minutes < 60 or new_days.is_off_the_hour

),

readings as (

    select
        m.meter_id,
        m.metric,
        m.time,
        m.value,
        m.quality,
        odd_days.since as day_start,
        odd_days.interval_minutes,
        (:hours::timestamptz[])[width_bucket(m.time, :hours)] as bucket_start
    from odd_days
    inner join {core}.measurements as m
        on
            odd_days.meter_id = m.meter_id
            and odd_days.day = width_bucket(m.time, :midnights::timestamptz[])
            and odd_days.since <= m.time
            and odd_days.until > m.time
            and (odd_days.interval_minutes < 60 or odd_days.metric = m.metric)
    where m.time >= :since and m.time < :until

)

select
    day_start,
    bucket_start,
    meter_id,
    metric,
    round(sum(value) * 1e9::float8) / 1e9::float8 as value_sum,
    min(value) as value_min,
    max(value) as value_max,
    count(*) as readings,
    count(*) filter (where quality = 1) as suspect,
    bool_or(interval_minutes < 60 or time <> bucket_start) as is_sum
from readings
group by day_start, bucket_start, meter_id, metric
