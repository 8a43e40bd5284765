drop table if exists changed_meter_days, new_days, new_hours
