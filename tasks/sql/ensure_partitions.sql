-- $1 table, $2 days a partition, $3, $4 first and last local day, $5 zone of local days.
select {quality}.ensure_partitions(
    $1, $2, array(select day::date from generate_series($3::date, $4::date, interval '1 day') as day), $5
)
