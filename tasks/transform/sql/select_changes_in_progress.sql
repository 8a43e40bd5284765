with

changed as (

    select distinct
        building_id,
        local_date
    from {quality}.changed_days
    where taken

)

select
    count(building_id)
    + count(*) filter (where building_id is null) * (select count(*) from {core}.buildings) as building_days,
    coalesce(array_agg(distinct local_date), '{}') as days
from changed
