with

building_districts as (

    select * from {{ source('quality', 'building_districts') }}

)

select
    building_id,
    building_code,
    district_id,
    since,
    until

from building_districts
