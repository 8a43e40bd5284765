-- Loads whose readings are all new to core.
insert into {quality}.changed_days (load_id, building_id, local_date)
select distinct
    days.load_id,
    meters.building_id,
    days.local_date
from {quality}.accepted_days(:load_ids::uuid[], :zone) as days
inner join {quality}.meter_buildings as meters
    on
        days.meter_id = meters.meter_id
        and meters.since < {quality}.local_midnight(days.local_date + 1, :zone)
        and meters.until >= {quality}.local_midnight(days.local_date, :zone)
