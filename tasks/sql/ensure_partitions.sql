select {quality}.ensure_partitions($1, $2, $3, $4)
