-- Of the days that have readings only: one reading of a far-off date must not make thousands of partitions on the way.
select
    {quality}.ensure_partitions(
        'measurements', :days, :zone, coalesce(array_agg(distinct local_date), array[]::date[])
    )
from {quality}.accepted_days(:load_ids::uuid[], :zone)
