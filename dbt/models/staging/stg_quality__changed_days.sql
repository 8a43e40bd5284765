with

changed_days as (

    select * from {{ source('quality', 'changed_days') }}
    where taken and {{ in_changed_days('local_date') }}

),

buildings as (

    select * from {{ ref('stg_core__buildings') }}

),

building_days as (

    select
        building_id,
        district_id,
        local_date
    from changed_days
    where building_id is not null or district_id is not null
    union distinct
    -- Days of all buildings.
    select
        buildings.building_id,
        null as district_id,
        changed_days.local_date
    from changed_days
    cross join buildings
    where changed_days.building_id is null and changed_days.district_id is null

)

select distinct
    coalesce(building_days.building_id, 0) as building_id,
    coalesce(building_days.district_id, buildings.district_id, 'unknown') as district_id,
    building_days.local_date

from building_days
left join buildings
    on
        building_days.building_id = buildings.building_id
        and buildings.since < {{ midnight_of('(building_days.local_date + 1)') }}
        and buildings.until > {{ midnight_of('building_days.local_date') }}
