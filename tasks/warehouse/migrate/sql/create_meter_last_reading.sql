create view {features}.meter_last_reading as
select
    meters.id as meter_id,
    meters.external_code as meter_code,
    last_hour.bucket_start as last_time
from {core}.meters as meters
left join lateral (
    select daily.bucket_start
    from {features}.meter_daily as daily
    where daily.meter_id = meters.id
    order by daily.bucket_start desc
    limit 1
) as last_day on true
left join lateral (
    select max(hourly.bucket_start) as bucket_start
    from {features}.meter_hourly as hourly
    where
        hourly.meter_id = meters.id
        and hourly.bucket_start >= last_day.bucket_start
        and hourly.bucket_start < last_day.bucket_start + interval '25 hours'
) as last_hour on true
