insert into {quality}.district_periods (building_id, since, district_id)
select
    buildings.id,
    wanted.since,
    wanted.district_id
from reference_district_periods as wanted
inner join {core}.buildings as buildings on wanted.building_code = buildings.external_code
inner join changed_periods as changed on buildings.id = changed.id and changed.table_name = 'buildings'
