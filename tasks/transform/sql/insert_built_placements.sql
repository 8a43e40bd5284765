insert into {quality}.built_placements (meter_id, kind, interval_minutes, building_id, building_code, district_id)
select
    meter_id,
    kind,
    interval_minutes,
    building_id,
    building_code,
    district_id
from {quality}.meter_placements
