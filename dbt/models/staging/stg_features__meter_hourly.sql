with

meter_hourly as (

    select * from {{ source('features', 'meter_hourly') }}

)

select
    bucket_start,
    meter_id,
    metric::text as metric,
    value_sum,
    readings,
    suspect

from meter_hourly
