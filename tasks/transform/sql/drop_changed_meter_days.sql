drop table if exists changed_meter_days, new_hour_sums
