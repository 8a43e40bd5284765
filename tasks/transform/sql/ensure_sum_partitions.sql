select
    {quality}.ensure_partitions(
        'meter_hour_sums',
        :partition_days,
        :zone,
        array(
            select distinct date(sums.bucket_start at time zone :zone)
            from new_hour_sums as sums
        )
    )
