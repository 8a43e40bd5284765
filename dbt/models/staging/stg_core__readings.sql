with

measurements as (

    select * from {{ source('core', 'measurements') }}

)

select
    measurements.time as read_at,
    measurements.meter_id,
    measurements.metric::text as metric,
    measurements.value,
    measurements.quality

from measurements
