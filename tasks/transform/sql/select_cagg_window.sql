-- Only where TimescaleDB is installed. The window aligned outward to the aggregate's buckets, because a bucket that is
-- covered in part is not refreshed; but only whole buckets from retention_start on (null: all), before which retention
-- may have dropped readings.
with

aggregate as (

    select
        b.bucket_width::text::interval as width,
        coalesce(b.bucket_timezone, 'UTC') as zone,
        b.bucket_origin::text::timestamptz as origin,
        b.bucket_offset::text::interval as shift
    from _timescaledb_catalog.continuous_agg as c
    cross join lateral _timescaledb_functions.cagg_get_bucket_function_info(c.mat_hypertable_id) as b
    where c.user_view_schema = :schema_name and c.user_view_name = :view_name

),

starts as (

    select
        width,
        zone,
        time_bucket(width, :since::timestamptz, zone, origin, shift) as first_bucket,
        time_bucket(width, :until::timestamptz - interval '1 microsecond', zone, origin, shift) as last_bucket,
        time_bucket(width, :retention_start::timestamptz - interval '1 microsecond', zone, origin, shift) as cut_bucket
    from aggregate

)

select
    greatest(first_bucket, (cut_bucket at time zone zone + width) at time zone zone) as since,
    (last_bucket at time zone zone + width) at time zone zone as until
from starts
