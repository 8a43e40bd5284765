insert into {features}.meter_daily (
    bucket_start, meter_id, metric, value_sum, value_min, value_max, readings, suspect, hours
)
select
    bucket_start,
    meter_id,
    metric::text as metric,
    value_sum,
    value_min,
    value_max,
    readings,
    suspect,
    readings as hours
from new_days
where not is_off_the_hour
union all
select
    day_start as bucket_start,
    meter_id,
    metric::text as metric,
    round(sum(value_sum) * 1e9::float8) / 1e9::float8 as value_sum,
    min(value_min) as value_min,
    max(value_max) as value_max,
    sum(readings) as readings,
    sum(suspect) as suspect,
    count(*) as hours
from new_hours
group by day_start, meter_id, metric
order by meter_id, bucket_start, metric
