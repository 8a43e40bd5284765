select exists(select from {features}.meter_hourly)
