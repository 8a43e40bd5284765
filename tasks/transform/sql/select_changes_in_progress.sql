-- A row without a building stands for all of them.
select
    local_date,
    count(distinct building_id)
    + count(*) filter (where building_id is null and district_id is null)
    * (select count(*) from {core}.buildings) as building_days
from {quality}.changed_days
where taken
group by local_date
