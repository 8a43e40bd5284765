-- Of the changed days the hours that are not one reading at their start. since, until: the window once more, so that
-- other partitions are not read. The day is compared twice: as an equality for many meters, as a range for the index of
-- one.
create temporary table new_hour_sums as
with

changed_readings as not materialized (

    select
        m.meter_id,
        m.metric,
        m.time,
        m.value,
        m.quality,
        changed.interval_minutes,
        date_trunc('hour', m.time, :zone) as bucket_start
    from changed_meter_days as changed
    inner join {core}.measurements as m
        on
            changed.meter_id = m.meter_id
            and changed.local_date = (m.time at time zone :zone)::date
            and changed.since <= m.time
            and changed.until > m.time
    where m.time >= :since and m.time < :until

),

off_the_hour as (

    select distinct
        meter_id,
        metric,
        bucket_start
    from changed_readings
    where interval_minutes >= 60 and time <> bucket_start

),

readings as (

    select
        meter_id,
        metric,
        bucket_start,
        value,
        quality
    from changed_readings
    where interval_minutes < 60
    union all
    select
        m.meter_id,
        m.metric,
        off_the_hour.bucket_start,
        m.value,
        m.quality
    from off_the_hour
    inner join {core}.measurements as m
        on
            off_the_hour.meter_id = m.meter_id
            and off_the_hour.metric = m.metric
            and off_the_hour.bucket_start <= m.time
            and off_the_hour.bucket_start = date_trunc('hour', m.time, :zone)
    where m.time >= :since and m.time < :until

)

select
    bucket_start,
    meter_id,
    metric,
    round(sum(value) * 1e9::float8) / 1e9::float8 as value_sum,
    min(value) as value_min,
    max(value) as value_max,
    count(*) as readings,
    count(*) filter (where quality = 1) as suspect
from readings
group by bucket_start, meter_id, metric
