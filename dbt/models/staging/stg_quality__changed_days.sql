with

changed_days as (

    select * from {{ source('quality', 'changed_days') }}

)

select distinct
    building_id,
    local_date

from changed_days

where taken
