create materialized view {features}.meter_hourly
with (
    timescaledb.continuous, timescaledb.materialized_only = true, timescaledb.create_group_indexes = false
) as
select
    time_bucket(interval '1 hour', time) as bucket_start,
    meter_id,
    {quality}.metric_name(metric) as metric,
    sum(value) as value_sum,
    min(value) as value_min,
    max(value) as value_max,
    count(*) as readings,
    count(*) filter (where quality = 1) as suspect
from {core}.measurements
group by 1, 2, 3
with no data
