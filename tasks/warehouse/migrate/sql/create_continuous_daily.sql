-- {zone} is a name that the settings have checked: a view's definition takes no parameters.
create materialized view {features}.meter_daily
with (
    timescaledb.continuous, timescaledb.materialized_only = true, timescaledb.create_group_indexes = false
) as
select
    time_bucket(interval '1 day', bucket_start, '{zone}') as bucket_start,
    meter_id,
    metric,
    sum(value_sum) as value_sum,
    min(value_min) as value_min,
    max(value_max) as value_max,
    sum(readings)::bigint as readings,
    sum(suspect)::bigint as suspect,
    count(*) as hours
from {features}.meter_hourly
group by 1, 2, 3
with no data
