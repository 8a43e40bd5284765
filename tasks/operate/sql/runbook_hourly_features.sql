select * from {features}.ml_hourly_by_building order by ts desc limit 10
