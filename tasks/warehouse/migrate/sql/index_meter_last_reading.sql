create unique index on {features}.meter_last_reading (meter_id)
