with

meters as (

    select * from {{ source('core', 'meters') }}

),

itp as (

    select * from {{ source('core', 'itp') }}

),

buildings as (

    select * from {{ source('core', 'buildings') }}

)

select
    meters.id as meter_id,
    meters.external_code as meter_code,
    meters.kind,
    meters.interval_minutes,
    buildings.id as building_id,
    buildings.external_code as building_code,
    coalesce(buildings.district_id::text, 'unknown') as district_id

from meters
inner join itp on meters.itp_id = itp.id
inner join buildings on itp.building_id = buildings.id
