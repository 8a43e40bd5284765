select {quality}.ensure_measurement_partitions($1, $2)
