-- As of meter_hourly, whose hours are readings of core or new sums; by the metric as core has it, which may be an enum.
-- since, until, and the day: as for the sums.
insert into {features}.meter_daily (
    bucket_start, meter_id, metric, value_sum, value_min, value_max, readings, suspect, hours
)
with

hours as (

    select
        changed.since as bucket_start,
        m.meter_id,
        m.metric,
        m.value as value_sum,
        m.value as value_min,
        m.value as value_max,
        1 as readings,
        (m.quality = 1)::integer as suspect
    from changed_meter_days as changed
    inner join {core}.measurements as m
        on
            changed.meter_id = m.meter_id
            and changed.local_date = (m.time at time zone :zone)::date
            and changed.since <= m.time
            and changed.until > m.time
    where
        m.time >= :since and m.time < :until
        and changed.interval_minutes >= 60
        and not exists (
            select
            from new_hour_sums as sums
            where
                m.meter_id = sums.meter_id
                and m.metric = sums.metric
                and sums.bucket_start = date_trunc('hour', m.time, :zone)
        )
    union all
    select
        changed.since as bucket_start,
        sums.meter_id,
        sums.metric,
        sums.value_sum,
        sums.value_min,
        sums.value_max,
        sums.readings,
        sums.suspect
    from new_hour_sums as sums
    inner join changed_meter_days as changed
        on
            sums.meter_id = changed.meter_id
            and changed.local_date = (sums.bucket_start at time zone :zone)::date

)

select
    bucket_start,
    meter_id,
    metric::text as metric,
    round(sum(value_sum) * 1e9::float8) / 1e9::float8 as value_sum,
    min(value_min) as value_min,
    max(value_max) as value_max,
    sum(readings) as readings,
    sum(suspect) as suspect,
    count(*) as hours
from hours
group by bucket_start, meter_id, metric
order by meter_id, bucket_start, metric
