select
    {quality}.ensure_partitions(
        'meter_daily',
        :partition_days,
        :zone,
        array(select :first_day::date + day from generate_series(0, :last_day::date - :first_day::date) as day)
    )
