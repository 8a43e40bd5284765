select
    {quality}.ensure_partitions(
        'meter_hour_sums',
        :partition_days,
        :zone,
        array(
            select distinct date(bucket_start at time zone :zone)
            from new_hours
            where is_sum
        )
    )
