select exists(select from {features}.meter_daily)
