-- {aggregate} is meter_hourly or meter_daily.
create index on {features}.{aggregate} (meter_id, bucket_start)
