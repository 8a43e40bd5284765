insert into {features}_staging.meter_hour_sums (
    bucket_start, meter_id, metric, value_sum, value_min, value_max, readings, suspect
)
select
    bucket_start,
    meter_id,
    metric::text as metric,
    value_sum,
    value_min,
    value_max,
    readings,
    suspect
from new_hours
where is_sum
order by meter_id, bucket_start, metric
