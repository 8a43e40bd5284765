-- Loads whose readings are all new to core.
insert into {quality}.changed_days (load_id, building_id, local_date)
select distinct
    days.load_id,
    itp.building_id,
    days.local_date
from {quality}.accepted_days(:load_ids::uuid[], :zone) as days
inner join {core}.meters as meters on days.meter_id = meters.id
inner join {core}.itp as itp on meters.itp_id = itp.id
