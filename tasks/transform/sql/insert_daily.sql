-- since, until: the window once more, so that other partitions are not read.
insert into {features}.meter_daily (
    bucket_start, meter_id, metric, value_sum, value_min, value_max, readings, suspect, hours
)
select
    changed.since as bucket_start,
    hourly.meter_id,
    hourly.metric,
    round(sum(hourly.value_sum) * 1e9::float8) / 1e9::float8 as value_sum,
    min(hourly.value_min) as value_min,
    max(hourly.value_max) as value_max,
    sum(hourly.readings) as readings,
    sum(hourly.suspect) as suspect,
    count(*) as hours
from changed_meter_days as changed
inner join {features}.meter_hourly as hourly
    on
        changed.meter_id = hourly.meter_id
        and changed.local_date = (hourly.bucket_start at time zone :zone)::date
        and changed.since <= hourly.bucket_start
        and changed.until > hourly.bucket_start
where hourly.bucket_start >= :since and hourly.bucket_start < :until
group by 1, 2, 3
order by 2, 1, 3
