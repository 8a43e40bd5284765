-- $1 loads, $2 zone of local days, $3 days in a partition. Of the days that have readings only: one reading of a
-- far-off date must not make thousands of partitions on the way to it.
with

spans as (

    select distinct
        (times_utc[1] at time zone 'UTC' at time zone $2)::date as first,
        (times_utc[cardinality(times_utc)] at time zone 'UTC' at time zone $2)::date as last,
        case when times_utc[cardinality(times_utc)] - times_utc[1] > interval '7 days' then times_utc end as times_utc
    from {stage}.parsed_series
    where load_id = any($1::uuid[]) and quality < 2

),

local_days as (

    select days.day::date as day
    from spans
    cross join lateral generate_series(spans.first, spans.last, interval '1 day') as days (day)
    where spans.times_utc is null
    union
    select (moments.time_utc at time zone 'UTC' at time zone $2)::date
    from spans
    cross join lateral unnest(spans.times_utc) as moments (time_utc)

)

select {quality}.ensure_partitions('measurements', $3, $2, coalesce(array_agg(day), array[]::date[]))
from local_days
