with

meter_daily as (

    select * from {{ source('features', 'meter_daily') }}

)

select
    bucket_start,
    meter_id,
    metric::text as metric,
    value_sum,
    readings,
    suspect,
    hours

from meter_daily
