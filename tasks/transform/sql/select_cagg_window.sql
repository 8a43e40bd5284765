-- Only where TimescaleDB is there: $1, $2 schema and name of a continuous aggregate, $3, $4 the window; gives the
-- window aligned outward to its buckets, for a bucket that is not covered whole is not refreshed; but only whole
-- buckets from $5 on (null: all), before which retention may have dropped readings.
with

aggregate as (

    select
        b.bucket_width::text::interval as width,
        coalesce(b.bucket_timezone, 'UTC') as zone,
        b.bucket_origin::text::timestamptz as origin,
        b.bucket_offset::text::interval as shift
    from _timescaledb_catalog.continuous_agg as c
    cross join lateral _timescaledb_functions.cagg_get_bucket_function_info(c.mat_hypertable_id) as b
    where c.user_view_schema = $1 and c.user_view_name = $2

),

starts as (

    select
        width,
        zone,
        time_bucket(width, $3::timestamptz, zone, origin, shift) as first_bucket,
        time_bucket(width, $4::timestamptz - interval '1 microsecond', zone, origin, shift) as last_bucket,
        time_bucket(width, $5::timestamptz - interval '1 microsecond', zone, origin, shift) as cut_bucket
    from aggregate

)

select
    greatest(first_bucket, (cut_bucket at time zone zone + width) at time zone zone) as since,
    (last_bucket at time zone zone + width) at time zone zone as until
from starts
