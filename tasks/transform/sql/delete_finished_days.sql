-- taken: a transform has been working on them. A day that is not over is built once more when it is.
with

finished as (

    delete from {quality}.changed_days
    where taken and local_date between :first and :last
    returning building_id, district_id, local_date

)

insert into {quality}.changed_days (building_id, district_id, local_date, not_before)
select distinct
    finished.building_id,
    finished.district_id,
    finished.local_date,
    {quality}.local_midnight(finished.local_date + 1, :zone)
from finished
where
    {quality}.local_midnight(finished.local_date + 1, :zone) > now()
    and not exists (
        select
        from {quality}.changed_days as waiting
        where
            not waiting.taken
            and waiting.not_before is not null
            and waiting.local_date = finished.local_date
            and waiting.building_id is not distinct from finished.building_id
            and waiting.district_id is not distinct from finished.district_id
    )
