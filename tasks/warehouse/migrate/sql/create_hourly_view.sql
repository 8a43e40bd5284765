-- Most hours have one reading, which is in core: kept are only the sums of others. {zone} is a name that the settings
-- have checked: a view's definition takes no parameters.
create view {features}.meter_hourly as
select
    readings.time as bucket_start,
    readings.meter_id,
    readings.metric::text as metric,
    readings.value as value_sum,
    readings.value as value_min,
    readings.value as value_max,
    1::bigint as readings,
    (readings.quality = 1)::integer::bigint as suspect
from {core}.measurements as readings
inner join {core}.meters as meters on readings.meter_id = meters.id and meters.interval_minutes >= 60
where
    readings.time = date_trunc('hour', readings.time, '{zone}')
    and not exists (
        select
        from {features}_staging.meter_hour_sums as sums
        where
            sums.meter_id = readings.meter_id
            and sums.bucket_start = readings.time
            and sums.metric = readings.metric::text
    )
union all
select
    bucket_start,
    meter_id,
    metric,
    value_sum,
    value_min,
    value_max,
    readings,
    suspect
from {features}_staging.meter_hour_sums
