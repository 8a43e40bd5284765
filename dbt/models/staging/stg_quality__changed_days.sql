with

changed_days as (

    select * from {{ source('quality', 'changed_days') }}

),

buildings as (

    select * from {{ source('core', 'buildings') }}

)

select distinct
    changed_days.building_id,
    coalesce(buildings.district_id::text, 'unknown') as district_id,
    changed_days.local_date

from changed_days
inner join buildings on changed_days.building_id = buildings.id

where changed_days.taken
