with

meter_placements as (

    select * from {{ source('quality', 'meter_placements') }}

)

select
    meter_id,
    meter_code,
    kind,
    interval_minutes,
    building_id,
    building_code,
    district_id,
    since,
    until,
    register_digits,
    register_step

from meter_placements
