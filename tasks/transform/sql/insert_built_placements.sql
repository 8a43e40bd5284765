insert into {quality}.built_placements (
    meter_id, kind, interval_minutes, building_id, building_code, district_id, since, until, register_digits,
    register_step
)
select
    meter_id,
    kind,
    interval_minutes,
    building_id,
    building_code,
    district_id,
    since,
    until,
    register_digits,
    register_step
from {quality}.meter_placements
