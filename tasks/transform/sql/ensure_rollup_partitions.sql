-- $1 the table, $2 days in a partition, $3 zone of local days, $4, $5 first and last day.
select {quality}.ensure_partitions($1, $2, $3, array(select $4::date + day from generate_series(0, $5::date - $4::date) as day))
