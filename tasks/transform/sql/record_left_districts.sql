-- The days of districts in the features that have no building any more.
insert into {quality}.changed_days (district_id, local_date)
select distinct
    built.district_id,
    built.local_date
from {features}.ml_hourly_by_district as built
where built.district_id not in (
    select buildings.district_id from {quality}.building_districts as buildings
)
